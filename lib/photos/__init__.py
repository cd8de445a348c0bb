"""Photo bundles: reading hostile archives safely, plain pictures, which listing a photo shows."""
