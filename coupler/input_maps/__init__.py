"""Maps, tables and masks of others, read onto the run's cells."""
