"""Packages: what is missing is told, pip really installs from a folder, what is there stays."""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import zipfile
from pathlib import Path

import pytest

from MedImageLib import packages
from MedImageLib.background.progress import listening

NAME = "medimage_thing_for_a_test"


def wheel(folder: Path, version: str = "1.2", needs: str = "") -> None:
    """A wheel file of one module, with all that a wheel must have."""
    info = f"{NAME}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {version}\n"
    if needs:
        metadata += f"Requires-Dist: {needs}\n"
    files = {
        f"{NAME}.py": f"VERSION = {version!r}\n",
        f"{info}/METADATA": metadata,
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\n"
        "Tag: py3-none-any\n",
    }
    record = ""
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f"{NAME}-{version}-py3-none-any.whl", "w") as archive:
        for path, text in files.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
            record += f"{path},sha256={digest.decode()},{len(text)}\n"
            archive.writestr(path, text)
        archive.writestr(f"{info}/RECORD", record + f"{info}/RECORD,,\n")


@pytest.fixture
def target(tmp_path, monkeypatch) -> Path:
    """Where pip installs to, in place of this environment."""
    monkeypatch.setenv("PIP_TARGET", str(tmp_path / "target"))
    return tmp_path / "target"


def test_a_package_comes_from_a_folder_and_the_log_is_told(tmp_path, target):
    wheel(tmp_path / "wheels")
    told = []
    with listening(lambda share, what: told.append((share, what))):
        packages.install([f"{NAME}>=1.0"], str(tmp_path / "wheels"))
    assert "1.2" in (target / f"{NAME}.py").read_text()
    assert any("Successfully installed" in what for _, what in told)
    assert all(0 <= share < 1 for share, _ in told)


def test_nothing_that_is_installed_is_exchanged(tmp_path, target):
    wheel(tmp_path / "wheels", needs="numpy<1.0")
    with pytest.raises(packages.InstallError, match=NAME) as told:
        packages.install([f"{NAME}>=1.0"], str(tmp_path / "wheels"))
    assert "numpy" in str(told.value)
    assert not (target / f"{NAME}.py").exists()


def test_an_empty_folder_is_told_with_the_name_of_the_package(tmp_path, target):
    with pytest.raises(packages.InstallError, match=NAME):
        packages.install([NAME], str(tmp_path))


def test_what_is_missing_is_told_with_its_size(monkeypatch):
    real = importlib.metadata.version

    def version(name):
        if name == "nibabel":
            raise importlib.metadata.PackageNotFoundError(name)
        return {"highdicom": "0.22.0"}.get(name) or real(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    state = packages.package_state()
    assert {packages.name_of(line) for line in state.missing} == {"highdicom", "nibabel"}
    assert not state.complete
    assert state.size_mb == packages.SIZES_MB["highdicom"] + packages.SIZES_MB["nibabel"]
    assert f"{state.size_mb} MB" in state.in_words()


def test_every_package_of_the_list_has_a_size():
    assert {packages.name_of(line) for line in packages.requirement_lines()} == set(
        packages.SIZES_MB
    )


def test_without_torch_the_extension_is_named():
    state = packages.PackageState((), torch=False)
    assert "by the extension PyTorch" in state.in_words()
    assert state.size_mb == packages.TORCH_MB
