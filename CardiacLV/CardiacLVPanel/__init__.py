"""Sections of the panel of Cardiac LV: nodes and widgets, nothing is computed here."""
