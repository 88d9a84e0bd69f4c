"""The driver's own land model: water, temperature, respiration, nitrogen, history."""
