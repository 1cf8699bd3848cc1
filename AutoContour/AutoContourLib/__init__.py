"""Radiotherapy studies processed before anyone asks: the algorithms, without Qt or Slicer."""
