"""Downloading exports and photos from a listing portal, lawfully and without gaps."""
