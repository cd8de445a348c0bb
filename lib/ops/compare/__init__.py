"""Two runs side by side: figures, valuations, and what moved."""
