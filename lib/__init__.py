"""What REML's commands call: wings that import downwards, each a few rooms of one idea."""
