"""What inputs and photos are worth: the same folds without them."""
