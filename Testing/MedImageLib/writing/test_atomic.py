"""Outputs appear whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from MedImageLib.errors import InputError
from MedImageLib.writing.atomic import finished_file, finished_folder


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


@pytest.mark.parametrize("name", ["a.json", "label.nii.gz", "no_suffix", "x.seg.nrrd"])
def test_file_appears_whole_with_the_suffixes_kept(tmp_path: Path, name: str) -> None:
    target = tmp_path / "new" / name
    with finished_file(target) as temporary:
        assert temporary.parent == target.parent
        assert temporary.suffixes == target.suffixes
        temporary.write_text("all")
        assert not target.exists()
    assert target.read_text() == "all"
    assert names(target.parent) == [name]


def test_existing_file_survives_an_error(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("before")
    with pytest.raises(ZeroDivisionError), finished_file(target) as temporary:  # noqa: PT012
        temporary.write_text("half")
        _ = 1 / 0
    assert target.read_text() == "before"
    assert names(tmp_path) == ["a.txt"]
    with finished_file(target) as temporary:
        temporary.write_text("after")
    assert target.read_text() == "after"


def test_a_writer_that_wrote_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Nothing was written"), finished_file(tmp_path / "a.txt"):
        pass
    assert names(tmp_path) == []
    with pytest.raises(InputError, match="folder"), finished_file(tmp_path):
        pass


def test_folder_appears_whole(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "out"
    with finished_folder(target) as temporary:
        (temporary / "a").write_text("1")
        assert not target.exists()
    assert names(target) == ["a"]
    assert names(target.parent) == ["out"]


def test_folder_with_content_is_refused_before_work(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()
    (target / "mine").write_text("1")
    entered = False
    with pytest.raises(InputError, match="exists"), finished_folder(target):
        entered = True
    assert not entered
    assert names(target) == ["mine"]


def test_folder_is_swapped_when_asked_and_kept_on_error(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()
    (target / "old").write_text("1")
    with pytest.raises(ZeroDivisionError), finished_folder(target, replace=True) as temporary:  # noqa: PT012
        (temporary / "half").write_text("1")
        _ = 1 / 0
    assert names(target) == ["old"]
    with finished_folder(target, replace=True) as temporary:
        (temporary / "new").write_text("1")
    assert names(target) == ["new"]
    assert names(tmp_path) == ["out"]


def test_folder_that_appeared_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    target = tmp_path / "out"
    with pytest.raises(InputError, match="exists"), finished_folder(target) as temporary:  # noqa: PT012
        (temporary / "b").write_text("1")
        target.mkdir()
        (target / "other").write_text("1")
    assert names(target) == ["other"]
    assert names(tmp_path) == ["out"]


def test_folder_target_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("1")
    with pytest.raises(InputError, match="is a file"), finished_folder(tmp_path / "out"):
        pass
