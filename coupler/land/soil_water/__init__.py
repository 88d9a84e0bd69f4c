"""Daily water of layered soil: infiltration, runoff, uptake, evaporation, percolation and capillary rise."""
