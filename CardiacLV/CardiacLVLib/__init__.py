"""Left ventricle from short-axis cine MR: the algorithms, without Qt or Slicer."""
