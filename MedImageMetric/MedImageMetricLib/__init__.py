"""Radiograph image metric and normality: the algorithms, without Qt or Slicer."""
