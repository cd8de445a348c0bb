"""Plots as SVG text; equal figures give equal bytes."""
