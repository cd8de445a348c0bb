"""Which days and photos have come, and which are missing."""
