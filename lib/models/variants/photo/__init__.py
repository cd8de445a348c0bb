"""Estimators that see photos beside the features, and what they see of them."""
