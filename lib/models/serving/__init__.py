"""From saved models and features to valuations with comparables."""
