"""The verdict of the screening reaches every processor of a batch before it starts."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from MedImageLib.batch.run import Row, run_batch
from MedImageLib.batch.settings import BatchSettings
from MedImageLib.results import read_result
from MedImageLib.scan_verdict import ScanVerdict


def run(folder: Path, out: Path, modules: tuple[str, ...] = ("fake_screening",), **more) -> list:
    rows = run_batch(
        folder, out, BatchSettings(workers=2), modules=modules, stream=io.StringIO(), **more
    )
    return [row for row in rows if row.processor == "fake"]


def told(out: Path, row: Row) -> list[str]:
    return [remark.code for remark in read_result(out / row.folder).warnings]


def test_all_that_follow_wait_for_the_screening_and_are_told(tmp_path: Path, cases) -> None:
    out = tmp_path / "out"
    rows = run(cases("ok", "ok", "ok", "calm"), out)
    assert sorted(told(out, row) for row in rows) == [[]] + [["scan-abnormal"]] * 3


@pytest.mark.usefixtures("in_process")
def test_a_later_verdict_makes_a_result_anew_once(tmp_path: Path, cases, monkeypatch) -> None:
    import fake_screening

    out, folder = tmp_path / "out", cases("ok", "calm")
    with monkeypatch.context() as context:
        context.setattr(fake_screening, "PROCESSORS", fake_screening.FOLLOWING)
        assert [told(out, row) for row in run(folder, out)] == [[], []]
    rows = run(folder, out)
    # Of the normal scan there is nothing new to tell.
    assert sorted(row.state for row in rows) == ["already done", "done"]
    assert sorted(told(out, row) for row in rows) == [[], ["scan-abnormal"]]
    assert {row.state for row in run(folder, out)} == {"already done"}


@pytest.mark.usefixtures("in_process")
def test_verdicts_in_place_are_known_to_a_batch_without_screening(
    tmp_path: Path, cases, monkeypatch
) -> None:
    import fake_screening

    out, folder = tmp_path / "out", cases("ok")
    run(folder, out)
    monkeypatch.setattr(fake_screening, "PROCESSORS", fake_screening.FOLLOWING)
    (row,) = run(folder, out)
    assert row.state == "already done"
    assert told(out, row) == ["scan-abnormal"]


@pytest.mark.usefixtures("in_process")
def test_verdicts_of_elsewhere_can_be_named(tmp_path: Path, cases, monkeypatch) -> None:
    import fake_screening

    from MedImageLib.batch.cases import find_cases

    monkeypatch.setattr(fake_screening, "PROCESSORS", fake_screening.FOLLOWING)
    out, folder = tmp_path / "out", cases("ok")
    (case,) = find_cases(folder)
    unsure = ScanVerdict("unsure", 1.0, 2.0, 0.6, "fake")
    (row,) = run(folder, out, verdicts={case.sha256: unsure})
    assert told(out, row) == ["scan-unsure"]
