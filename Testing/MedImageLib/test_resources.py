"""The product finds its own files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from MedImageLib.resources import RESOURCES_VARIABLE, MissingResource, resource_path


def test_folder_beside_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(RESOURCES_VARIABLE, raising=False)
    assert resource_path("terminology").is_dir()


def test_named_folder_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.json").write_text("{}")
    monkeypatch.setenv(RESOURCES_VARIABLE, str(tmp_path))
    assert resource_path("a", "b.json") == tmp_path / "a" / "b.json"
    with pytest.raises(MissingResource, match=r"a/c\.json.*" + RESOURCES_VARIABLE):
        resource_path("a", "c.json")


def test_a_wheel_carries_the_files_along(tmp_path: Path) -> None:
    pytest.importorskip("setuptools")
    root = Path(__file__).resolve().parents[2]
    build = [sys.executable, "setup.py", "-q", "build_py", "--build-lib", str(tmp_path)]
    subprocess.run(build, cwd=root, check=True, capture_output=True)
    where = "from MedImageLib.resources import resource_path; print(resource_path('schemas'))"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    environment.pop(RESOURCES_VARIABLE, None)
    found = subprocess.run(
        [sys.executable, "-c", where],
        cwd=tmp_path,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    assert Path(found.stdout.strip()) == tmp_path / "MedImageLib" / "Resources" / "schemas"
