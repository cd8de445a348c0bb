"""What valuations are worth: figures, tests, explanations, model cards."""
