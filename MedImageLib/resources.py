"""Where the product's own files lie: models, terminology, templates.

The folder is the one named by the environment variable MEDIMAGE_RESOURCES, else `Resources`
beside the folder `MedImageLib`, as in the repository and in the installed extension, else the
one inside of it, as in a wheel. Models that a user has brought in lie in a folder of the user's
own and come before those of the product that have the same name.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from MedImageLib.errors import MedImageError

RESOURCES_VARIABLE = "MEDIMAGE_RESOURCES"
MODELS_VARIABLE = "MEDIMAGE_MODELS"
_DESCRIPTION = "model.json"


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


def user_folder() -> Path:
    """The user's own folder of this product, at the usual place for data of a program; it need
    not exist."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "medimage"


def imported_models_folder() -> Path:
    """Where models lie that a user has brought in; it need not exist.

    The folder named by MEDIMAGE_MODELS, else `models` in the user's folder.
    """
    named = os.environ.get(MODELS_VARIABLE)
    return Path(named) if named else user_folder() / "models"


def installed_models() -> dict[str, Path]:
    """Folder of every model by name; an imported one hides that of the product."""
    found = {}
    for folder in (resources_folder() / "models", imported_models_folder()):
        for path in folder.glob(f"*/{_DESCRIPTION}"):
            if not path.parent.name.startswith("."):  # unfinished copies
                found[path.parent.name] = path.parent
    return dict(sorted(found.items()))


def model_path(name: str) -> Path:
    """Folder of a model by name. Raises MissingResource when there is none."""
    return installed_models().get(name) or resource_path("models", name)
