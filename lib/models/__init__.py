"""Estimators, folds, conformal intervals and metrics."""
