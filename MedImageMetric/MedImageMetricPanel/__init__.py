"""Sections of the panel of Image Metric: nodes and widgets, nothing is computed here."""
