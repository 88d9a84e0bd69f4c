"""Land models: what each provides and receives, and their spin-up."""
