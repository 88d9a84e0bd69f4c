"""``calcisol ensemble --weather``: columns with roots, evaporation and daily rain, simulated by the user's MIN3P, a file each."""
