"""A contract drafted for an export that nobody has described."""
