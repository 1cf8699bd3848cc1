"""The Python packages that the modules need inside of the application: what is missing, how large
it is, and installing it without touching what is there.

Everything that is installed already is a constraint for what comes: other extensions keep the
versions that they work with, and a conflict is told instead of forced.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from MedImageLib.background.progress import tell
from MedImageLib.errors import MedImageError

# Installed size in MB (Linux wheels, rounded up), so that nobody is surprised by a download.
SIZES_MB = {
    "SimpleITK": 275, "matplotlib": 30, "highdicom": 26, "pillow": 21, "nibabel": 9, "pydicom": 9,
    "pyjpegls": 9, "pylibjpeg-openjpeg": 7, "dask": 6, "distributed": 4, "safetensors": 2,
    "jinja2": 1, "jsonschema": 1, "pynetdicom": 3, "psutil": 1, "pylibjpeg": 1,
    "dicomweb-client": 1, "tornado": 5,
}  # fmt: skip
TORCH_MB = 700  # without a graphics card; several times that with one
_LOG_LINES = 6


class InstallError(MedImageError):
    """Packages could not be installed; nothing that was there has changed."""


@dataclass(frozen=True)
class PackageState:
    """missing: requirement lines that are not fulfilled. torch: whether it is there."""

    missing: tuple[str, ...]
    torch: bool

    @property
    def complete(self) -> bool:
        return self.torch and not self.missing

    @property
    def size_mb(self) -> int:
        """About what the missing ones take on the disk."""
        sizes = [SIZES_MB.get(name_of(line), 5) for line in self.missing]
        return sum(sizes) + (0 if self.torch else TORCH_MB)

    def in_words(self) -> str:
        """What a status line says."""
        if self.complete:
            return "All Python packages are installed."
        names = [name_of(line) for line in self.missing]
        if not self.torch:
            names.insert(0, "torch (by the extension PyTorch)")
        return f"Missing: {', '.join(names)}; about {self.size_mb} MB in all."


def package_state() -> PackageState:
    """What is there and what is not; nothing is imported."""
    missing = tuple(line for line in requirement_lines() if not _is_installed(line))
    return PackageState(missing, importlib.util.find_spec("torch") is not None)


def requirements_path() -> Path:
    """The list of packages, one a line; torch is not in it."""
    from MedImageLib.resources import resource_path

    return resource_path("requirements.txt")


def requirement_lines() -> list[str]:
    """The lines of the list that name a package."""
    lines = [line.strip() for line in requirements_path().read_text("utf-8").splitlines()]
    return [line for line in lines if line and not line.startswith(("#", "-"))]


def name_of(requirement: str) -> str:
    """
    >>> name_of("dask[distributed] >= 2025.1")
    'dask'
    """
    found = re.match(r"[A-Za-z0-9._-]+", requirement.strip())
    return found.group() if found else requirement


def install(requirements: Sequence[str], wheels: str = "") -> None:
    """Install packages beside those that are there; each line of the log is told as progress.

    wheels: folder with wheel files to install from instead of the network; empty for the network.
    Raises InstallError with the last lines of the log, for one when a package would need another
    version of something that is installed.
    """
    if not requirements:
        return
    with tempfile.TemporaryDirectory(prefix="medimage-") as folder:
        constraints = Path(folder) / "constraints.txt"
        constraints.write_text("\n".join(_installed(requirements)) + "\n", "utf-8")
        command = [
            sys.executable, "-m", "pip", "install", "--no-input", "--disable-pip-version-check",
            "--no-color", "--progress-bar=off", "--constraint", str(constraints),
            *(["--no-index", "--find-links", wheels] if wheels else []), *requirements,
        ]  # fmt: skip
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        )
        assert process.stdout is not None
        log: list[str] = []
        for line in process.stdout:
            log.append(line.strip())
            arrived = sum(text.startswith(("Collecting", "Processing")) for text in log)
            tell(arrived / (arrived + 2), log[-1])
        if process.wait():
            asked = ", ".join(requirements)
            raise InstallError(f"{asked} could not be installed. {_cause(log)}")
    importlib.invalidate_caches()


def _cause(log: Sequence[str]) -> str:
    """The lines of pip's log that tell why, else the last ones."""
    telling = [
        line.replace("The user requested (constraint)", "installed is")
        for line in log
        if line.startswith("ERROR") or " depends on " in line or "(constraint)" in line
    ]
    return " / ".join(telling or [line for line in log if line][-_LOG_LINES:])


def _installed(requirements: Sequence[str]) -> list[str]:
    """`name==version` of all that is installed, but for what is asked for."""
    asked = {_canonical(name_of(line)) for line in requirements}
    found = {}
    for one in importlib.metadata.distributions():
        name = one.metadata["Name"]
        if name and _canonical(name) not in asked:
            found[_canonical(name)] = f"{name}=={one.version}"
    return sorted(found.values())


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


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
