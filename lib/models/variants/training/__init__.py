"""Fitting one variant in time order: out-of-fold predictions, level, curves, its folder."""
