"""The Python interface to libcalcisol."""
