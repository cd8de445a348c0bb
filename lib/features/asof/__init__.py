"""The as-of rule: what had happened before a date, as counts and windows."""
