"""Short-axis cines as they come in: the grid of slices and phases, and what is none."""
