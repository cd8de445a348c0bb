"""Kinds of trouble planted into a clean invented feed, and what became of each."""
