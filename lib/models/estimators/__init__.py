"""Estimators of log price behind one protocol, saved as text."""
