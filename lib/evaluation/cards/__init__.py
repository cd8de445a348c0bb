"""Model cards: what a variant is for, its figures, its limits."""
