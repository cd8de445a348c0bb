"""Which coordinates of listings cannot be: gaps, swapped, without sign, far from their ZIP."""
