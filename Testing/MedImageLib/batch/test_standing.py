"""Cases handed over one by one to real workers that are killed, forget nothing and stay."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from MedImageLib.batch.cases import Found, scan_cases
from MedImageLib.batch.ledger import Ledger
from MedImageLib.batch.run import Row
from MedImageLib.batch.settings import BatchSettings
from MedImageLib.batch.standing import StandingBatch
from MedImageLib.errors import InputError
from MedImageLib.results import read_result

MODULES = ("fake_processing",)
PATIENCE_S = 240.0


def one_by_one(folder: Path) -> list[Found]:
    found = scan_cases(folder)
    return [replace(found, cases=(case,)) for case in found.cases]


def ends_of(batch: StandingBatch, count: int) -> dict[str, tuple[Row, ...]]:
    done: dict[str, tuple[Row, ...]] = {}
    end = time.monotonic() + PATIENCE_S
    while len(done) < count:
        assert time.monotonic() < end, "waited in vain"
        done |= batch.finished()
        time.sleep(0.05)
    return done


def test_cases_come_and_go_and_a_kill_costs_a_try(
    tmp_path: Path, cases: Callable[..., Path], calls: Callable[[], list[str]]
) -> None:
    folder, out = cases("ok", "error", "crash-once"), tmp_path / "out"
    settings = BatchSettings(workers=2)
    with StandingBatch(out, settings, modules=MODULES) as batch:
        with pytest.raises(InputError, match="another"), StandingBatch(out, settings):
            pass
        ended: dict[str, tuple[Row, ...]] = {}
        waiting = {found.cases[0].sha256: found for found in one_by_one(folder)}
        names = list(waiting)
        end = time.monotonic() + PATIENCE_S
        while len(ended) < len(names):
            assert time.monotonic() < end, "waited in vain"
            while waiting and batch.room() > 0:
                name, found = waiting.popitem()
                assert not batch.knows(found.cases[0])
                assert batch.begin(name, found) is None
            ended |= batch.finished()
            time.sleep(0.05)
        told = sorted(f"{row.state} {row.text}".strip() for rows in ended.values() for row in rows)
        assert told == [
            "done",
            "done",
            "failed <file 1>: cannot be used.",
        ]
        # What is done is known at once, without a worker.
        good = next(one for one in one_by_one(folder) if " ok" in one.cases[0].files[0].read_text())
        assert [row.state for row in batch.begin("again", good) or ()] == ["already done"]
        assert sorted(calls()).count("crash-once") == 2
        assert not list(out.glob(".work/*/*"))


def test_all_processes_killed_the_next_case_is_done(
    tmp_path: Path, cases: Callable[..., Path]
) -> None:
    first, second = one_by_one(cases("sleep 60", "ok"))
    if "sleep" not in first.cases[0].files[0].read_text():
        first, second = second, first
    with StandingBatch(tmp_path / "out", BatchSettings(workers=1), modules=MODULES) as batch:
        assert batch.room() == 1
        assert batch.begin("slow", first) is None
        assert batch.room() == 0
        for child in psutil.Process().children(recursive=True):
            if "resource_tracker" not in " ".join(child.cmdline()):
                os.kill(child.pid, signal.SIGKILL)
        end = time.monotonic() + PATIENCE_S
        while batch.room() == 0 or batch.in_work:
            assert time.monotonic() < end, "waited in vain"
            batch.finished()
            time.sleep(0.05)
        assert batch.begin("quick", second) is None
        [row] = ends_of(batch, 1)["quick"]
        assert row.state == "done"


def test_memory_over_the_limit_ends_the_process_with_the_reason(
    tmp_path: Path, cases: Callable[..., Path]
) -> None:
    # No process of Python holds so little.
    (found,) = one_by_one(cases("sleep 60"))
    settings = BatchSettings(workers=1, memory_limit_mb=10)
    with StandingBatch(tmp_path / "out", settings, modules=MODULES) as batch:
        assert batch.room() == 1
        batch.begin("large", found)
        [row] = ends_of(batch, 1)["large"]
    assert row.text == "memory limit of 10 MB"


def test_what_follows_waits_for_the_screening_of_its_own_case(
    tmp_path: Path, cases: Callable[..., Path]
) -> None:
    (found,), out = one_by_one(cases("ok")), tmp_path / "out"
    modules = ("fake_screening",)
    with StandingBatch(out, BatchSettings(workers=1), modules=modules) as batch:
        assert batch.room() == 1
        assert batch.begin("one", found) is None
        rows = {row.processor: row for row in ends_of(batch, 1)["one"]}
        assert {name: row.state for name, row in rows.items()} == {
            "anomaly": "done",
            "fake": "done",
        }
        assert "looks abnormal" in rows["anomaly"].text
        told = read_result(out / rows["fake"].folder).warnings
        assert [remark.code for remark in told] == ["scan-abnormal"]
        # Known at once, with the doubt.
        again = {row.processor: row for row in batch.begin("again", found) or ()}
        assert {row.state for row in again.values()} == {"already done"}
        assert again["anomaly"].text == rows["anomaly"].text


def test_a_case_that_cannot_be_planned_leaves_nothing_to_the_next(
    tmp_path: Path, cases: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = one_by_one(cases("ok", "ok"))
    settings, modules = BatchSettings(workers=1), ("fake_screening",)
    with StandingBatch(tmp_path / "out", settings, modules=modules) as batch:
        assert batch.room() == 1

        def full(*_: object) -> None:
            raise OSError("No space left on device")

        with monkeypatch.context() as broken:
            broken.setattr(Ledger, "entry", full)
            with pytest.raises(OSError, match="No space"):
                batch.begin("first", first)
        assert batch.begin("second", second) is None
        rows = ends_of(batch, 1)["second"]
        assert {row.case for row in rows} == {second.cases[0].name}
        assert sorted(row.processor for row in rows) == ["anomaly", "fake"]
