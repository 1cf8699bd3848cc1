"""Names, standard codes and colors of the structures that this product outlines.

The table is `Resources/terminology/structures.json`: SNOMED CT codes as DICOM PS3.16 uses them,
names of AAPM TG-263 where it has one. Everything that writes or shows a segment takes it from
here.
"""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from functools import cache

from MedImageLib.errors import InputError
from MedImageLib.resources import resource_path

SLICER_TYPE_CONTEXT = "Segmentation category and type - 3D Slicer General Anatomy list"
SLICER_REGION_CONTEXT = "Anatomic codes - DICOM master list"


@dataclass(frozen=True)
class Code:
    """A coded concept: coding scheme designator (SCT, DCM), value and meaning."""

    scheme: str
    value: str
    meaning: str


@dataclass(frozen=True)
class Structure:
    """An anatomical structure, object or finding that can be a segment.

    key: for programs, e.g. `right_lung`. name: for people. tg263_name: or empty. category, type:
    segmented property (DICOM CID 7150, 7151). modifier: of the type, the laterality, or None.
    laterality: `right`, `left`, `both` or empty. rgb: 0 to 255.
    """

    key: str
    name: str
    category: Code
    type: Code
    modifier: Code | None = None
    rgb: tuple[int, int, int] = (128, 174, 128)
    tg263_name: str = ""
    laterality: str = ""


def structure(name: str) -> Structure:
    """The structure of a key, a name or a TG-263 name, upper and lower case alike.

    >>> structure("Lung_R").key
    'right_lung'

    Raises InputError that names the nearest known ones.
    """
    known = _by_name()
    found = known.get(_plain(name))
    if found is None:
        keys = [entry.key for entry in structures()]
        near = [
            known[match].key
            for match in difflib.get_close_matches(_plain(name), list(known), n=3, cutoff=0.5)
        ]
        near = list(dict.fromkeys(near))
        hint = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(keys)}."
        raise InputError(f"The structure {name!r} is not in the table of structures. {hint}")
    return found


@cache
def structures() -> tuple[Structure, ...]:
    """All structures in the order of the table."""
    table = json.loads(resource_path("terminology", "structures.json").read_text(encoding="utf-8"))
    return tuple(
        Structure(
            key=row["key"],
            name=row["name"],
            category=Code(**row["category"]),
            type=Code(**row["type"]),
            modifier=Code(**row["modifier"]) if row["modifier"] else None,
            rgb=tuple(row["rgb"]),
            tg263_name=row["tg263"],
            laterality=row["laterality"],
        )
        for row in table["structures"]
    )


def slicer_terminology_entry(entry: Structure) -> str:
    """The text that a segment of 3D Slicer carries in its tag `TerminologyEntry`."""
    codes = [
        f"{code.scheme}^{code.value}^{code.meaning}" if code else "^^"
        for code in (entry.category, entry.type, entry.modifier)
    ]
    return "~".join((SLICER_TYPE_CONTEXT, *codes, SLICER_REGION_CONTEXT, "^^", "^^"))


@cache
def _by_name() -> dict[str, Structure]:
    return {
        _plain(name): entry
        for entry in structures()
        for name in (entry.key, entry.name, entry.tg263_name)
        if name
    }


def _plain(name: str) -> str:
    return name.strip().lower().replace("_", " ").replace("-", " ")
