"""SUV by body weight against the closed formula, and every reason not to give one."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset

from MedImageLib.reading.suv import SUV_UNIT, pet_header

HALF_LIFE_S = 6586.2


def pet(dose=None, **elements):
    dataset = Dataset()
    dataset.Units, dataset.DecayCorrection, dataset.PatientWeight = "BQML", "START", 70.0
    dataset.CorrectedImage = ["DECY", "ATTN"]
    dataset.SeriesDate = dataset.AcquisitionDate = "20240102"
    dataset.SeriesTime = dataset.AcquisitionTime = "160000"
    item = Dataset()
    item.RadiopharmaceuticalStartTime = "150000"
    item.RadionuclideTotalDose, item.RadionuclideHalfLife = 3.7e8, HALF_LIFE_S
    for keyword, value in (dose or {}).items():
        setattr(item, keyword, value)
    dataset.RadiopharmaceuticalInformationSequence = [item]
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


@pytest.mark.parametrize(
    ("dose", "elements", "delay_s"),
    [
        ({}, {}, 3600),
        ({"RadiopharmaceuticalStartTime": "233000"},
         {"SeriesTime": "003000", "AcquisitionTime": "003000"}, 3600),
        ({"RadiopharmaceuticalStartDateTime": "20240102143000"}, {}, 5400),
        ({}, {"DecayCorrection": "ADMIN"}, 0),
        # A series written after the acquisition counts from the acquisition.
        ({}, {"SeriesTime": "173000"}, 3600),
    ],
)  # fmt: skip
def test_factor_is_weight_over_decayed_dose(dose, elements, delay_s):
    header = pet_header(pet(dose, **elements))
    assert header.suv_factor == pytest.approx(70_000 / (3.7e8 * 2 ** (-delay_s / HALF_LIFE_S)))
    assert [r.code for r in header.remarks()] == ["suv-computed"]


@pytest.mark.parametrize(
    ("dose", "elements", "reason"),
    [
        ({}, {"PatientWeight": 0}, "weight"),
        ({}, {"PatientWeight": ""}, "weight"),
        ({"RadionuclideTotalDose": 0}, {}, "dose"),
        ({"RadionuclideHalfLife": 0}, {}, "half-life"),
        ({"RadionuclideHalfLife": 1e-3}, {}, "absurdly short"),
        ({"RadiopharmaceuticalStartTime": ""}, {}, "time of injection"),
        ({"RadiopharmaceuticalStartDateTime": "20240105150000"}, {}, "within a day"),
        ({}, {"DecayCorrection": "NONE"}, "START or ADMIN"),
        ({}, {"CorrectedImage": ["ATTN"]}, "not corrected"),
        ({}, {"Units": "CNTS"}, "not BQML"),
        ({}, {"RadiopharmaceuticalInformationSequence": []}, "radiopharmaceutical"),
    ],
)
def test_no_suv_with_its_reason(dose, elements, reason):
    header = pet_header(pet(dose, **elements))
    assert header.suv_factor is None
    (remark,) = header.remarks()
    assert remark.code == "suv-not-computed"
    assert reason in remark.text


@pytest.mark.parametrize(
    ("suv_type", "unit"), [("BW", SUV_UNIT), ("", SUV_UNIT), ("LBM", "g/ml{SUVlbm}")]
)
def test_suv_in_the_file_is_not_converted_again(suv_type, unit):
    header = pet_header(pet(Units="GML", SUVType=suv_type))
    assert (header.suv_factor, header.unit) == (None, unit)
    assert [r.code for r in header.remarks()] == ["suv-in-file"]
