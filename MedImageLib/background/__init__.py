"""Long work in a process of its own, with progress, time left and a cancel that works."""
