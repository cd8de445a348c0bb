"""Exploratory analysis of staged listings: gaps, spread, outliers, leaks, drift."""
