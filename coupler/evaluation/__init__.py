"""Comparison with field experiments and published totals."""
