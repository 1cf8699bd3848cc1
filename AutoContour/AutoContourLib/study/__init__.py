"""Studies: what they hold, and what is done with them."""
