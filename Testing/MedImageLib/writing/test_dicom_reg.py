"""Registration objects, read back by pydicom and applied by the equations of the standard."""

from __future__ import annotations

import shutil
import subprocess

import numpy as np
import pytest
import SimpleITK as sitk
from pydicom import dcmread

from MedImageLib.errors import GeometryError, InputError
from MedImageLib.geometry import Geometry
from MedImageLib.phantom.deformation import grid_points, rigid_matrix
from MedImageLib.reading import read_image
from MedImageLib.volume import Volume
from MedImageLib.writing.dicom_image import write_dicom
from MedImageLib.writing.dicom_reg import write_deformable_registration, write_spatial_registration
from MedImageLib.writing.dicom_study import DicomSeries, DicomStudy
from MedImageLib.writing.displacement import write_displacement, write_displacement_transform

MATRIX = rigid_matrix(np.array([5.0, -8, 11]), np.array([12.0, -7, 20]), np.zeros(3))
TURNED = ((0.0, -1.0, 0.0), (1.0, 0.0, 0.0), (0.0, 0.0, 1.0))
GRID = Geometry((4, 5, 6), (2.0, 3.0, 4.0), (-5.0, 7.0, 9.0), TURNED)


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    folder = tmp_path_factory.mktemp("series")
    volume = Volume(np.arange(120, dtype=np.int16).reshape(GRID.shape), GRID, modality="CT")
    for number, date in ((1, "20260101"), (2, "20260201")):
        study = DicomStudy.of_seed(4, date=date)
        write_dicom(volume, folder / str(number), study, DicomSeries(number))
    return [read_image(folder / name).tags["dicom_source"] for name in ("1", "2")]


def conforms(path) -> str:
    if not shutil.which("dciodvfy"):
        return ""
    found = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False)
    return "\n".join(line for line in found.stderr.splitlines() if line.startswith("Error"))


def test_the_matrix_takes_moving_points_to_fixed_ones(sources, tmp_path):
    fixed, moving = sources
    path = write_spatial_registration(MATRIX, fixed, moving, tmp_path / "reg.dcm", "seed")
    dataset = dcmread(path)
    still, free = dataset.RegistrationSequence
    assert dataset.FrameOfReferenceUID == still.FrameOfReferenceUID
    assert still.FrameOfReferenceUID == fixed.frame_of_reference_uid
    assert free.FrameOfReferenceUID == moving.frame_of_reference_uid
    step = free.MatrixRegistrationSequence[0].MatrixSequence[0]
    matrix = np.array(step.FrameOfReferenceTransformationMatrix, float).reshape(4, 4)
    np.testing.assert_allclose(matrix @ MATRIX, np.eye(4), atol=1e-6)
    assert conforms(path) == ""


def test_the_grid_takes_fixed_points_to_moving_ones(sources, tmp_path):
    fixed, moving = sources
    points = grid_points(GRID)
    field = (points @ MATRIX[:3, :3].T + MATRIX[:3, 3] - points).astype(np.float32)
    path = write_deformable_registration(field, GRID, fixed, moving, tmp_path / "d.dcm", "seed")
    dataset = dcmread(path)
    item = dataset.DeformableRegistrationSequence[0]
    assert item.SourceFrameOfReferenceUID == moving.frame_of_reference_uid
    grid = item.DeformableRegistrationGridSequence[0]
    columns, rows, planes = grid.GridDimensions
    vectors = np.frombuffer(grid.VectorGridData, "<f4").reshape(planes, rows, columns, 3)
    across, down = np.array(grid.ImageOrientationPatient, float).reshape(2, 3)
    normal = np.cross(across, down)
    dx, dy, dz = grid.GridResolution
    place = (
        np.array(grid.ImagePositionPatient, float) + 3 * dx * across + 2 * dy * down + dz * normal
    )
    np.testing.assert_allclose(
        place + vectors[1, 2, 3], MATRIX[:3, :3] @ place + MATRIX[:3, 3], atol=1e-4
    )
    assert conforms(path) == ""


def test_equal_seeds_give_equal_bytes(sources, tmp_path):
    paths = [write_spatial_registration(MATRIX, *sources, tmp_path / n, "s") for n in "ab"]
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_another_field_is_another_object(sources, tmp_path):
    fields = [np.zeros((*GRID.shape, 3)), np.zeros((*GRID.shape, 3)), np.ones((*GRID.shape, 3))]
    one, same, other = (
        dcmread(
            write_deformable_registration(field, GRID, *sources, tmp_path / f"{n}.dcm", "s")
        ).SOPInstanceUID
        for n, field in enumerate(fields)
    )
    assert one == same != other


def test_fields_as_files_keep_direction_and_place(tmp_path):
    points = grid_points(GRID)
    field = points @ MATRIX[:3, :3].T + MATRIX[:3, 3] - points
    image = sitk.ReadImage(str(write_displacement(field, GRID, tmp_path / "d.nrrd")))
    place = points[1, 2, 3]
    index = image.TransformPhysicalPointToIndex(place.tolist())
    np.testing.assert_allclose(image[index], field[1, 2, 3], atol=1e-4)
    transform = sitk.ReadTransform(
        str(write_displacement_transform(field, GRID, tmp_path / "d.h5"))
    )
    np.testing.assert_allclose(
        transform.TransformPoint(place.tolist()), place + field[1, 2, 3], atol=1e-6
    )


def test_what_does_not_fit_is_named(sources, tmp_path):
    with pytest.raises(GeometryError, match="does not fit"):
        write_displacement(np.zeros((2, 2, 2, 3)), GRID, tmp_path / "d.nrrd")
    with pytest.raises(InputError, match=r"\.h5"):
        write_displacement_transform(np.zeros((*GRID.shape, 3)), GRID, tmp_path / "d.nrrd")
    with pytest.raises(GeometryError, match="shape"):
        write_deformable_registration(np.zeros((2, 2, 2, 3)), GRID, *sources, tmp_path / "r.dcm")
