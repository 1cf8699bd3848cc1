"""Where the product's own files lie: models, terminology, templates.

The folder is the one named by the environment variable MEDIMAGE_RESOURCES, else `Resources`
beside the folder `MedImageLib`, as in the repository and in the installed extension, else the
one inside of it, as in a wheel.
"""

from __future__ import annotations

import os
from pathlib import Path

from MedImageLib.errors import MedImageError

RESOURCES_VARIABLE = "MEDIMAGE_RESOURCES"


class MissingResource(MedImageError):  # noqa: N818  (a name that says what happened)
    """A file of the product itself is not where the product looks for it."""


def resources_folder() -> Path:
    """The folder of the product's files; it need not exist."""
    named = os.environ.get(RESOURCES_VARIABLE)
    if named:
        return Path(named)
    library = Path(__file__).resolve().parent
    inside = library / "Resources"
    return inside if inside.is_dir() else library.parent / "Resources"


def resource_path(*parts: str) -> Path:
    """Path of an existing file or folder of the product, e.g. `("models", "lungs")`.

    Raises MissingResource when it is absent.
    """
    path = resources_folder().joinpath(*parts)
    if not path.exists():
        raise MissingResource(
            f"The resource {'/'.join(parts) or 'folder'} is not in {resources_folder()}. Install "
            f"the product with its Resources folder, or name the folder in {RESOURCES_VARIABLE}."
        )
    return path
