"""Exploratory analysis of staged listings: what is missing, odd, repeated, leaking, drifting."""
