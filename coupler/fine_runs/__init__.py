"""Fine, daily runs of the step itself, and the same runs on the layers and steps of land models: what the learned core learns."""
