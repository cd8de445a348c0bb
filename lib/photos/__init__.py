"""Photos of listings, from hostile archives to numbers."""
