"""A synthetic, seeded MLS feed: `generate` gives the bytes of every file and the hidden truth."""

from lib.demo.feed import Feed, generate

__all__ = ["Feed", "generate"]
