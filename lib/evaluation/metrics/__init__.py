"""Formulas of accuracy, coverage and ratio studies, and their bootstrap."""
