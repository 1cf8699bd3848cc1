"""Do every case of a folder once: plan, run, put in place, remember, summarize.

Finished results are moved into place by this process alone, so that a killed worker leaves
nothing behind and a killed batch continues where it was.
"""

from __future__ import annotations

import hashlib
import sys
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TextIO

from MedImageLib.batch.cases import Case, Found, scan_cases
from MedImageLib.batch.cluster import WorkerDied, open_client, run_tasks
from MedImageLib.batch.ledger import Ledger, OneRun
from MedImageLib.batch.placing import clear_leftovers, digests, owner, put_in_place
from MedImageLib.batch.processors import (
    PROCESSING_MODULES,
    Processor,
    find_processors,
    processor_version,
)
from MedImageLib.batch.progress import Progress
from MedImageLib.batch.settings import BatchSettings
from MedImageLib.batch.task import Outcome, Task, limit_mark, without_names
from MedImageLib.errors import SettingsError
from MedImageLib.results import RESULT_FILE
from MedImageLib.settings import settings_from_dict, settings_sha256

if TYPE_CHECKING:
    from MedImageLib.scan_verdict import ScanVerdict

State = Literal["done", "already done", "kept", "failed", "unreadable", "no processor"]
_TRIES = 2
_KEPT = {
    "approved": "approved by a person",
    "edited": "edited by a person",
    "unknown": "not known to the ledger",
}


@dataclass(frozen=True)
class Row:
    """How one case ended with one processor.

    folder: of the result, below the output folder; empty when there is none. text: why, in one
    line; of a screening, what it doubts. source: path of the first file, when names are allowed.
    screens: of the screening, which what follows does not depend on.
    """

    case: str
    processor: str
    state: State
    modality: str = ""
    kind: str = ""
    folder: str = ""
    seconds: float | None = None
    text: str = ""
    source: str = ""
    screens: bool = False

    @property
    def is_failure(self) -> bool:
        return self.state in ("failed", "unreadable")


def run_batch(
    folder: Path | str,
    out: Path | str,
    settings: BatchSettings = BatchSettings(),
    processor_settings: Mapping[str, Mapping[str, Any]] | None = None,
    modules: Sequence[str] = PROCESSING_MODULES,
    stream: TextIO | None = None,
    verdicts: Mapping[str, ScanVerdict] | None = None,
    screening: bool = False,
) -> tuple[Row, ...]:
    """Run every processor on every case that it accepts; give one row for each.

    Results lie in out/cases/CASE/PROCESSOR, the ledger in out/ledger.sqlite, the table in
    out/summary.csv and .html. processor_settings: values other than the defaults, by processor.
    stream: for progress, default stderr. verdicts: of an earlier screening, by SHA-256 of the
    image; those of this folder's own screening are known without. screening: images that a
    processor will work on are screened before, whatever package does that. One bad case never stops
    the rest. Raises SettingsError for wrong use, InputError when another batch writes there.
    """
    folder, out = Path(folder), Path(out).resolve()
    if not folder.is_dir():
        raise SettingsError(f"{folder}: no such folder. Name the folder that holds the images.")
    if folder.resolve() == out:
        raise SettingsError("The output folder is the input folder. Name another one.")
    return run_cases(
        lambda: scan_cases(folder, leave_out=out),
        out,
        settings,
        processor_settings,
        modules,
        stream,
        verdicts,
        screening,
    )


def run_cases(
    find: Callable[[], Found],
    out: Path | str,
    settings: BatchSettings = BatchSettings(),
    processor_settings: Mapping[str, Mapping[str, Any]] | None = None,
    modules: Sequence[str] = PROCESSING_MODULES,
    stream: TextIO | None = None,
    verdicts: Mapping[str, ScanVerdict] | None = None,
    screening: bool = False,
) -> tuple[Row, ...]:
    """As `run_batch`, on the cases that `find` gives once the output folder is held."""
    from MedImageLib.batch.summary import write_summary

    out = Path(out).resolve()
    processors = find_processors(modules, screening)
    chosen = chosen_settings(processors, processor_settings or {})
    stream = sys.stderr if stream is None else stream
    with OneRun(out):
        clear_leftovers(out / "cases", out / ".work")
        ledger = Ledger(out / "ledger.sqlite")
        try:
            batch = CaseWork(out, ledger, settings, processors, chosen, verdicts, screening)
            batch.plan(find())
            batch.run(stream)
        finally:
            ledger.close()
            clear_leftovers(out / "cases", out / ".work")
        rows = tuple(sorted(batch.rows, key=lambda row: (row.case, row.processor, row.text)))
        write_summary(out, rows)
    return rows


def chosen_settings(
    processors: Mapping[str, tuple[str, Processor]], given: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Settings by processor: the defaults with the given values. Raises SettingsError."""
    unknown = sorted(set(given) - set(processors))
    if unknown:
        raise SettingsError(
            f"No processor is named {', '.join(unknown)}. Known: {', '.join(processors) or 'none'}."
        )
    chosen = {name: processor.settings for name, (_, processor) in processors.items()}
    for name, values in given.items():
        if chosen[name] is None:
            raise SettingsError(f"Processor {name} has no settings.")
        chosen[name] = settings_from_dict(values, type(chosen[name]), name)
    return chosen


class CaseWork:
    """Work on one output folder: what is still to be done (`queue`), what waits for the screening
    (`waiting`, with the digests of the images), and the rows so far.

    for_others: only images that another processor works on are screened.
    """

    def __init__(
        self,
        out: Path,
        ledger: Ledger,
        settings: BatchSettings,
        processors: Mapping[str, tuple[str, Processor]],
        chosen: Mapping[str, Any],
        verdicts: Mapping[str, ScanVerdict] | None = None,
        for_others: bool = False,
    ) -> None:
        self.rows: list[Row] = []
        self.queue: deque[Task] = deque()
        self.waiting: list[tuple[Task, tuple[str, ...]]] = []
        self._verdicts = dict(verdicts or {})
        self._for_others = for_others
        self._tries: dict[tuple[str, str], int] = {}
        self._notes: list[str] = []
        self._out = out
        self._work = out / ".work" / uuid.uuid4().hex[:12]
        self._ledger = ledger
        self._settings = settings
        self._processors = processors
        self._chosen = chosen
        self._made_with = {
            name: {
                "processor_version": processor_version(processor),
                "settings_sha256": settings_sha256(chosen[name]),
            }
            for name, (_, processor) in processors.items()
        }

    def plan(self, found: Found) -> None:
        """Decide for every case and processor whether it is to be done."""
        if found.copies:
            self._notes.append(f"{found.copies} copies of other cases are left out")
        taken: set[str] = set()
        screening: list[Task] = []
        for case in found.cases:
            for name, (module, processor) in self._processors.items():
                task = self._task(module, name, case)
                try:
                    if not processor.accepts(case):
                        continue
                except Exception as error:
                    text = without_names(f"{type(error).__name__}: {error}", task)
                    self._tell(task, "failed", text=f"whether it fits cannot be told ({text})")
                    continue
                if processor.screens:
                    screening.append(task)
                    continue
                parts = (case.sha256, *found.series_of_study.get(case.sha256, ()))
                taken.update(parts)
                self.waiting.append((task, parts))
        if self._for_others:
            screening = [task for task in screening if task.case.sha256 in taken]
        for task in screening:
            taken.add(task.case.sha256)
            self._decide(task)
        if not self.queue:
            self.decide_waiting()
        for case in found.cases:
            if case.level == "series" and case.sha256 not in taken:
                self._tell(self._task("", "", case), "no processor")
        for number, (path, text) in enumerate(found.unreadable, start=1):
            names = self._settings.name_sources
            if not names:
                for name in (str(path), path.name):
                    text = text.replace(name, "the file")
            self.rows.append(
                Row(f"file {number}", "", "unreadable", text=text, source=str(path) * names)
            )

    def run(self, stream: TextIO) -> None:
        """Do what is to be done; what a person touched meanwhile is left alone."""
        progress = Progress(len(self.queue) + len(self.waiting), stream)
        for note in self._notes:
            progress.say(note)
        if not self.queue:
            return
        with open_client(self._settings.scheduler, self._settings.workers) as client:
            self._work_through(client, progress)
            before, decided = len(self.queue), len(self.waiting)
            self.decide_waiting()
            progress.left_out(decided - (len(self.queue) - before))
            self._work_through(client, progress)

    def decide_waiting(self) -> None:
        """Decide on what waited for the screening, whose verdicts are now in place."""
        for task, parts in self.waiting:
            screened = self._verdicts | self._screened(parts)
            self._decide(replace(task, case=replace(task.case, screened=screened)))
        self.waiting.clear()

    def _work_through(self, client: Any, progress: Progress) -> None:
        for task, outcome in run_tasks(client, self.queue, self.started):
            if isinstance(outcome, WorkerDied):
                outcome_or_none = self.died(task, outcome)
                if outcome_or_none is None:
                    self.queue.append(task)
                    continue
                outcome = outcome_or_none
            self.finished(task, outcome)
            row = self.rows[-1]
            progress.finished(f"{row.case} {row.processor}", row.text * row.is_failure)

    def _screened(self, parts: Sequence[str]) -> dict[str, ScanVerdict]:
        """Verdicts in place on the images of these digests, of whatever batch into this folder."""
        from MedImageLib.scan_verdict import BESIDE, read_verdicts

        pattern = f"*-{{}}/{BESIDE}/{RESULT_FILE}"
        found = (self._out / "cases").glob
        return read_verdicts(path for part in parts for path in found(pattern.format(part[:12])))

    def _doubt(self, task: Task) -> str:
        """What a screening in place says of an image that does not look normal; else nothing."""
        if not self._processors[task.processor][1].screens:
            return ""
        from MedImageLib.scan_verdict import read_verdicts

        found = read_verdicts([self._place(task) / RESULT_FILE]).values()
        return " ".join(remark.text for one in found if (remark := one.remark()))

    def _made(self, task: Task) -> dict[str, str]:
        """What a result of this task is made with; doubts about the scan belong to it."""
        made = self._made_with[task.processor]
        doubts = sorted({r.text for v in task.case.screened.values() if (r := v.remark())})
        if not doubts:
            return made
        text = "\n".join([made["settings_sha256"], *doubts])
        return made | {"settings_sha256": hashlib.sha256(text.encode()).hexdigest()}

    def _task(self, module: str, name: str, case: Case) -> Task:
        return Task(
            module,
            name,
            case,
            self._chosen.get(name),
            self._work / f"{case.name}-{name}",
            self._settings.time_limit_s,
            self._settings.name_sources,
            self._settings.memory_limit_mb,
        )

    def _place(self, task: Task) -> Path:
        return self._out / "cases" / task.case.name / task.processor

    def _decide(self, task: Task) -> None:
        digest, name = task.case.sha256, task.processor
        entry = self._ledger.entry(digest, name)
        place = self._place(task)
        coming = entry.next if entry else {}
        if coming and place.is_dir() and digests(place) == coming["files"]:
            # Killed after the result was moved into place, before that was written down.
            self._ledger.done(digest, name)
            entry = self._ledger.entry(digest, name)
        whose = owner(place, entry)
        fresh = entry is not None and {
            "processor_version": entry.processor_version,
            "settings_sha256": entry.settings_sha256,
        } == self._made(task)
        if whose in _KEPT:
            old = "" if fresh or entry is None else ", made with another version or settings"
            self._tell(task, "kept", text=f"{_KEPT[whose]}{old}; move it away to have it done")
        elif whose == "machine" and fresh and entry and self._settings.resume:
            # A later try with other settings may have failed; the result in place is still good.
            self._tell(task, "already done", entry.seconds, self._doubt(task))
        else:
            self.queue.append(task)

    def started(self, task: Task) -> None:
        """A task is about to be handed to a worker."""
        key = (task.case.sha256, task.processor)
        self._tries[key] = self._tries.get(key, 0) + 1
        folder = self._place(task).relative_to(self._out).as_posix()
        self._ledger.start(*key, folder, self._tries[key])

    def died(self, task: Task, death: WorkerDied) -> Outcome | None:
        """How a task ended whose process died; None when it is to be tried again."""
        mark = limit_mark(task.work)
        if mark.exists():
            seconds, _, reason = mark.read_text("utf-8").partition("\n")
            mark.unlink()
            return Outcome(float(seconds), reason)
        if self._tries[task.case.sha256, task.processor] < _TRIES:
            return None
        return Outcome(0.0, f"{death}, {_TRIES} times")

    def finished(self, task: Task, outcome: Outcome) -> None:
        """A task ended: its result is put in place, and a row tells how it went."""
        key = (task.case.sha256, task.processor)
        if outcome.error:
            self._ledger.failed(*key, outcome.error, outcome.details)
            self._tell(task, "failed", outcome.seconds, outcome.error)
            return
        place = self._place(task)
        whose = owner(place, self._ledger.entry(*key))
        if whose in _KEPT:
            text = f"{_KEPT[whose]} while the batch ran"
            self._ledger.failed(*key, text)
            self._tell(task, "kept", text=text)
            return
        coming = {"files": digests(task.work), "seconds": outcome.seconds}
        self._ledger.placing(*key, coming | self._made(task))
        put_in_place(task.work, place)
        self._ledger.done(*key)
        self._tell(task, "done", outcome.seconds, self._doubt(task))

    def forget(self, task: Task) -> None:
        """How often it was tried: only for those that work without an end."""
        self._tries.pop((task.case.sha256, task.processor), None)

    def _tell(self, task: Task, state: State, seconds: float | None = None, text: str = "") -> None:
        place = self._place(task) if task.processor else self._out / "none"
        first = str(task.case.files[0]) if self._settings.name_sources else ""
        self.rows.append(
            Row(
                case=task.case.name,
                processor=task.processor,
                state=state,
                modality=task.case.modality,
                kind=task.case.kind,
                folder=place.relative_to(self._out).as_posix() if place.is_dir() else "",
                seconds=seconds,
                text=text,
                source=first,
                screens=bool(task.processor) and self._processors[task.processor][1].screens,
            )
        )
