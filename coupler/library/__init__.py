"""The Python face of libcalcisol."""
