"""The verdict of the screening reaches every processor of a batch before it starts."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest

from MedImageLib.batch import processors
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


@pytest.mark.usefixtures("in_process")
def test_others_can_screen_what_a_processor_works_on_and_nothing_else(
    tmp_path: Path, cases, monkeypatch
) -> None:
    import fake_processing
    import fake_screening

    first = fake_processing.PROCESSORS[0]
    only_ok = replace(first, accepts=lambda case: " ok" in case.files[0].read_text())
    monkeypatch.setattr(fake_processing, "PROCESSORS", (only_ok,))
    monkeypatch.setattr(fake_screening, "PROCESSORS", fake_screening.PROCESSORS[1:])
    monkeypatch.setattr(processors, "PROCESSING_MODULES", ("fake_screening", "fake_processing"))
    out, folder = tmp_path / "out", cases("ok", "calm")
    settings, modules = BatchSettings(workers=1), ("fake_processing",)
    plain = run_batch(folder, out, settings, modules=modules, stream=io.StringIO())
    assert sorted(row.state for row in plain) == ["done", "no processor"]
    rows = run_batch(folder, out, settings, modules=modules, stream=io.StringIO(), screening=True)
    assert sorted((row.processor, row.state, row.screens) for row in rows) == [
        ("", "no processor", False),
        ("anomaly", "done", True),
        ("fake", "done", False),
    ]
    (doubt,) = [row.text for row in rows if row.screens]
    assert doubt.startswith("The scan looks abnormal (score 2.00, threshold 1.00, fake)")


def test_of_other_packages_only_the_screening_comes_along() -> None:
    found = processors.find_processors(("fake_processing",), screening=True)
    assert {name: module for name, (module, _) in found.items()} == {
        "fake": "fake_processing",
        "anomaly": "MedImageMetricLib.processing",
    }
