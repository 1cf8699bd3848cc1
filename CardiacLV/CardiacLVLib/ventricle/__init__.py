"""Where the left ventricle lies and its cavity and wall on every plane."""
