"""Cines from files and folders, and input that is refused with its cause."""

from __future__ import annotations

import dataclasses
import pickle
import tarfile

import nibabel
import numpy as np
import pytest

from CardiacLVLib.cine.cine_input import cine_among, joined_stacks, load_cine
from CardiacLVLib.cine.dicom_grid import offered_cines
from CardiacLVLib.cine.short_axis import NotShortAxisCineError, check_cine
from MedImageLib.errors import InputError
from MedImageLib.geometry import Geometry
from MedImageLib.phantom.cine import CineSettings, generate_cine
from MedImageLib.volume import Volume, VolumeSequence


@pytest.fixture(scope="module")
def generated() -> VolumeSequence:
    return generate_cine(CineSettings(seed=3, slices=4, frames=3, rows=96)).sequence


@pytest.fixture(scope="module")
def real_series(data_dir, tmp_path_factory):
    """240 files as they came from the scanner."""
    folder = tmp_path_factory.mktemp("cine")
    with tarfile.open(data_dir / "cmr_sunnybrook_cine5" / "SC-HF-I-01_dicom.tar.xz") as packed:
        packed.extractall(folder, filter="data")
    return folder


def write_nifti(path, array, affine=None):
    affine = np.diag([1.3, 1.3, 8.0, 1.0]) if affine is None else affine
    image = nibabel.Nifti1Image(array, None)
    image.header.set_sform(affine, code=1)
    image.header.set_xyzt_units("mm", "msec")
    nibabel.save(image, path)
    return path


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 900, shape).astype(np.int16)


def only_plane(cine: VolumeSequence, k: int) -> VolumeSequence:
    grid = cine.frames[0].geometry
    origin = tuple(grid.points_mm(np.array([0, 0, k])))
    geometry = dataclasses.replace(grid, shape=(1, *grid.shape[1:]), origin_mm=origin)
    frames = tuple(
        dataclasses.replace(f, array=f.array[k : k + 1], geometry=geometry) for f in cine.frames
    )
    return dataclasses.replace(cine, frames=frames)


def test_series_of_one_plane_each_become_the_stack_that_they_are(generated):
    singles = [only_plane(generated, k) for k in (2, 0, 3, 1)]
    (joined,) = joined_stacks(singles)
    assert np.array_equal(joined.array, generated.array)
    assert joined.frames[0].geometry.same_grid(generated.frames[0].geometry)
    assert any(remark.code == "planes-joined" for remark in joined.remarks)


def test_the_last_of_planes_acquired_twice_is_kept(generated):
    again = only_plane(generated, 1)
    brighter = [f.with_array(f.array + np.uint16(7)) for f in again.frames]
    again = dataclasses.replace(again, frames=tuple(brighter))
    (joined,) = joined_stacks([*(only_plane(generated, k) for k in range(4)), again])
    assert np.array_equal(joined.array[:, 1], generated.array[:, 1] + 7)
    assert np.array_equal(joined.array[:, 2], generated.array[:, 2])


def test_the_stack_is_taken_and_a_long_axis_cine_beside_it_is_left_out(generated):
    single = only_plane(generated, 0)
    turned = dataclasses.replace(single.frames[0].geometry, direction=np.eye(3))
    other = dataclasses.replace(
        single, frames=tuple(dataclasses.replace(f, geometry=turned) for f in single.frames)
    )
    cine = cine_among([other, generated])
    assert cine.frames[0].array.shape[0] == 4
    assert any(remark.code == "other-images-left-out" for remark in cine.remarks)
    with pytest.raises(NotShortAxisCineError, match="2 cines of 1 planes"):
        cine_among([other, single])


def test_a_folder_with_one_file_of_four_axes(tmp_path):
    write_nifti(tmp_path / "cine.nii.gz", noise(64, 60, 3, 2))
    cine = load_cine(tmp_path)
    assert cine.array.shape == (2, 3, 60, 64)


@pytest.mark.parametrize(
    ("array", "affine", "cause"),
    [
        (noise(64, 64, 3), None, "single image"),
        (noise(64, 64, 3, 1), None, "single image"),
        (np.zeros((64, 64, 3, 4), np.int16), None, "every pixel has the value 0"),
        (np.full((64, 64, 3, 4), np.nan, np.float32), None, "no finite numbers"),
        (np.repeat(noise(64, 64, 3, 1), 4, 3), None, "same image"),
        (noise(20, 20, 3, 4), None, "20 x 20 pixels"),
        (noise(64, 64, 3, 4), np.diag([50.0, 50, 8, 1]), "50 x 50 mm"),
        (noise(64, 64, 3, 4), np.diag([0.01, 0.01, 8, 1]), "0.01 x 0.01 mm"),
        (noise(64, 64, 3, 4), np.diag([0.0, 0, 0, 1]), "axis of no length"),
        (noise(64, 64, 3, 4), np.diag([1.3, 1.3, 200, 1]), "200 mm apart"),
        (noise(64, 64, 3, 4), np.diag([1.0, 3.0, 8, 1]), "far from square"),
    ],
)
def test_files_that_are_no_cine_are_refused_with_the_cause(tmp_path, array, affine, cause):
    path = write_nifti(tmp_path / "input.nii", array, affine)
    with pytest.raises(NotShortAxisCineError) as caught:
        load_cine(path)
    assert "input.nii: not a short-axis cine, because " in str(caught.value)
    assert cause in str(caught.value)


def test_a_color_screenshot_and_an_absent_file_are_refused(tmp_path):
    from PIL import Image

    colors = np.random.default_rng(0).integers(0, 255, (80, 90, 3)).astype(np.uint8)
    Image.fromarray(colors).save(tmp_path / "screen.png")
    with pytest.raises(NotShortAxisCineError, match="color picture"):
        load_cine(tmp_path / "screen.png")
    with pytest.raises(InputError, match="no such file"):
        load_cine(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"modality": "CT"}, "modality is CT"),
        ({"tags": {"body_part": "BRAIN"}}, "recorded as BRAIN"),
        ({"tags": {"scanning_sequence": "EP\\GR", "repetition_time_ms": 2000.0}}, "echo-planar"),
    ],
)
def test_headers_of_other_images_are_refused(changes, cause):
    values = noise(2, 3, 64, 64)
    geometry = Geometry((3, 64, 64), (1.3, 1.3, 8.0))
    frames = tuple(Volume(one, geometry, **({"modality": "MR"} | changes)) for one in values)
    with pytest.raises(NotShortAxisCineError, match=cause):
        check_cine(VolumeSequence(frames, (0.0, 1.0)))


def test_two_frames_suffice(generated):
    check_cine(dataclasses.replace(generated, frames=generated.frames[:2], index_values=(0.0, 1.0)))


def test_the_error_travels_between_processes():
    error = NotShortAxisCineError("it is a fish", "a.nii")
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error) == "a.nii: not a short-axis cine, because it is a fish."
    assert again.reason == error.reason


def test_real_dicom_is_loaded_by_position_and_trigger_time(real_series):
    cine = load_cine(real_series)
    assert cine.array.shape == (20, 12, 256, 256)
    assert cine.frames[0].geometry.spacing_mm == pytest.approx((1.367188, 1.367188, 10), abs=1e-3)
    assert (cine.index_name, cine.index_unit) == ("time", "ms")
    assert np.allclose(np.diff(cine.index_values), 37.97, atol=0.1)
    assert any("told apart by TriggerTime" in remark.text for remark in cine.remarks)


def test_the_dicom_browser_is_offered_whole_grids_alone(real_series):
    files = sorted(real_series.rglob("*.dcm"))
    (offer,) = offered_cines([files])
    assert (offer.planes, offer.phases, offer.tag) == (12, 20, "TriggerTime")
    assert offered_cines([files[:-1]]) == ()
    assert offered_cines([files[::20]]) == ()
    # One series a plane: each is offered, and the stack of all.
    offers = offered_cines([files[20 * n : 20 * n + 20] for n in range(3)])
    assert [(o.planes, o.phases) for o in offers] == [(1, 20), (1, 20), (1, 20), (3, 20)]
