"""Contours and registration of a scene as DICOM objects of generated series."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest

from AutoContourLib.exporting import SceneRegistration, export_scene
from AutoContourLib.registration.image_pair import fused_volume, register_images
from MedImageLib.errors import InputError
from MedImageLib.phantom.patient import PatientSettings, generate_patient
from MedImageLib.reading import read_image
from MedImageLib.writing.dicom_image import write_dicom
from MedImageLib.writing.dicom_study import DicomSeries, DicomStudy


@pytest.fixture(scope="module")
def patient():
    return generate_patient(
        PatientSettings(seed=3, size=(16, 32, 32), bend_mm=2.0, turn_deg=0.0, shift_mm=2.0)
    )


@pytest.fixture(scope="module")
def masks(patient):
    labels = patient.planning_labels
    value = min(patient.structures.values())
    return {"mandible": labels.with_array(labels.array == value)}


def test_without_a_series_no_dicom_objects_are_written_and_this_is_said(patient, masks, tmp_path):
    remarks = export_scene(tmp_path / "out", patient.planning_ct, masks)
    assert [remark.code for remark in remarks] == ["no-dicom-objects"]
    labels = read_image(tmp_path / "out" / "labels.nii.gz")
    assert np.array_equal(labels.array > 0, masks["mandible"].array)


def test_contours_and_offset_refer_to_the_series_named(patient, masks, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    study = DicomStudy()
    write_dicom(patient.planning_ct, first, study, DicomSeries(1))
    write_dicom(patient.later_ct, second, study, DicomSeries(2))
    matrix = np.eye(4)
    matrix[:3, 3] = 1.0, 2.0, 3.0
    shift = np.broadcast_to(matrix[:3, 3], (*patient.planning_ct.array.shape, 3))
    registration = SceneRegistration(matrix, shift, patient.planning_ct.geometry)
    out = tmp_path / "out"
    export_scene(out, patient.planning_ct, masks, first, second, registration)
    series = {pydicom.dcmread(path).SeriesInstanceUID for path in first.iterdir()}
    rtstruct = pydicom.dcmread(out / "rtstruct.dcm")
    named = rtstruct.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence[0]
    assert {named.RTReferencedSeriesSequence[0].SeriesInstanceUID} == series
    spatial = pydicom.dcmread(out / "spatial_registration.dcm")
    assert spatial.Modality == "REG"
    assert (out / "deformable_registration.dcm").is_file()
    with pytest.raises(InputError, match="no DICOM series"):
        export_scene(tmp_path / "other", patient.planning_ct, masks, out / "labels.nii.gz")
    assert not (tmp_path / "other").exists()


def test_a_pair_of_a_scene_is_registered_and_fused(patient):
    from AutoContourLib.registration.deformable_settings import DeformableSettings
    from AutoContourLib.registration.rigid_settings import RigidSettings

    pair = register_images(
        patient.planning_ct,
        patient.later_ct,
        RigidSettings(samples=4000, search=False, check_flip=False),
        # These voxels are too coarse for a field, which is asked for all the same.
        DeformableSettings(
            field_spacings_mm=(12.0,), field_steps=(3,), check_reverse=False, least_gain=0.0
        ),
    )
    assert pair.offset_usable
    assert pair.kind.startswith("Type I")
    assert pair.displacement_mm is not None
    assert pair.displacement_mm.shape == (*pair.geometry.shape, 3)
    assert pair.degree is not None
    whole = pair.degree.by_field[0]
    assert 0 < whole.mean_mm < whole.p95_mm < whole.max_mm
    fused = fused_volume(
        patient.planning_ct, patient.later_ct, "average", None, pair.displacement_mm
    )
    assert fused.geometry.same_grid(patient.planning_ct.geometry)
    assert 0 <= fused.array.min() <= fused.array.max() <= 1
