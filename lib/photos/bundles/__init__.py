"""Photo bundles to albums: safe unpacking, whose photo it is, what was withheld."""
