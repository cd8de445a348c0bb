"""Listings: contract, reading, staging rules, typed values."""
