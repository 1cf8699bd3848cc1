"""A folder of cases, and what the fake processor was asked to do."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from MedImageLib.batch import run as run_module
from MedImageLib.batch.run import Row, run_batch
from MedImageLib.batch.settings import BatchSettings
from MedImageLib.batch.task import run_task

MODULES = ("fake_processing",)


@pytest.fixture(autouse=True)
def fake_module(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The fake processor can be imported here and in worker processes, and logs its calls."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    monkeypatch.setenv("FAKE_LOG", str(tmp_path / "log.txt"))


@pytest.fixture
def calls(tmp_path: Path) -> Callable[[], list[str]]:
    log = tmp_path / "log.txt"
    return lambda: log.read_text().split() if log.exists() else []


@pytest.fixture
def cases(tmp_path: Path) -> Callable[..., Path]:
    """Makes a folder with one file per word, named after a patient as they are in practice."""

    def make(*words: str, subfolder: str = "in") -> Path:
        folder = tmp_path / subfolder
        folder.mkdir(exist_ok=True)
        for number, word in enumerate(words):
            name = f"DOE^JOHN {number} {word.split()[0]}.nrrd"
            (folder / name).write_text(f"NRRD0004 {word}\n{number}")
        return folder

    return make


@pytest.fixture
def batch(tmp_path: Path) -> Callable[..., tuple[Row, ...]]:
    """Runs the batch with real worker processes."""

    def go(
        folder: Path, processor_settings: Mapping[str, Any] | None = None, **settings: Any
    ) -> tuple[Row, ...]:
        chosen = BatchSettings(**({"workers": 2} | settings))
        return run_batch(
            folder, tmp_path / "out", chosen, processor_settings, MODULES, io.StringIO()
        )

    return go


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks run here, one after the other: for tests of what is decided, not of processes."""

    @contextmanager
    def no_client(*_: Any) -> Iterator[None]:
        yield None

    def one_by_one(_: Any, tasks: Any, started: Any) -> Iterator[Any]:
        while tasks:
            task = tasks.popleft()
            started(task)
            yield task, run_task(task)

    monkeypatch.setattr(run_module, "open_client", no_client)
    monkeypatch.setattr(run_module, "run_tasks", one_by_one)
