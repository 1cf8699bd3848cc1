"""The error hierarchy and the warnings that travel as data.

An error's message names the file or node, what was found, what was expected and what to do.
A `Remark` is an assumption, fallback or doubt that belongs in the result, never in a log alone.
"""

from __future__ import annotations

from dataclasses import dataclass


class MedImageError(Exception):
    """Base of every error that this product raises on purpose."""


class InputError(MedImageError):
    """A file or folder cannot be used: broken, hostile, too large, or of the wrong kind."""


class GeometryError(InputError):
    """Slices or grids do not form a volume in patient space."""


class SettingsError(MedImageError):
    """A setting is outside of its range or contradicts another."""


class ModelError(MedImageError):
    """A model file is absent, damaged or does not fit the network that its card describes."""


@dataclass(frozen=True)
class Remark:
    """A warning as data.

    code: stable, lower case, words joined by hyphens (`missing-slices`), for programs.
    text: one sentence for a person; holds no patient identity.
    """

    code: str
    text: str
