"""Which home a listing is of: addresses in standard form, and keys."""
