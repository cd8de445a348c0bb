"""Raw exports read without losing a row: clean, duplicate or quarantined."""
