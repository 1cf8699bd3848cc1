"""Two images of one patient brought together: offset, fusion, and how much the body changed."""
