"""Is this scan normal? Chapter 2: autoencoder → likelihood → scores → screening."""
