"""Enhanced multi-frame objects: place, time and rescale of every frame from its groups."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
import SimpleITK
from pydicom.dataset import Dataset
from pydicom.uid import EnhancedMRImageStorage

from MedImageLib.errors import InputError
from MedImageLib.reading import read_image, read_sequence, read_series_folder


def group(**elements):
    item = Dataset()
    for keyword, value in elements.items():
        setattr(item, keyword, value)
    return item


def frame_groups(z, delay_ms=None, slope=None, echo_ms=None):
    groups = Dataset()
    groups.PlanePositionSequence = [group(ImagePositionPatient=[1.0, 2.0, z])]
    if delay_ms is not None:
        groups.CardiacSynchronizationSequence = [group(NominalCardiacTriggerDelayTime=delay_ms)]
    if slope is not None:
        groups.PixelValueTransformationSequence = [
            group(RescaleSlope=slope, RescaleIntercept=0, RescaleType="US")
        ]
    if echo_ms is not None:
        groups.MREchoSequence = [group(EffectiveEchoTime=echo_ms)]
    return groups


@pytest.fixture
def write_enhanced(write_slice):
    def write(frames, per_frame, name="enhanced.dcm", **elements):
        shared = Dataset()
        shared.PixelMeasuresSequence = [group(PixelSpacing=[2.0, 1.5], SliceThickness=4.0)]
        shared.PlaneOrientationSequence = [group(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])]
        return write_slice(
            name, frames, Modality="MR", SOPClassUID=EnhancedMRImageStorage,
            NumberOfFrames=len(frames), SharedFunctionalGroupsSequence=[shared],
            PerFrameFunctionalGroupsSequence=per_frame, ImagePositionPatient=None,
            ImageOrientationPatient=None, PixelSpacing=None, SliceThickness=None, **elements,
        )  # fmt: skip

    return write


FRAMES = np.arange(6 * 12, dtype=np.uint16).reshape(6, 3, 4)


def test_frames_in_any_order_are_stacked_by_position(write_enhanced):
    heights = [20.0, 0.0, 12.0, 4.0, 16.0, 8.0]
    volume = read_image(write_enhanced(FRAMES, [frame_groups(z) for z in heights]))
    assert np.array_equal(volume.array, FRAMES[np.argsort(heights)])
    assert volume.geometry.spacing_mm == (1.5, 2.0, 4.0)
    assert volume.geometry.origin_mm == (1, 2, 0)
    source = volume.tags["dicom_source"]
    assert source.frame_numbers == tuple(np.argsort(heights) + 1)


def test_each_frame_keeps_its_own_rescale(write_enhanced):
    path = write_enhanced(FRAMES, [frame_groups(4.0 * n, slope=n + 0.5) for n in range(6)])
    wanted = FRAMES * (np.arange(6) + 0.5)[:, None, None]
    assert np.allclose(read_image(path).array, wanted)


def test_cine_by_trigger_delay(write_enhanced):
    per_frame = [frame_groups(8.0 * (n % 2), delay_ms=30.0 * (n // 2)) for n in range(6)]
    sequence = read_sequence(write_enhanced(FRAMES, per_frame))
    assert sequence.array.shape == (3, 2, 3, 4)
    assert np.array_equal(sequence.array.reshape(6, 3, 4), FRAMES)
    assert sequence.index_values == (0, 30, 60)
    assert (sequence.index_name, sequence.index_unit) == ("time", "ms")


def test_echoes_become_volumes_of_their_own(write_enhanced, tmp_path):
    write_enhanced(FRAMES, [frame_groups(4.0 * (n // 2), echo_ms=5.0 * (n % 2)) for n in range(6)])
    volumes = read_series_folder(tmp_path).volumes
    assert [v.array.shape for v in volumes] == [(3, 3, 4)] * 2
    assert np.array_equal(volumes[1].array, FRAMES[1::2])


@pytest.mark.parametrize(
    ("per_frame", "message"),
    [
        ([], "no functional groups"),
        ([frame_groups(0.0)] * 5, "6 frames but 5 functional groups"),
        ([Dataset()] * 6, "Position"),
    ],
)
def test_frames_without_a_place_are_refused(write_enhanced, per_frame, message):
    with pytest.raises(InputError, match=message):
        read_image(write_enhanced(FRAMES, per_frame))


def test_real_enhanced_mr_lies_where_its_groups_say_and_where_gdcm_reads_it(odd_files):
    path = odd_files / "enhanced_seg/siemens_xa10_enhanced_mr.dcm"
    volume = read_image(path)
    with pydicom.config.disable_value_validation():
        dataset = pydicom.dcmread(path)
    for n, item in enumerate(dataset.PerFrameFunctionalGroupsSequence):
        position = np.array(item.PlanePositionSequence[0].ImagePositionPatient, float)
        index = volume.geometry.indices(position)
        assert np.allclose(index[:2], 0, atol=0.01)
        assert np.array_equal(volume.array[round(index[2])], dataset.pixel_array[n])
    image = SimpleITK.ReadImage(str(path), imageIO="GDCMImageIO")
    assert volume.geometry.spacing_mm == pytest.approx(image.GetSpacing(), abs=1e-3)
    assert volume.geometry.origin_mm == pytest.approx(image.GetOrigin(), abs=1e-3)
