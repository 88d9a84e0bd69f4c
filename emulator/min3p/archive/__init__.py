"""Somebody else's MIN3P runs as a training set: what is there, how it maps, what it teaches, with which constants.

Use:     ``calcisol archive DIR --propose MAP.toml``, then ``calcisol learn DIR --map MAP.toml --out learning.nc``
"""
