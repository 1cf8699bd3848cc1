"""A result as a few lines of text, for panels and consoles."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from MedImageLib.results import Result

NOTICE = "For research use; not a medical device."


def result_text(result: Result) -> str:
    """Findings, values with units, quality and warnings, one a line, and the notice."""
    lines = list(result.findings)
    for value in result.values:
        name = value.name.replace("_", " ")
        if value.value is None:
            lines.append(f"{name}: {value.text or 'not assessable'}")
        else:
            unit = "" if value.unit == "1" else f" {value.unit}"
            lines.append(f"{name}: {value.value:.4g}{unit}")
    lines += [f"{flag.text}" for flag in result.flags if flag.state != "satisfied"]
    lines += [f"Note: {remark.text}" for remark in result.warnings]
    return "\n".join([*dict.fromkeys(lines), NOTICE])
