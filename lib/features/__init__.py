"""Features that never look ahead of a row's as_of date."""
