"""From estimates to valuations with comparables."""
