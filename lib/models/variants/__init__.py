"""One variant, with photos or without: its settings, its folder, its predictions."""
