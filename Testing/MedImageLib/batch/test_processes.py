"""Batches with real worker processes, real signals and a real scheduler."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from distributed import LocalCluster

from MedImageLib.batch import cluster
from MedImageLib.errors import SettingsError

FOLDER = Path(__file__).parent


def test_a_worker_that_dies_or_hangs_costs_its_own_case_only(tmp_path, cases, batch, calls) -> None:
    folder = cases("ok", "crash", "crash-once", "sleep 60", "error", "ok")
    rows = batch(folder, time_limit_s=2.0)
    failed = sorted(row.text for row in rows if row.is_failure)
    assert failed == [
        "<file 1>: cannot be used.",
        "the worker process died (out of memory, killed, or crashed in a library), 2 times",
        "time limit of 2 s",
    ]
    assert sum(row.state == "done" for row in rows) == 3
    # One more try for a death, none for an error or a time limit.
    assert sorted(calls()) == sorted(
        ["crash", "crash", "crash-once", "crash-once", "error", "ok", "ok", "sleep"]
    )
    assert not (tmp_path / "out" / ".work").exists()


def test_a_killed_batch_continues(tmp_path: Path, cases, batch, calls) -> None:
    folder, out = cases(*["sleep 0.4"] * 6), tmp_path / "out"
    script = (
        "import sys; from MedImageLib.batch.run import run_batch\n"
        "from MedImageLib.batch.settings import BatchSettings\n"
        "if __name__ == '__main__':\n"
        "    run_batch(sys.argv[1], sys.argv[2], BatchSettings(workers=1),\n"
        "        modules=('fake_processing',))\n"
    )
    (tmp_path / "script.py").write_text(script)
    process = subprocess.Popen(
        [sys.executable, tmp_path / "script.py", folder, out],
        env=os.environ | {"PYTHONPATH": str(FOLDER)},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    lines = [process.stderr.readline() for _ in range(2)]
    assert lines[0].startswith("1/6, about ")
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    process.stderr.close()
    _, alive = psutil.wait_procs(children, timeout=15)
    assert not alive
    first = len(calls())
    with sqlite3.connect(out / "ledger.sqlite") as connection:
        done = connection.execute("SELECT count(*) FROM tasks WHERE state = 'done'").fetchone()[0]
    connection.close()
    assert 2 <= done < 6
    rows = batch(folder)
    assert sorted(row.state for row in rows) == ["already done"] * done + ["done"] * (6 - done)
    assert len(calls()) == first + 6 - done
    assert len(list(out.glob("cases/*/fake/result.json"))) == 6
    assert not list(out.glob("cases/*/.*"))


def test_a_running_scheduler_does_the_work(cases, batch, monkeypatch: pytest.MonkeyPatch) -> None:
    with LocalCluster(n_workers=1, threads_per_worker=2, dashboard_address=None) as running:
        rows = batch(cases("ok", "ok", "error"), scheduler=running.scheduler_address)
    assert sorted(row.state for row in rows) == ["done", "done", "failed"]


def test_a_scheduler_that_does_not_answer_is_wrong_use(
    cases, batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "_CONNECT_TIMEOUT_S", 0.5)
    with pytest.raises(SettingsError, match="No Dask scheduler answers at tcp://127"):
        batch(cases("ok"), scheduler="tcp://127.0.0.1:1")
