"""What had happened before a date: the rule itself, as windows and searches."""
