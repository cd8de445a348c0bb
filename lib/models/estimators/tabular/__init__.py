"""Estimators that see no photos."""
