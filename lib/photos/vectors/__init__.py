"""Photos to vectors: encoders, their weights, batches and a cache."""
