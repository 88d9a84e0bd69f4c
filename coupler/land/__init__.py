"""The driver's own land: water, temperature, respiration, nitrogen, history."""
