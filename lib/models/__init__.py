"""Fitting, blending and calibrating models of log price, and serving them."""
