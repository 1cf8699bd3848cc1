"""The table of structures: codes that DICOM knows, names that can be found."""

from __future__ import annotations

import pytest
from pydicom.sr._snomed_dict import mapping
from pydicom.sr.codedict import codes

from MedImageLib.errors import InputError
from MedImageLib.phantom import head_neck, radiograph, torso
from MedImageLib.terminology import slicer_terminology_entry, structure, structures

WANTED = (
    *radiograph.LABELS,
    *head_neck.STRUCTURES,
    *torso.STRUCTURES,
    "foreign_object",
    "pneumothorax",
    "pleural_effusion",
    "lv_cavity",
    "lv_myocardium",
    "rv_cavity",
)


def known_snomed() -> set[str]:
    return {str(getattr(codes.SCT, name).value) for name in codes.SCT.dir()} | set(mapping["SCT"])


def test_every_code_is_one_that_dicom_uses() -> None:
    known = known_snomed()
    for entry in structures():
        for code in (entry.category, entry.type, entry.modifier):
            if code is not None:
                assert code.scheme == "SCT"
                assert code.value in known, (entry.key, code)


@pytest.mark.parametrize("name", WANTED)
def test_every_label_of_the_product_has_a_structure(name: str) -> None:
    assert structure(name).key == name


def test_keys_and_names_are_unique_and_sides_agree() -> None:
    everything = structures()
    assert len({s.key for s in everything}) == len(everything)
    assert len({s.name for s in everything}) == len(everything)
    assert len({s.rgb for s in everything}) == len(everything)
    for entry in everything:
        assert entry.key.startswith("right_") == (entry.laterality == "right")
        assert entry.key.startswith("left_") == (entry.laterality == "left")
        assert (entry.modifier is None) == (entry.laterality == "")
        assert all(0 <= part <= 255 for part in entry.rgb)


@pytest.mark.parametrize(
    ("name", "key"),
    [("Lung_R", "right_lung"), ("left lung", "left_lung"), ("SPINAL-CORD", "spinal_cord")],
)
def test_names_are_found_in_any_spelling(name: str, key: str) -> None:
    assert structure(name).key == key


def test_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(InputError, match=r"Did you mean .*right_lung"):
        structure("rigt_lung")
    with pytest.raises(InputError, match=r"Known: right_lung"):
        structure("zzzz")


def test_slicer_entry_has_its_seven_parts() -> None:
    parts = slicer_terminology_entry(structure("left_kidney")).split("~")
    assert len(parts) == 7
    assert parts[2] == "SCT^64033007^Kidney"
    assert parts[3] == "SCT^7771000^Left"
    assert slicer_terminology_entry(structure("heart")).split("~")[3] == "^^"
