"""Land models: what each gives and takes, and their spin-up."""
