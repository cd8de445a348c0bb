"""Which closed sales are evidence of market value, each with a reason."""
