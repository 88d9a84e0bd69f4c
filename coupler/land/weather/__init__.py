"""Weather by the day: from files of the user, or made from a monthly climatology."""
