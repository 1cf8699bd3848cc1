"""Types of studies against the table of the four cases, on small images whose facts are set."""

from __future__ import annotations

import dataclasses
import zipfile
from pathlib import Path

import numpy as np
import pytest

from AutoContourLib.study.pixel_kind import pixel_kind
from AutoContourLib.study.processing_table import load_processing_table
from AutoContourLib.study.series_facts import series_facts
from AutoContourLib.study.study_type import StudyTypeSettings, box_overlap, classify
from MedImageLib.errors import InputError, SettingsError
from MedImageLib.geometry import Geometry
from MedImageLib.phantom.patient import PatientSettings, generate_patient
from MedImageLib.reading import read_series_folder
from MedImageLib.volume import Volume, VolumeSequence
from MedImageLib.writing.dicom_image import write_dicom
from MedImageLib.writing.dicom_study import DicomSeries, DicomStudy

SHAPE = (8, 24, 24)
TABLE = load_processing_table()


def ct_values() -> np.ndarray:
    generator = np.random.default_rng(1)
    values = generator.normal(-1000, 8, SHAPE)
    values[:, 5:20, 5:20] = generator.normal(40, 15, (8, 15, 15))
    values[:, 11:13, 11:13] = generator.normal(900, 60, (8, 2, 2))
    return values


def mr_values() -> np.ndarray:
    generator = np.random.default_rng(2)
    values = np.abs(generator.normal(0, 10, SHAPE))
    values[:, 4:21, 4:21] = generator.uniform(200, 900, (8, 17, 17))
    return values


def pet_values() -> np.ndarray:
    generator = np.random.default_rng(3)
    values = generator.gamma(2.0, 0.2, SHAPE)
    values[3:5, 10:12, 10:12] = 12.0
    return values


VALUES = {"CT": ct_values, "MR": mr_values, "PT": pet_values}


def image(modality="CT", date="2026-03-01", looks="", z_mm=0.0, **tags) -> Volume:
    array = VALUES[looks or modality]()
    grid = Geometry(SHAPE, (4.0, 4.0, 4.0), (0.0, 0.0, z_mm))
    facts = {"acquisition_date": date, "frame_of_reference_key": "f", "study_key": "s"}
    return Volume(array, grid, modality=modality, tags={**facts, **tags})


def classified(*images, **settings):
    facts = [series_facts(one) for one in images]
    (found,) = classify(facts, TABLE, StudyTypeSettings(**settings))
    return found


def codes(found) -> set[str]:
    return {remark.code for remark in found.remarks}


@pytest.mark.parametrize(
    ("second", "study_type", "steps"),
    [
        (("CT", "2026-03-01"), "I", "sharpness contour"),
        (("CT", "2026-04-01"), "II", "sharpness register deformation_degree contour"),
        (("MR", "2026-03-01"), "III", "sharpness register fuse contour"),
        (("PT", "2026-03-01"), "III", "sharpness register fuse contour"),
        (("MR", "2026-04-01"), "IV", "sharpness register fuse deformation_degree contour"),
    ],
)
def test_the_four_types(second, study_type, steps):
    found = classified(image(), image(*second))
    assert found.study_type == study_type
    assert found.pairs[0].study_type == study_type
    assert found.steps == tuple(steps.split())
    text = " ".join(found.pairs[0].evidence)
    assert all(word in text for word in ("Imaging mode", "Period", "Frame", "Region", "Gray"))


def test_one_image_is_of_type_one_and_an_mr_can_be_first():
    found = classified(image("MR"))
    assert (found.study_type, found.first.mode, found.pairs) == ("I", "MR", ())


def test_a_study_has_the_type_that_covers_its_pairs():
    found = classified(image(), image("PT"), image("CT", "2026-04-01"))
    assert [pair.study_type for pair in found.pairs] == ["III", "II"]
    assert found.study_type == "IV"
    assert found.pairs[0].placed_together
    assert not found.pairs[1].placed_together


def test_the_first_image_is_the_planning_ct():
    planned = image("CT", "2026-03-05", series_key="planned")
    images = [image("MR", "2026-02-01"), image("CT", "2026-03-01"), planned]
    assert classified(*images).first.volume is images[1]
    facts = [series_facts(one, ["planned"]) for one in images]
    (found,) = classify(facts, TABLE)
    assert found.first.volume is planned
    assert "structure set" in found.evidence[0]


@pytest.mark.parametrize(
    ("moments", "hours", "same"),
    [
        (("2026-03-01T23:00", "2026-03-02T01:00"), 24, True),
        (("2026-03-01T01:00", "2026-03-02T02:00"), 24, False),
        (("2026-03-01T01:00", "2026-03-02T02:00"), 26, True),
        (("2026-03-01", "2026-03-02"), 24, False),
        (("2026-03-01", "2026-03-02"), 48, True),
    ],
)
def test_a_period_is_a_day(moments, hours, same):
    found = classified(*(image("CT", one) for one in moments), same_period_h=hours)
    assert found.study_type == ("I" if same else "II")


def test_missing_dates_fall_back_on_the_study_and_are_said():
    one_study = classified(image(date=""), image("MR"))
    assert one_study.study_type == "III"
    two_studies = classified(image(date="1900-01-01"), image("MR", study_key="t"))
    assert two_studies.study_type == "IV"
    assert "date-missing" in codes(one_study) & codes(two_studies)
    assert "date-implausible" in codes(two_studies)


def test_wrong_and_missing_modalities():
    wrong = classified(image("MR", looks="CT"))
    assert wrong.first.mode == "CT"
    assert "modality-from-pixels" in codes(wrong)
    for kind in ("CT", "MR", "PT"):
        guessed = classified(image("", looks=kind))
        assert guessed.first.mode == kind
        assert codes(guessed) & {"modality-from-pixels", "modality-guessed"}
    doubted = classified(image("CT", looks="MR"))
    assert doubted.first.mode == "CT"
    assert "not-hounsfield-like" in codes(doubted)


def test_images_that_cannot_take_part_are_named():
    flat = dataclasses.replace(image(), array=np.zeros(SHAPE))
    broken = image("MR")
    broken.array[0, 0, 0] = np.nan
    radiograph = Volume(np.arange(100.0).reshape(1, 10, 10), Geometry((1, 10, 10)), modality="DX")
    found = classified(image(), flat, broken, radiograph)
    assert len(found.left_out) == 3
    assert not found.pairs
    with pytest.raises(InputError, match="constant"):
        classify([series_facts(flat)], TABLE)
    with pytest.raises(InputError, match="no image"):
        classify([], TABLE)


def test_fields_that_do_not_meet_are_not_registered():
    found = classified(image(), image("CT", "2026-04-01", z_mm=500.0))
    assert "no-common-region" in codes(found)
    assert "register" not in found.steps
    apart = classified(image(), image("CT", "2026-04-01", z_mm=16.0))
    assert box_overlap(apart.first, apart.pairs[0].second) == pytest.approx(0.5)
    assert "register" in apart.steps


def test_position_and_body_part_that_differ_are_said():
    found = classified(
        image(patient_position="HFS", body_part="HEAD"),
        image("MR", patient_position="FFP", body_part="PELVIS"),
    )
    assert {"patient-position-differs", "body-part-differs"} <= codes(found)


def test_the_first_frame_stands_for_a_sequence():
    one = image()
    found = classified(VolumeSequence((one, one), (0.0, 1.0)))
    assert "first-frame-used" in codes(found)


def test_kinds_of_pixels():
    assert pixel_kind(ct_values()).certain
    assert pixel_kind(ct_values() + 1024).kind == "CT without offset"
    assert pixel_kind((ct_values() > 0).astype(np.uint8)).kind == "unusable"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[types]\nI=['contour','sharpness']\nII=[]\nIII=[]\nIV=[]", "in the order"),
        ("[types]\nI=['fuse']\nII=[]\nIII=[]\nIV=[]", "without 'register'"),
        ("[types]\nI=['dance']\nII=[]\nIII=[]\nIV=[]", "dance"),
        ("[types]\nI=[]", "needs II"),
        ("[other]\nI=[]", "one section"),
    ],
)
def test_a_wrong_table_is_refused_by_name(tmp_path, text, message):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=message) as caught:
        load_processing_table(path)
    assert "mine.toml" in str(caught.value)


def test_an_edited_table_is_obeyed(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("[types]\nI=[]\nII=['register']\nIII=['contour']\nIV=[]")
    facts = [series_facts(image()), series_facts(image("CT", "2026-04-01"))]
    (found,) = classify(facts, load_processing_table(path))
    assert found.steps == ("register",)


def test_generated_patients_in_one_folder_are_kept_apart(tmp_path):
    made = generate_patient(PatientSettings(seed=4, size=(16, 40, 40)))
    for seed in (1, 2):
        study = DicomStudy.of_seed(seed)
        later = dataclasses.replace(study, date="20260401", token=f"later {seed}")
        write_dicom(made.planning_ct, tmp_path / f"{seed}/ct", study, DicomSeries(1))
        write_dicom(made.later_ct, tmp_path / f"{seed}/later", later, DicomSeries(2))
        write_dicom(made.mr, tmp_path / f"{seed}/mr", study, DicomSeries(3))
    found = classify([series_facts(one) for one in read_series_folder(tmp_path).images], TABLE)
    assert len(found) == 2
    for one in found:
        assert one.study_type == "IV"
        assert [(p.second.mode, p.study_type) for p in one.pairs] == [("MR", "III"), ("CT", "II")]
        assert "several-patients" in codes(one)
        assert "PHANTOM" not in repr(one)


def test_real_pet_ct_and_mr(data_dir: Path, tmp_path: Path):
    archive = data_dir / "rt_sts_petctmr" / "STS_025.zip"
    if not archive.is_file():
        pytest.skip("the PET/CT/MR studies are not in the folder of test images")
    with zipfile.ZipFile(archive) as members:
        members.extractall(tmp_path)
    found = classified(*read_series_folder(tmp_path).images)
    assert found.first.mode == "CT"
    assert {p.second.mode: p.study_type for p in found.pairs} == {"MR": "IV", "PT": "III"}
    for pair in found.pairs:
        assert pair.second.pixels.kind in (pair.second.mode, "unknown")
