"""Series built slice by slice, so that the truth is known, and the same files through GDCM."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK
from pydicom.uid import generate_uid
from scipy.spatial.transform import Rotation

from MedImageLib.errors import GeometryError, InputError
from MedImageLib.reading import (
    Limits,
    ReadingSettings,
    read_image,
    read_sequence,
    read_series_folder,
    scan_folder,
)

TURN = Rotation.from_euler("zyx", (20, -35, 50), degrees=True).as_matrix()
OBLIQUE = (*TURN[:, 0], *TURN[:, 1])


def pixels(seed: int, dtype=np.int16, size=(7, 9)):
    return np.random.default_rng(seed).integers(0, 200, size).astype(dtype)


def write_stack(write_slice, count=5, step=2.5, orientation=OBLIQUE, **elements):
    """Slices in shuffled order of names and numbers; returns them in order along the normal."""
    normal = np.cross(orientation[:3], orientation[3:])
    order = np.random.default_rng(3).permutation(count)
    slices = [pixels(n) for n in range(count)]
    for name, n in enumerate(order):
        position = np.array([5.0, -6.0, 7.0]) + n * step * normal
        write_slice(
            f"{name:03d}", slices[n], position, orientation, InstanceNumber=name, **elements
        )
    return np.stack(slices)


def itk_volume(folder):
    """Array and LPS-from-index matrix of a folder of one series, as GDCM sorts and reads it."""
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    image = reader.Execute()
    matrix = np.eye(4)
    matrix[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) * image.GetSpacing()
    matrix[:3, 3] = image.GetOrigin()
    return SimpleITK.GetArrayFromImage(image), matrix


def test_oblique_stack_by_geometry_alone_and_as_gdcm_reads_it(write_slice, tmp_path):
    truth = write_stack(write_slice, RescaleSlope=2, RescaleIntercept=-1000)
    volume = read_image(tmp_path)
    assert np.array_equal(volume.array, truth * 2 - 1000)
    assert np.allclose(volume.geometry.direction, TURN, atol=1e-6)
    assert volume.geometry.spacing_mm == pytest.approx((1.5, 2.0, 2.5))
    assert volume.geometry.origin_mm == pytest.approx((5, -6, 7))
    assert (volume.modality, volume.unit, volume.remarks) == ("CT", "[hnsf'U]", ())
    array, matrix = itk_volume(tmp_path)
    assert np.array_equal(volume.array, array)
    assert np.allclose(volume.geometry.lps_from_index, matrix, atol=1e-4)


@pytest.mark.parametrize(
    "folder",
    [
        "dicom_odd_fixtures:series/clean_reference",
        "dicom_odd_fixtures:series/oblique_30deg",
        "dicom_odd_fixtures:series/flipped_axes",
        "dicom_odd_fixtures:pet/bqml_without_suv_tags",
        "mr_negatives/brain_epi_ge",
    ],
)
def test_real_series_agree_with_gdcm(data_dir, request, folder):
    if folder.startswith("dicom_odd_fixtures:"):
        folder = request.getfixturevalue("odd_files") / folder.split(":")[1]
    else:
        folder = data_dir / folder
    volume = read_image(folder)
    array, matrix = itk_volume(folder)
    assert np.allclose(volume.array, array, rtol=1e-6, atol=1e-3)
    assert np.allclose(volume.geometry.lps_from_index, matrix, atol=2e-3)


@pytest.mark.parametrize(
    "stored",
    [
        pixels(1, np.uint8),
        pixels(2, np.uint16) + 40000,
        pixels(3, np.int16) - 3000,
        pixels(4, np.int32) * 1000,
    ],
)
def test_depth_and_sign_of_the_pixels(write_slice, stored):
    volume = read_image(write_slice("a.dcm", stored))
    assert np.array_equal(volume.array[0], stored)


def test_rubbish_above_the_stored_bits_is_masked_and_the_sign_spread(write_slice):
    truth = pixels(1, np.int16) - 100
    dirty = (truth.astype(np.uint16) & 0x0FFF) | 0xA000
    volume = read_image(
        write_slice("a.dcm", dirty, BitsStored=12, HighBit=11, PixelRepresentation=1)
    )
    assert np.array_equal(volume.array[0], truth)


def test_each_slice_keeps_its_own_rescale(write_slice, tmp_path):
    for n in range(3):
        write_slice(f"{n}", pixels(n), (0, 0, 3 * n), RescaleSlope=0.5 + n, RescaleIntercept=n)
    volume = read_image(tmp_path)
    for n in range(3):
        assert np.allclose(volume.array[n], pixels(n) * (0.5 + n) + n)


def cine(write_slice, planes=3, phases=4, skip=(), **tags):
    """Frames whose value is 10 × plane + phase; tags are functions of (plane, phase)."""
    for n in range(planes * phases):
        plane, phase = divmod(n, phases)
        if (plane, phase) in skip:
            continue
        elements = {tag: value(plane, phase) for tag, value in tags.items()}
        write_slice(
            f"{n:03d}",
            np.full((4, 4), 10 * plane + phase, np.uint16),
            (0, 0, 8 * plane),
            Modality="MR",
            **elements,
        )


@pytest.mark.parametrize(
    ("tags", "tag", "index", "unit"),
    [
        # The heart rate differs from plane to plane: the rank counts, the median is the time.
        ({"TriggerTime": lambda z, t: (40 + z) * t, "InstanceNumber": lambda z, t: 99 - t},
         "TriggerTime", (0, 41, 82, 123), "ms"),
        ({"TemporalPositionIdentifier": lambda z, t: t + 1}, "TemporalPositionIdentifier",
         (0, 1, 2, 3), "1"),
        ({"AcquisitionTime": lambda z, t: f"1000{10 + t:02d}.50"}, "AcquisitionTime",
         (0, 1000, 2000, 3000), "ms"),
        ({"TriggerTime": lambda z, t: 0, "InstanceNumber": lambda z, t: 10 * z + t},
         "InstanceNumber", (0, 1, 2, 3), "1"),
    ],
)  # fmt: skip
def test_cine_by_the_first_tag_that_tells_phases_apart(
    write_slice, tmp_path, tags, tag, index, unit
):
    cine(write_slice, **tags)
    sequence = read_sequence(tmp_path)
    reverse = tags.get("TriggerTime") is None and "InstanceNumber" in tags
    wanted = np.arange(4)[::-1] if reverse else np.arange(4)
    assert sequence.array.shape == (4, 3, 4, 4)
    assert [int(f.array[1, 0, 0]) - 10 for f in sequence.frames] == wanted.tolist()
    assert sequence.index_values == pytest.approx(index)
    assert sequence.index_unit == unit
    (remark,) = [r for r in sequence.remarks if r.code == "time-sequence"]
    assert f"told apart by {tag}" in remark.text


def test_incomplete_grid_is_reported_and_not_reshaped(write_slice, tmp_path):
    cine(write_slice, skip={(1, 2)}, TriggerTime=lambda z, t: 40 * t)
    contents = read_series_folder(tmp_path)
    assert contents.images == ()
    (refused,) = contents.refused
    assert "11 images instead of 12" in refused.text
    with pytest.raises(InputError, match=r"incomplete.*plane 1 lacks phase 2 \(from 0\)"):
        read_sequence(tmp_path)


def test_planes_at_the_ends_that_lack_phases_are_left_out_by_name(write_slice, tmp_path):
    cine(write_slice, planes=5, skip={(0, 3), (4, 0), (4, 1)}, TriggerTime=lambda z, t: 40 * t)
    sequence = read_sequence(tmp_path)
    assert sequence.array.shape == (4, 3, 4, 4)
    assert sequence.array[:, :, 0, 0].tolist() == [
        [10 * z + t for z in (1, 2, 3)] for t in range(4)
    ]
    assert sequence.frames[0].geometry.origin_mm[2] == 8
    (remark,) = [r for r in sequence.remarks if r.code == "incomplete-planes"]
    assert "plane 0 lacks phase 3 " in remark.text
    assert "plane 4 lacks phases 0, 1 " in remark.text
    assert "17 images instead of 20" in remark.text


def test_acquisition_times_count_from_the_first_of_each_plane(write_slice, tmp_path):
    cine(write_slice, AcquisitionTime=lambda z, t: f"10{z:02d}{10 + t:02d}.50")
    assert read_sequence(tmp_path).index_values == pytest.approx((0, 1000, 2000, 3000))


def test_planes_that_nothing_tells_apart_are_refused(write_slice, tmp_path):
    cine(write_slice, TriggerTime=lambda z, t: 0)
    with pytest.raises(InputError, match="none of TriggerTime"):
        read_sequence(tmp_path)


def test_echoes_are_split_and_not_taken_for_time(write_slice, tmp_path):
    for n in range(6):
        plane, echo = divmod(n, 2)
        write_slice(
            f"{n}", pixels(n), (0, 0, 3 * plane), Modality="MR", EchoTime=2.0 + echo,
            InstanceNumber=n,
        )  # fmt: skip
    contents = read_series_folder(tmp_path)
    assert [v.array.shape[0] for v in contents.volumes] == [3, 3]
    assert all("split-series" in {r.code for r in v.remarks} for v in contents.volumes)


def test_sequences_and_volumes_are_not_mistaken_for_each_other(write_slice, tmp_path):
    cine(write_slice, TriggerTime=lambda z, t: 40 * t)
    with pytest.raises(InputError, match="4 time frames, expected one volume"):
        read_image(tmp_path)
    with pytest.raises(InputError, match="expected a time sequence"):
        read_sequence(tmp_path / "000")


def test_series_of_one_folder_are_told_apart_also_without_uids(write_slice, tmp_path):
    for n in range(3):
        write_slice(f"a{n}", pixels(n), (0, 0, n))
        write_slice(f"b{n}", pixels(n), (0, 0, n), SeriesInstanceUID="1.2.3")
        write_slice(f"c{n}", pixels(n), (0, 0, n), SeriesInstanceUID="", SeriesNumber=1)
        write_slice(f"d{n}", pixels(n), (0, 0, n), SeriesInstanceUID="", SeriesNumber=2)
        write_slice(f"e{n}", pixels(n), (0, 0, n), SeriesInstanceUID="../x")
    summaries = scan_folder(tmp_path)
    assert sorted(s.number_of_files for s in summaries) == [3] * 5
    assert len({s.series_key for s in summaries}) == 5
    volumes = read_series_folder(tmp_path).volumes
    assert [v.array.shape[0] for v in volumes] == [3] * 5
    illegal = [v for v in volumes if "illegal-uid" in {r.code for r in v.remarks}]
    assert len(illegal) == 1
    with pytest.raises(InputError, match="5 series or stacks"):
        read_image(tmp_path)


def test_orientations_of_one_series_are_told_apart(write_slice, tmp_path):
    for n in range(3):
        write_slice(f"a{n}", pixels(n), (0, 0, n))
        write_slice(f"s{n}", pixels(n), (n, 0, 0), (0, 1, 0, 0, 0, -1))
    volumes = read_series_folder(tmp_path).volumes
    assert [v.array.shape for v in volumes] == [(3, 7, 9)] * 2
    assert "several-grids" in {r.code for r in volumes[0].remarks}


def test_one_broken_slice_is_a_named_gap(write_slice, tmp_path):
    for n in range(5):
        path = write_slice(f"{n}", pixels(n), (0, 0, 3 * n))
        if n == 2:
            path.write_bytes(path.read_bytes()[:-20])
    contents = read_series_folder(tmp_path)
    (volume,) = contents.volumes
    assert [r.code for r in volume.remarks] == ["missing-slices"]
    assert volume.tags["interpolated_planes"] == (2,)
    assert [r.source for r in contents.refused] == [str(tmp_path / "2")]
    assert np.allclose(volume.array[2], (pixels(1) + pixels(3)) / 2)


def test_uneven_slices_are_refused_on_demand(write_slice, tmp_path):
    for n in (0, 1, 2, 4):
        write_slice(f"{n}", pixels(n), (0, 0, 3 * n))
    with pytest.raises(InputError, match="Settings say to refuse"):
        read_image(tmp_path, settings=ReadingSettings(uneven_slices="refuse"))
    assert read_image(tmp_path).array.shape == (5, 7, 9)


@pytest.mark.parametrize(
    ("elements", "message"),
    [
        ({"PixelSpacing": [0, 0]}, "Pixel Spacing is missing or zero"),
        ({"PixelSpacing": None}, "Pixel Spacing is missing or zero"),
        ({"PixelSpacing": [-1, 1]}, "positive distances"),
        ({"ImagePositionPatient": None}, "Position"),
        ({"ImagePositionPatient": ["1", "2", "nan"]}, "decimal numbers"),
        ({"ImageOrientationPatient": [0] * 6}, "unit vectors"),
        ({"RescaleSlope": 0}, "Rescale Slope is zero"),
        ({"BitsStored": 17}, "impossible"),
        ({"SamplesPerPixel": 2}, "SamplesPerPixel"),
        ({"Rows": 8}, "cut short"),
    ],
)
def test_headers_that_cannot_be_right_are_refused(write_slice, elements, message):
    path = write_slice("a.dcm", pixels(0), **elements)
    with pytest.raises(InputError, match=message) as caught:
        read_image(path)
    assert "a.dcm" in str(caught.value)
    assert "Doe" not in str(caught.value)


def test_budget_of_voxels_counts_the_whole_series(write_slice, tmp_path):
    write_stack(write_slice, count=5)
    assert read_image(tmp_path, Limits(max_voxels=5 * 63)).array.size == 5 * 63
    with pytest.raises(InputError, match="more than the limit"):
        read_image(tmp_path, Limits(max_voxels=5 * 63 - 1))


def test_tags_name_no_person_and_keep_the_instances(write_slice, tmp_path):
    write_stack(
        write_slice, PatientSex="F", PatientAge="057Y", BodyPartExamined="CHEST",
        StudyDate="20240131", SeriesDescription="Jane Doe", KVP=120, Manufacturer="ACME",
    )  # fmt: skip
    volume = read_image(tmp_path)
    tags = dict(volume.tags)
    source = tags["dicom_source"]
    assert (tags["patient_sex"], tags["patient_age_years"], tags["body_part"]) == ("F", 57, "CHEST")
    assert (tags["acquisition_date"], tags["peak_voltage_kv"]) == ("2024-01-31", 120)
    assert len(tags["series_key"]) == 16
    assert "Doe" not in repr(tags)
    assert source.series_instance_uid not in repr(tags)
    assert source.slice_of_plane == (0, 1, 2, 3, 4)
    along = [np.dot(p, TURN[:, 2]) for p in source.positions_mm]
    assert along == sorted(along)
    assert len(set(source.sop_instance_uids)) == 5


def test_hash_of_a_file_and_of_a_series(write_slice, tmp_path):
    import hashlib

    write_stack(write_slice, count=2)
    digests = [hashlib.sha256((tmp_path / f"00{n}").read_bytes()).hexdigest() for n in (0, 1)]
    assert read_image(tmp_path / "000").source_sha256 == digests[0]
    joined = hashlib.sha256("\n".join(sorted(digests)).encode()).hexdigest()
    assert read_image(tmp_path).source_sha256 == joined


def test_same_instance_uid_everywhere_loses_no_slice(write_slice, tmp_path):
    uid = generate_uid()
    for n in range(4):
        write_slice(f"{n}", pixels(n), (0, 0, n), SOPInstanceUID=uid)
    assert read_image(tmp_path).array.shape[0] == 4


def test_real_cine_of_240_files(data_dir, tmp_path):
    import tarfile

    archive = data_dir / "cmr_sunnybrook_cine5" / "SC-HF-I-01_dicom.tar.xz"
    if not archive.is_file():
        pytest.skip("no cine among the test images")
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path, filter="data")
    sequence = read_sequence(tmp_path)
    assert sequence.array.shape == (20, 12, 256, 256)
    geometry = sequence.frames[0].geometry
    assert geometry.spacing_mm == pytest.approx((1.367188, 1.367188, 10.0), abs=1e-3)
    assert (sequence.index_name, sequence.index_unit) == ("time", "ms")
    assert np.diff(sequence.index_values) == pytest.approx([37.97] * 19, abs=0.3)
    codes = {r.code for r in sequence.remarks}
    assert codes == {"illegal-uid", "time-sequence"}
    assert "told apart by TriggerTime" in sequence.remarks[-1].text
    tags = sequence.frames[0].tags
    assert tags["field_strength_t"] == 1.5
    assert "acquisition_date" not in tags
    # The planes of the index: numbers 1, 21, ... of phase 0.
    import pydicom

    with pydicom.config.disable_value_validation():
        for plane in (0, 7):
            path = next(tmp_path.rglob(f"{20 * plane + 1:04d}.dcm"))
            truth = pydicom.dcmread(path)
            index = geometry.indices(np.array(truth.ImagePositionPatient, float))
            assert np.allclose(index[:2], 0, atol=1e-3)
            array = sequence.frames[0].array[round(index[2])]
            assert np.array_equal(array, truth.pixel_array)


def test_settings_outside_of_their_range_are_refused():
    from MedImageLib.errors import SettingsError

    with pytest.raises(SettingsError, match="uneven_slices"):
        ReadingSettings(uneven_slices="guess")


def test_geometry_errors_are_input_errors():
    assert issubclass(GeometryError, InputError)
