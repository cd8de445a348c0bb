"""Gold samples: a few raw rows that show every trait of a feed."""
