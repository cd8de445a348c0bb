"""A synthetic, seeded MLS feed: `generate_feed` gives every file and the hidden truth."""

from lib.demo.feed import Feed, generate_feed

__all__ = ["Feed", "generate_feed"]
