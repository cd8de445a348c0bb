"""Staged text to typed tables, with an as_of date for each listing."""
