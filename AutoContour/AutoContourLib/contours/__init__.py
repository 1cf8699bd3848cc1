"""Contours of organs on planning images, RTSTRUCT in and out, target contours and their review."""
