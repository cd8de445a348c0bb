"""Valuing homes on request."""
