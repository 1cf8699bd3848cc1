"""What is known of a stored model, whatever its network: facts, description file, card.

Every kind of model adds its own facts to `CardFacts`; the files beside the weights are written and
read in one way.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from MedImageLib.errors import ModelError
from MedImageLib.settings import settings_to_dict
from MedImageLib.writing.atomic import finished_file

FORMAT_VERSION = 1
DESCRIPTION = "model.json"
CARD = "MODEL_CARD.md"
DATA_COLUMNS = {"name": "source", "patients": "patients", "images": "images"}


@dataclass(frozen=True, kw_only=True)
class CardFacts:
    """What is known of any model.

    data: one entry per source with name, patients, images, licence. metrics: tables as evaluated,
    with the protocol in words. training: the settings as plain values. command: what made it.
    """

    name: str
    version: str
    licence: str = ""
    intended_use: str = ""
    limits: tuple[str, ...] = ()
    citations: tuple[str, ...] = ()
    data: tuple[dict[str, Any], ...] = ()
    metrics: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    command: str = ""


def facts_of(
    settings: Any,
    data: Sequence[Mapping[str, Any]],
    command: str,
    metrics: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What a card takes from the settings of any training, as keywords of `CardFacts`.

    settings: with name, licence, intended_use, limits and citations.
    """
    return {
        "name": settings.name,
        "version": "1.0",
        "licence": settings.licence,
        "intended_use": settings.intended_use,
        "limits": settings.limits,
        "citations": settings.citations,
        "data": tuple(dict(entry) for entry in data),
        "metrics": dict(metrics or {}),
        "training": settings_to_dict(settings),
        "command": command,
    }


def write_description(
    folder: Path,
    card: CardFacts,
    digest: str,
    facts: Sequence[str],
    columns: Mapping[str, str] | None = None,
) -> None:
    """Write model.json and MODEL_CARD.md beside weights of that SHA-256.

    facts: lines of the card that only this kind of model has. columns: entries of `card.data`
    shown in the card → head of the column.
    """
    values = {"format_version": FORMAT_VERSION, "weights_sha256": digest, **settings_to_dict(card)}
    with finished_file(folder / DESCRIPTION) as temporary:
        temporary.write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n", "utf-8")
    with finished_file(folder / CARD) as temporary:
        temporary.write_text(card_text(card, digest, facts, columns or DATA_COLUMNS), "utf-8")


def read_description(folder: Path) -> tuple[dict[str, Any], str]:
    """(values of the card, SHA-256 that the weights must have) from model.json.

    Raises ModelError when it is absent, damaged or of a newer version.
    """
    path = folder / DESCRIPTION
    try:
        values = json.loads(path.read_text("utf-8"))
        version = values.pop("format_version")
        digest = values.pop("weights_sha256")
    except (OSError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{path}: no valid description of a model ({error}).") from error
    if version != FORMAT_VERSION:
        raise ModelError(f"{path}: written by a newer version; update the program.")
    for name in ("limits", "citations", "data"):
        values[name] = tuple(values.get(name, ()))
    return values, digest


def card_text(
    card: CardFacts, digest: str, facts: Sequence[str], columns: Mapping[str, str]
) -> str:
    """The model card as Markdown."""
    lines = [
        f"# {card.name} {card.version}",
        "",
        card.intended_use or "No intended use stated.",
        "",
        *(f"- {fact}" for fact in facts),
        f"- Licence: {card.licence or 'not stated'}",
        f"- SHA-256 of the weights: `{digest}`",
        f"- Made by: `{card.command}`",
        "",
        "## Limits",
        *(f"- {limit}" for limit in card.limits),
        "- Research use. Not a medical device.",
        "",
        "## Training data",
        "",
        "| " + " | ".join(columns.values()) + " |",
        "| " + " | ".join("---:" if n in ("patients", "images") else "---" for n in columns) + " |",
        *("| " + " | ".join(str(entry[name]) for name in columns) + " |" for entry in card.data),
        "",
        *(f"- {citation}" for citation in card.citations),
        "",
        "## Accuracy",
        "",
        *metric_lines(card.metrics),
    ]
    return "\n".join(lines).rstrip() + "\n"


def metric_lines(metrics: dict[str, Any]) -> list[str]:
    """Markdown of a protocol and its tables; says so when nothing was measured."""
    if not metrics:
        return ["Not measured."]
    lines = [metrics.get("protocol", ""), ""]
    for title, rows in metrics.get("tables", {}).items():
        if not rows:
            continue
        head = list(rows[0])
        lines += [f"### {title}", "", "| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
        lines += ["| " + " | ".join(str(row[key]) for key in head) + " |" for row in rows]
        lines.append("")
    return lines
