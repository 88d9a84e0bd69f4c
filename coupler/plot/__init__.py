"""A field plot from one file: its soil, its history, its readings beside those of the model."""
