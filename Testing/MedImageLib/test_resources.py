"""The product finds its own files."""

from __future__ import annotations

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
