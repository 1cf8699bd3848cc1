"""One report as one HTML file: pictures inside it, nothing loaded from anywhere, prints on A4.

All text is escaped, since names of labels and remarks may come from files. A state is told by
sign and word, never by color alone.
"""

from __future__ import annotations

import base64
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from MedImageLib.errors import Remark
from MedImageLib.resources import resource_path
from MedImageLib.results import (
    NOTICE,
    Measurement,
    ModelUsed,
    QualityFlag,
    Result,
    Software,
    Timing,
)
from MedImageLib.writing.atomic import finished_file

if TYPE_CHECKING:
    from jinja2 import Template

_UNITS = {
    "1": "",
    "mm2": "mm²",
    "mm3": "mm³",
    "cm2": "cm²",
    "cm3": "cm³",
    "deg": "°",
    "[hnsf'U]": "HU",
    "g/ml{SUVbw}": "g/mL (SUV)",
    "/min": "1/min",
    "{px}": "pixels",
    "{px}2": "pixels²",
}


@dataclass(frozen=True)
class Picture:
    """A PNG with its caption.

    alt: what is seen, for those who do not see it. wide: over the whole width of the page.
    """

    png: bytes
    caption: str
    alt: str = ""
    wide: bool = False


@dataclass(frozen=True)
class Badge:
    """The verdict that is read first: a sign, few words, and what to do in a few more."""

    text: str
    advice: str
    state: Literal["satisfied", "not", "not_assessable", "warning"]


@dataclass(frozen=True)
class Link:
    """A text that leads to a file beside the page; target: its relative path, with /.

    Raises ValueError for targets elsewhere.
    """

    text: str
    target: str

    def __post_init__(self) -> None:
        if ":" in self.target or self.target.startswith(("/", "\\")):
            raise ValueError(f"A link leads to a file beside the page, not to {self.target}.")


@dataclass(frozen=True)
class Table:
    """A table of text, links and numbers; numbers are aligned right, None is shown as a dash."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | float | Link | None, ...], ...]
    note: str = ""


@dataclass(frozen=True)
class Report:
    """What a page holds, from top to bottom; what is empty is left out.

    study_hash: SHA256 that names the study, shortened on the page. badge: a verdict above all
    else. summary: sentences, the most
    important first. key_values: few measurements that are read before all else.
    """

    title: str
    study_hash: str = ""
    badge: Badge | None = None
    summary: tuple[str, ...] = ()
    key_values: tuple[Measurement, ...] = ()
    pictures: tuple[Picture, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    flags: tuple[QualityFlag, ...] = ()
    tables: tuple[Table, ...] = ()
    warnings: tuple[Remark, ...] = ()
    timings: tuple[Timing, ...] = ()
    models: tuple[ModelUsed, ...] = ()
    software: Software = Software()
    notice: str = NOTICE


def report_of(
    result: Result,
    title: str,
    pictures: Sequence[Picture] = (),
    tables: Sequence[Table] = (),
    summary: Sequence[str] = (),
) -> Report:
    """The report of a result; summary: instead of its findings."""
    return Report(
        title=title,
        study_hash=result.inputs[0].sha256 if result.inputs else "",
        summary=tuple(summary) or result.findings,
        pictures=tuple(pictures),
        measurements=result.values,
        flags=result.flags,
        tables=tuple(tables),
        warnings=result.warnings,
        timings=result.timings,
        models=result.models,
        software=result.software,
        notice=result.notice,
    )


def write_report(path: Path | str, report: Report) -> Path:
    """Write the page; it appears by rename of a finished file. Equal reports give equal bytes."""
    page = _template().render(report=report)
    with finished_file(path) as temporary:
        temporary.write_text(page, encoding="utf-8", newline="\n")
    return Path(path)


@functools.cache
def _template() -> Template:
    """The page's template, read and compiled once: that takes longer than filling it."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(resource_path("report")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        unit=unit_text,
        number=number_text,
        data_uri=_data_uri,
        is_number=_is_number,
        is_link=lambda cell: isinstance(cell, Link),
        numeric_columns=_numeric_columns,
    )
    return environment.get_template("report.html.jinja")


def unit_text(unit: str) -> str:
    """A UCUM unit as readers write it.

    >>> unit_text("mm2"), unit_text("1"), unit_text("%")
    ('mm²', '', '%')
    """
    return _UNITS.get(unit, unit)


def number_text(value: float | int | None) -> str:
    """At most four significant digits, never an exponent for usual sizes; – for None.

    >>> number_text(0.47123), number_text(12345.6), number_text(8), number_text(None)
    ('0.4712', '12346', '8', '–')
    """
    if value is None:
        return "–"
    if isinstance(value, int):
        return str(value)
    return f"{value:.0f}" if 1000 <= abs(value) < 1e7 else f"{value:.4g}"


def _data_uri(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))


def _numeric_columns(table: Table) -> list[bool]:
    return [
        bool(table.rows) and all(_is_number(row[place]) for row in table.rows)
        for place in range(len(table.columns))
    ]
