"""Generators of code and pages from the contract, one file a format; see ``variables_to_code.py``."""
