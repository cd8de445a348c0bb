"""Which rows teach and which test: splits in time, or by groups of homes."""
