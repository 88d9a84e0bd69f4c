"""The world and the compiled engine of ``calcisol explain``."""
