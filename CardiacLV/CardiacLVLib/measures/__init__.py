"""Numbers from label maps: indices, phases, function, and what contradicts them."""
