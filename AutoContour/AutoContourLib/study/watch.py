"""The watcher: every study that has arrived is processed once, without anybody asking.

A study still arriving is left alone until it is quiet. Failed ones are tried again later, then
parked with the reason and listed. Whatever kills the watcher, the next one goes on.
"""

from __future__ import annotations

import csv
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from AutoContourLib.study.expected_count import missing_instances
from AutoContourLib.study.source import ArrivedStudy, StudySource
from AutoContourLib.study.store import StudyRecord, StudyStore
from AutoContourLib.study.watch_settings import WatchSettings
from AutoContourLib.study.worker import StudyWorker, SurroundingsError, WorkDone
from MedImageLib.batch.ledger import OneRun
from MedImageLib.errors import InputError, MedImageError
from MedImageLib.writing.atomic import finished_file

STORE_FILE = "watch/studies.sqlite"
LIST_FILE = "studies.csv"
UNREADABLE_FILE = "unreadable.csv"


@dataclass(frozen=True)
class Clock:
    """Times and waiting, injected in tests."""

    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep


def watch(
    source: StudySource,
    worker: StudyWorker,
    out: Path,
    settings: WatchSettings | None = None,
    clock: Clock = Clock(),
    go_on: Callable[[], bool] = lambda: True,
    say: Callable[[str], None] = print,
) -> None:
    """Watch until `go_on` says no, or until all is done where `settings.once`.

    Raises InputError when another watcher writes into `out`.
    """
    settings = settings or WatchSettings()
    with OneRun(out / "watch"):
        store = StudyStore(out / STORE_FILE)
        try:
            while go_on():
                left = _round(source, worker, store, out, settings, clock, say)
                if settings.once and not left:
                    return
                clock.sleep(settings.poll_s)
        finally:
            store.close()


def _round(
    source: StudySource,
    worker: StudyWorker,
    store: StudyStore,
    out: Path,
    settings: WatchSettings,
    clock: Clock,
    say: Callable[[str], None],
) -> int:
    """Look once, process what is due; how many studies are still to come."""
    try:
        arrived = source.studies()
        left = 0
        for study in arrived:
            record = _noted(store, study)
            if record.state in ("done", "parked"):
                continue
            left += 1
            if study.quiet_s < settings.quiet_s or clock.now() < record.not_before:
                continue
            if study.quiet_s < settings.missing_s and _waits(study, record, store):
                continue
            if _process(study, record, worker, store, settings, clock, say):
                left -= 1
            _write_lists(out, store, source)
        _write_lists(out, store, source)
    except (OSError, sqlite3.Error, MedImageError) as error:
        # A full disk or a folder that is away: nothing is lost, the next round tries again.
        say(f"Waiting: {' '.join(str(error).split())}")
        return 1
    return left


def _noted(store: StudyStore, study: ArrivedStudy) -> StudyRecord:
    """The record of a study; one that changed since begins anew."""
    record = store.record(study.key)
    if record is None or record.fingerprint != study.fingerprint:
        folder = record.folder if record else ""
        record = StudyRecord(study.key, study.fingerprint, "waiting", folder=folder)
        store.put(record)
    return record


def _waits(study: ArrivedStudy, record: StudyRecord, store: StudyStore) -> bool:
    """Whether instances are missing that the study itself tells of; the list says so."""
    missing = missing_instances(study)
    reason = f"waiting for {missing} instances that the study tells of" if missing else ""
    if missing and record.reason != reason:
        store.put(replace(record, reason=reason))
    return missing > 0


def _process(
    study: ArrivedStudy,
    record: StudyRecord,
    worker: StudyWorker,
    store: StudyStore,
    settings: WatchSettings,
    clock: Clock,
    say: Callable[[str], None],
) -> bool:
    """Whether the study needs no more work."""
    store.put(replace(record, state="working"))
    name = study.key[:12]
    try:
        done = worker.process(study)
    except SurroundingsError as error:
        store.put(
            replace(
                record,
                state="waiting",
                reason=str(error),
                not_before=clock.now() + settings.retry_s,
            )
        )
        say(f"{name}: waiting, {error}")
        return False
    after = record_after(record, done, settings, clock.now())
    store.put(after)
    result = f"{done.folder} {done.doubt}".strip()
    words = {"done": f"done, {result}", "parked": f"parked, {done.error}"}
    say(f"{name}: {words.get(after.state, f'to be tried again, {done.error}')}")
    return after.state != "waiting"


def record_after(
    record: StudyRecord, done: WorkDone, settings: WatchSettings, now: float
) -> StudyRecord:
    """The record of a study that was worked on: done, to be tried again, or parked.

    now: epoch s.
    """
    if not done.error:
        folder = done.folder or record.folder
        return replace(record, state="done", reason=done.doubt, folder=folder)
    attempts = record.attempts + 1
    return replace(
        record,
        state="parked" if attempts >= settings.tries else "waiting",
        attempts=attempts,
        reason=done.error,
        # Each time longer: what failed by chance may pass.
        not_before=now + settings.retry_s * 2 ** (attempts - 1),
    )


def release_parked(out: Path) -> int:
    """Parked studies are to be tried again; how many. Raises InputError while a watcher runs."""
    with OneRun(out / "watch"):
        store = StudyStore(out / STORE_FILE)
        try:
            parked = [one for one in store.records() if one.state == "parked"]
            for one in parked:
                store.put(replace(one, state="waiting", attempts=0, not_before=0.0))
        finally:
            store.close()
    return len(parked)


def listed(out: Path) -> tuple[str, ...]:
    """A line for every study and every unreadable file that the watcher knows of, failed first.

    Raises InputError where no watcher has worked.
    """
    try:
        with (out / LIST_FILE).open(newline="", encoding="utf-8") as stream:
            studies = list(csv.DictReader(stream))
        with (out / UNREADABLE_FILE).open(newline="", encoding="utf-8") as stream:
            files = list(csv.DictReader(stream))
    except OSError as error:
        raise InputError(
            f"{out}: no list of studies ({error.strerror}); name the folder that a watcher writes."
        ) from error
    order = ("parked", "waiting", "working", "done")
    studies.sort(key=lambda row: (order.index(row["state"]), row["key"]))
    lines = [
        f"{row['state']:8} {row['key'][:12]} {row['folder']} {row['reason']}".rstrip()
        for row in studies
    ]
    return (*lines, *(f"unreadable {row['file']} {row['reason']}" for row in files))


def _write_lists(out: Path, store: StudyStore, source: StudySource) -> None:
    """studies.csv: every study with its state; unreadable.csv: files that belong to none."""
    names = [f.name for f in fields(StudyRecord) if f.name not in ("fingerprint", "not_before")]
    rows = [{k: v for k, v in asdict(one).items() if k in names} for one in store.records()]
    _write_csv(out / LIST_FILE, names, rows)
    files = [{"file": path.name, "reason": text} for path, text in source.unreadable()]
    _write_csv(out / UNREADABLE_FILE, ["file", "reason"], files)


def _write_csv(path: Path, names: list[str], rows: Sequence[Mapping[str, object]]) -> None:
    with (
        finished_file(path) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as stream,
    ):
        writer = csv.DictWriter(stream, fieldnames=names)
        writer.writeheader()
        writer.writerows(rows)
