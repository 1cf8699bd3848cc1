"""What a folder holds, as cases: series, single files, and studies of several series.

A case is known by the SHA256 of its content. Its folder name is made of modality, kind and hash
only, since file and folder names of hospitals often hold names of patients.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from MedImageLib.results import file_sha256

if TYPE_CHECKING:
    from MedImageLib.reading.scan import SeriesSummary
    from MedImageLib.scan_verdict import ScanVerdict

# A header and its pixels in two files: the hash must follow both.
_DETACHED_HEADERS = (".mhd", ".nhdr", ".hdr")


@dataclass(frozen=True)
class Case:
    """What a processor is asked to work on.

    sha256: of the content of all files. level: one series (or one file), or a whole study.
    modality: DICOM Modality of the series, joined by + for a study; empty when unknown.
    kind: `image`, `nrrd`, `png`, ... as in SeriesSummary, or `study`.
    series: one, or all of the study with its structure sets and the like. screened: verdicts of
    the screening on its images, by their SHA-256.
    """

    sha256: str
    level: Literal["series", "study"]
    modality: str
    kind: str
    series: tuple[SeriesSummary, ...]
    screened: Mapping[str, ScanVerdict] = field(default_factory=dict)

    @property
    def files(self) -> tuple[Path, ...]:
        return tuple(path for one in self.series for path in one.files)

    @property
    def study_key(self) -> str:
        """Hash that stands for the UID of its study; empty without one."""
        return self.series[0].study_key if self.series else ""

    @property
    def name(self) -> str:
        """Name of the case's folder: safe on every file system, without identity."""
        words = re.sub(r"[^A-Za-z0-9]+", "-", f"{self.modality or 'unknown'}-{self.kind}")
        return f"{words.strip('-')[:40]}-{self.sha256[:12]}"


@dataclass(frozen=True)
class Found:
    """cases: to be worked on. unreadable: files with the reason. copies: cases left out because
    another has the same content."""

    cases: tuple[Case, ...]
    unreadable: tuple[tuple[Path, str], ...] = ()
    copies: int = 0
    series_of_study: dict[str, tuple[str, ...]] = field(default_factory=dict)


def find_cases(folder: Path | str, leave_out: Path | None = None) -> tuple[Case, ...]:
    """Cases of a folder in stable order; see `scan_cases`. Raises InputError for the folder."""
    return scan_cases(folder, leave_out).cases


def scan_cases(folder: Path | str, leave_out: Path | None = None) -> Found:
    """Every image series and image file is a case; every DICOM study is one more.

    leave_out: a folder inside that holds results, not input.
    """
    from MedImageLib.reading.scan import scan_folder

    inside = None if leave_out is None else leave_out.resolve()
    return cases_of(
        one
        for one in scan_folder(folder)
        if inside is None or not one.files[0].resolve().is_relative_to(inside)
    )


def cases_of(series: Iterable[SeriesSummary]) -> Found:
    """Cases of series that were found already; see `scan_cases`."""
    summaries = list(series)
    readable = [one for one in summaries if one.kind != "unreadable"]
    digests = {id(one): _series_sha256(one) for one in readable}
    cases: dict[str, Case] = {}
    copies = 0
    for one in readable:
        # Structure sets, segmentations and the like belong to their study, not to themselves.
        if one.series_key and one.kind != "image":
            continue
        case = Case(digests[id(one)], "series", one.modality, one.kind, (one,))
        copies += case.sha256 in cases
        cases.setdefault(case.sha256, case)
    studies = defaultdict(list)
    for one in readable:
        if one.study_key:
            studies[one.study_key].append(one)
    series_of_study = {}
    for members in studies.values():
        if not any(one.kind == "image" for one in members):
            continue
        parts = sorted({digests[id(one)] for one in members})
        digest = hashlib.sha256("\n".join(["study", *parts]).encode()).hexdigest()
        modality = "+".join(sorted({one.modality for one in members if one.modality}))
        cases.setdefault(digest, Case(digest, "study", modality, "study", tuple(members)))
        series_of_study[digest] = tuple(parts)
    return Found(
        tuple(cases.values()),
        tuple((one.files[0], one.text) for one in summaries if one.kind == "unreadable"),
        copies,
        series_of_study,
    )


def of_studies(found: Found, with_series: bool = False) -> Found:
    """Its studies alone; with_series: and the series that they are made of."""
    parts = {part for parts in found.series_of_study.values() for part in parts}
    kept = [
        case
        for case in found.cases
        if case.level == "study" or (with_series and case.sha256 in parts)
    ]
    return replace(found, cases=tuple(kept))


def _series_sha256(series: SeriesSummary) -> str:
    """Digest of the files' content, whatever their names and order."""
    paths = set(series.files)
    for path in series.files:
        if path.suffix.lower() in _DETACHED_HEADERS:
            paths.update(p for p in path.parent.glob("*") if p.stem == path.stem and p.is_file())
    return hashlib.sha256("\n".join(sorted(map(file_sha256, paths))).encode()).hexdigest()
