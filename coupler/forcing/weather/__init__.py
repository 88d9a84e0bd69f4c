"""Weather by the day from files of the user."""
