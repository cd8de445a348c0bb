"""From raw exports to typed, screened tables of listings."""
