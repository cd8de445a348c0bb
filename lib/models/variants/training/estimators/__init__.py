"""Estimators of log price that see no photos, behind one protocol, saved as text."""
