"""Who processes a study. The embedded worker runs it as a case of a batch, in processes of its
own, with the batch's ledger; a cluster or a remote server can stand in.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from AutoContourLib.study.source import ArrivedStudy
from MedImageLib.batch.cases import Found, cases_of, of_studies
from MedImageLib.batch.run import Row, run_cases
from MedImageLib.batch.settings import BatchSettings
from MedImageLib.errors import MedImageError

MODULES = ("AutoContourLib.processing",)
UNFIT = "nothing in the study can be processed; a CT series is needed"
# Not the study's fault: such a failure is never counted against it.
_SURROUNDINGS = ("No space left on device", "Disk quota exceeded", "database or disk is full")


class SurroundingsError(MedImageError):
    """The machine could not work: no disk space, no output folder, no cluster."""


@dataclass(frozen=True)
class WorkDone:
    """folder: of the result below the output folder, or empty. error: why not, or empty. doubt:
    what the screening says of images that do not look normal, or why they were not screened."""

    folder: str = ""
    error: str = ""
    doubt: str = ""


class StudyWorker(Protocol):
    """Processes studies."""

    def process(self, study: ArrivedStudy) -> WorkDone:
        """Process a study to its end, or say why not.

        Raises SurroundingsError when the study is not to blame.
        """
        ...


@dataclass(frozen=True)
class BatchWorker:
    """Runs AutoContour's processors on the study; results lie in out/cases.

    screening: its images are screened before, see `run_cases`.
    """

    out: Path
    settings: BatchSettings = BatchSettings()
    processor_settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    modules: Sequence[str] = MODULES
    screening: bool = False

    def process(self, study: ArrivedStudy) -> WorkDone:
        def find() -> Found:
            return of_studies(cases_of(study.series), with_series=self.screening)

        try:
            rows = run_cases(
                find,
                self.out,
                self.settings,
                self.processor_settings,
                self.modules,
                io.StringIO(),
                screening=self.screening,
            )
        except (OSError, MedImageError) as error:
            raise SurroundingsError(" ".join(str(error).split())) from error
        return work_done(rows)


def work_done(rows: Sequence[Row]) -> WorkDone:
    """How a study ended, of the rows of its batch. Raises SurroundingsError when it is not to
    blame."""
    failed = [row for row in rows if row.is_failure]
    if any(text in row.text for row in failed for text in _SURROUNDINGS):
        raise SurroundingsError(failed[0].text)
    doubts = [
        f"{row.case}: {'not screened: ' if row.is_failure else ''}{row.text}"
        for row in rows
        if row.screens and row.text
    ]
    rows = [row for row in rows if not row.screens]
    # What could not be screened is processed all the same.
    failed = [row for row in rows if row.is_failure]
    folders = [row.folder for row in rows if row.folder]
    if failed:
        return WorkDone(error="; ".join(row.text for row in failed))
    if all(row.state == "no processor" for row in rows):
        return WorkDone(error=UNFIT)
    return WorkDone(folders[0] if folders else "", doubt="; ".join(doubts))
