"""Held against field experiments and published totals."""
