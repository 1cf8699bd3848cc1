"""Sections of the panel of Auto Contour: nodes and widgets, nothing is computed here."""
