"""The command `medimage` inside of the application, and the packages that the application lacks.

As a script: `Slicer --no-splash --no-main-window --python-script MedImageLib/in_slicer.py --
COMMAND …` does what `medimage COMMAND …` does, and ends the application with its exit code.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def run_command(words: Sequence[str]) -> int:
    """Run `medimage` with these words and return its exit code, whatever happens.

    Slicer hands over what follows its own options; a first `--` may still be among it.
    """
    words = list(words)[1:] if list(words[:1]) == ["--"] else list(words)
    try:
        from MedImageLib.__main__ import main

        return main(words)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except ModuleNotFoundError as error:
        print(
            f"medimage: the package {error.name} is missing. Open one of the modules in the "
            "application once and press Apply: it installs what is needed.",
            file=sys.stderr,
        )
        return 1
    except Exception as error:
        # An uncaught error would leave the application running, and a batch waiting for it.
        print(f"medimage: {type(error).__name__}: {error}", file=sys.stderr)
        return 1


def ensure_packages(requester: str) -> None:
    """Install what the application lacks, after asking the person in front of it.

    requester: name of the module that asks. torch comes through the extension PyTorch, which
    chooses the variant for the machine; the rest of the list in `Resources/requirements.txt` by
    the application's own installer. Never called at import.

    Raises RuntimeError when the person declines or a package cannot be installed.
    """
    import slicer

    _ensure_torch()
    path = requirements_path()
    if importlib.util.find_spec("slicer.packaging") is not None:
        packaging = importlib.import_module("slicer.packaging")
        packaging.pip_ensure(packaging.load_requirements(str(path)), requester=requester)
        return
    # Slicer 5.10 has no such module.
    missing = [line for line in requirement_lines() if not _is_installed(line)]
    if missing and not slicer.util.confirmOkCancelDisplay(
        f"{requester} needs these Python packages: {', '.join(missing)}. Install them now?"
    ):
        raise RuntimeError(f"{requester} cannot run without {', '.join(missing)}.")
    for requirement in missing:
        slicer.util.pip_install([requirement])


def requirements_path() -> Path:
    """The list of packages, one a line; torch is not in it."""
    from MedImageLib.resources import resource_path

    return resource_path("requirements.txt")


def requirement_lines() -> list[str]:
    """The lines of the list that name a package."""
    lines = [line.strip() for line in requirements_path().read_text("utf-8").splitlines()]
    return [line for line in lines if line and not line.startswith(("#", "-"))]


def _ensure_torch() -> None:
    if importlib.util.find_spec("torch") is not None:
        return
    try:
        utilities: Any = importlib.import_module("PyTorchUtils")
    except ModuleNotFoundError as error:
        raise RuntimeError(
            "PyTorch is not installed. Install the extension PyTorch in the Extensions Manager, "
            "restart the application and try again."
        ) from error
    if utilities.PyTorchUtilsLogic().installTorch(askConfirmation=True) is None:
        raise RuntimeError("PyTorch is needed for this and was not installed.")


def _is_installed(requirement: str) -> bool:
    name, _, wanted = requirement.partition(">=")
    try:
        installed = importlib.metadata.version(name.strip())
    except importlib.metadata.PackageNotFoundError:
        return False
    return _release(installed) >= _release(wanted)


def _release(version: str) -> tuple[int, ...]:
    found = re.match(r"\d+(\.\d+)*", version.strip())
    return tuple(map(int, found.group().split("."))) if found else ()


if __name__ == "__main__":
    # Run from the sources, the packages lie beside this folder and not on the path.
    root = Path(sys.argv[0]).resolve().parents[1]
    for folder in (root, *(root / name for name in ("MedImageMetric", "CardiacLV", "AutoContour"))):
        if folder.is_dir() and str(folder) not in sys.path:
            sys.path.append(str(folder))
    sys.exit(run_command(sys.argv[1:]))
