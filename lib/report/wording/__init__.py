"""Numbers and sentences of the pages."""
