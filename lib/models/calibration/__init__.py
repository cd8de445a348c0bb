"""Conformal intervals, confidence and abstention."""
