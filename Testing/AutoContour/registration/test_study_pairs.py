"""Steps of the pairs of a study, from the type to the files."""

from __future__ import annotations

import dataclasses

import pytest

from AutoContourLib.registration.deformable_settings import DeformableSettings
from AutoContourLib.registration.rigid_settings import RigidSettings
from AutoContourLib.registration.study_pairs import register_pairs
from AutoContourLib.study.processing_table import load_processing_table
from AutoContourLib.study.series_facts import series_facts
from AutoContourLib.study.study_type import classify
from MedImageLib.phantom.patient import PatientSettings, generate_patient
from MedImageLib.results import read_result

RIGID = RigidSettings(samples=4000, search=False, check_flip=False)
FIELD = DeformableSettings(field_spacings_mm=(12.0,), field_steps=(3,), check_reverse=False)


@pytest.fixture(scope="module")
def pairs():
    return pairs_of(
        PatientSettings(seed=3, size=(24, 48, 48), bend_mm=2.0, turn_deg=0.0, shift_mm=2.0)
    )


def pairs_of(settings):
    made = generate_patient(settings)
    dates = ("20260101", "20260201")
    scans = [
        dataclasses.replace(scan, tags={**scan.tags, "acquisition_date": date})
        for scan, date in zip((made.planning_ct, made.later_ct), dates, strict=True)
    ]
    (found,) = classify([series_facts(scan) for scan in scans], load_processing_table())
    return found.pairs


def test_a_later_ct_is_registered_and_its_deformation_measured(pairs, tmp_path):
    (pair,) = pairs
    forced = dataclasses.replace(pair, steps=("register", "fuse", "deformation_degree"))
    results, remarks = register_pairs([forced], tmp_path, RIGID, FIELD)
    assert not remarks
    (result,) = results
    folder = tmp_path / "1-CT"
    assert read_result(folder).findings == result.findings
    assert (folder / "displacement.nrrd").exists()
    if all(flag.state == "satisfied" for flag in result.flags):
        assert (folder / "fused.nrrd").exists()
        assert 0 < result.value("deformation_p95").value < 20


def test_a_body_that_did_not_bend_is_told_so_in_words(tmp_path):
    (pair,) = pairs_of(PatientSettings(seed=3, size=(40, 64, 64), bend_mm=0.0))
    forced = dataclasses.replace(pair, steps=("register", "deformation_degree"))
    ((result,), _) = register_pairs([forced], tmp_path, RIGID, FIELD)
    assert "no deformation was seen" in result.findings[0]
    assert "95 % below" not in result.findings[0]
    assert result.value("deformation_p95").value == pytest.approx(0.0, abs=0.01)


def test_without_the_step_nothing_is_done_and_errors_are_remarks(pairs, tmp_path):
    (pair,) = pairs
    assert register_pairs([dataclasses.replace(pair, steps=("contour",))], tmp_path) == ((), ())
    flat = pair.second.volume.with_array(pair.second.volume.array * 0)
    broken = dataclasses.replace(
        pair, steps=("register",), second=dataclasses.replace(pair.second, volume=flat)
    )
    results, remarks = register_pairs([broken], tmp_path, RIGID, FIELD)
    assert not results
    assert remarks[0].code == "not-registered"
    assert "constant" in remarks[0].text
    assert not list(tmp_path.iterdir())
