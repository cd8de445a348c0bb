"""Estimators that see photos beside the features."""
