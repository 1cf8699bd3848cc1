"""The lists of terms that Slicer's terminology logic reads at start, made of the product's table.

Slicer brings long lists that slicer-core leaves out; without three files of these names it
complains. They are in the format of dcmqi's segment and anatomic context schemas.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from MedImageLib.terminology import (
    SLICER_REGION_CONTEXT,
    SLICER_TYPE_CONTEXT,
    Code,
    Structure,
    structures,
)

_SCHEMA = "https://raw.githubusercontent.com/qiicr/dcmqi/master/doc/{}-context-schema.json#"
_TYPES = {
    "SegmentationCategoryTypeModifier-SlicerGeneralAnatomy": SLICER_TYPE_CONTEXT,
    "SegmentationCategoryTypeModifier-DICOM-Master": (
        "Segmentation category and type - DICOM master list"
    ),
}
_REGIONS = "AnatomicRegionAndModifier-DICOM-Master"


def write_terminology_files(folder: Path | str) -> None:
    """Write the three `.term.json` files into an existing folder."""
    categories = _categories(structures())
    for name, context in _TYPES.items():
        content = {
            "SegmentationCategoryTypeContextName": context,
            "@schema": _SCHEMA.format("segment"),
            "SegmentationCodes": {"Category": categories},
        }
        Path(folder, f"{name}.term.json").write_text(json.dumps(content), encoding="utf-8")
    regions = {
        "AnatomicContextName": SLICER_REGION_CONTEXT,
        "@schema": _SCHEMA.format("anatomic"),
        "AnatomicCodes": {"AnatomicRegion": []},
    }
    Path(folder, f"{_REGIONS}.term.json").write_text(json.dumps(regions), encoding="utf-8")


def _categories(entries: Iterable[Structure]) -> list[dict[str, Any]]:
    categories: dict[Code, dict[Code, dict[str, Any]]] = {}
    for entry in entries:
        types = categories.setdefault(entry.category, {})
        term = types.setdefault(entry.type, _term(entry.type, entry.rgb))
        if entry.modifier is not None:
            term.setdefault("Modifier", []).append(_term(entry.modifier, entry.rgb))
    return [{**_term(code), "Type": list(types.values())} for code, types in categories.items()]


def _term(code: Code, rgb: tuple[int, int, int] | None = None) -> dict[str, Any]:
    term: dict[str, Any] = {
        "CodingSchemeDesignator": code.scheme,
        "CodeValue": code.value,
        "CodeMeaning": code.meaning,
    }
    return term if rgb is None else {**term, "recommendedDisplayRGBValue": list(rgb)}
