"""Which rows are for training and which for the test: splits in time, or by groups of homes."""
