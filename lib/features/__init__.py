"""Inputs of a valuation, one file a kind, none of them later than the as_of date."""
