"""Blends: weighted means of variants."""
