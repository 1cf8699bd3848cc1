"""Radiographs: gray scale the right way round, spacing from the right element."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ComputedRadiographyImageStorage, SecondaryCaptureImageStorage

from MedImageLib.errors import InputError
from MedImageLib.reading import ReadingSettings, read_image, read_series_folder

STORED = np.arange(0, 60, dtype=np.uint16).reshape(6, 10)
NO_PLACE = {"ImagePositionPatient": None, "ImageOrientationPatient": None}


@pytest.fixture
def write_radiograph(write_slice):
    def write(name="cr.dcm", stored=STORED, **elements):
        settings = {"Modality": "CR", "SOPClassUID": ComputedRadiographyImageStorage, **NO_PLACE}
        settings |= {"BitsStored": 12, "HighBit": 11, **elements}
        return write_slice(name, stored, **settings)

    return write


def codes(volume):
    return {remark.code for remark in volume.remarks}


@pytest.mark.parametrize(
    ("elements", "spacing", "known", "code"),
    [
        ({"PixelSpacing": [0.2, 0.1]}, (0.1, 0.2, 1.0), True, None),
        ({"PixelSpacing": None, "ImagerPixelSpacing": [0.2, 0.1]}, (0.1, 0.2, 1.0), True,
         "spacing-at-detector"),
        ({"PixelSpacing": [0, 0], "ImagerPixelSpacing": [0.2, 0.1]}, (0.1, 0.2, 1.0), True,
         "spacing-at-detector"),
        ({"PixelSpacing": [0, 0]}, (1.0, 1.0, 1.0), False, "spacing-unknown"),
        ({"PixelSpacing": None}, (1.0, 1.0, 1.0), False, "spacing-unknown"),
    ],
)  # fmt: skip
def test_spacing(write_radiograph, elements, spacing, known, code):
    volume = read_image(write_radiograph(**elements))
    assert volume.geometry.spacing_mm == pytest.approx(spacing)
    assert volume.geometry.spacing_known is known
    assert codes(volume) == ({code} if code else set())
    assert volume.tags["color"] is False


def test_monochrome1_is_turned_over_within_the_stored_bits(write_radiograph):
    volume = read_image(write_radiograph(PhotometricInterpretation="MONOCHROME1"))
    assert np.array_equal(volume.array[0], 4095 - STORED.astype(int))
    assert "monochrome1" in codes(volume)


def test_modality_rescale_then_turned_over(write_radiograph):
    volume = read_image(
        write_radiograph(
            PhotometricInterpretation="MONOCHROME1", RescaleSlope=2, RescaleIntercept=10
        )
    )
    assert np.array_equal(volume.array[0], (4095 - STORED.astype(int)) * 2 + 10)


def test_window_only_when_asked_for(write_radiograph):
    path = write_radiograph(WindowCenter=30, WindowWidth=21)
    assert np.array_equal(read_image(path).array[0], STORED)
    shown = read_image(path, settings=ReadingSettings(apply_voi=True))
    assert codes(shown) == {"voi-applied"}
    flat = shown.array[0].ravel()
    assert np.all(np.diff(flat) >= 0)
    assert flat[10] == flat[18] == flat.min()
    assert flat[41] == flat[59] == flat.max()


def test_lookup_table_of_the_modality(write_radiograph):
    table = Dataset()
    table.LUTDescriptor, table.ModalityLUTType = [64, 0, 16], "US"
    table.LUTData = (np.arange(64) ** 2).astype(np.uint16).tobytes()
    volume = read_image(write_radiograph(ModalityLUTSequence=[table]))
    assert np.array_equal(volume.array[0], STORED.astype(int) ** 2)


def test_every_radiograph_of_a_series_is_its_own_volume(write_radiograph, tmp_path):
    write_radiograph("a.dcm")
    write_radiograph("b.dcm", STORED + 1)
    assert [v.array.shape for v in read_series_folder(tmp_path).volumes] == [(1, 6, 10)] * 2


def test_color_secondary_capture_is_flagged_and_kept_out_of_folders(write_slice, tmp_path):
    colors = np.zeros((6, 10, 3), np.uint8)
    colors[..., 0] = 200
    path = write_slice(
        "sc.dcm", colors, Modality="OT", SOPClassUID=SecondaryCaptureImageStorage, Rows=6,
        Columns=10, SamplesPerPixel=3, PhotometricInterpretation="RGB", PlanarConfiguration=0,
        **NO_PLACE,
    )  # fmt: skip
    volume = read_image(path)
    assert volume.tags["color"] is True
    assert {"color-picture", "secondary-capture"} <= codes(volume)
    assert np.allclose(volume.array, 0.299 * 200)
    contents = read_series_folder(tmp_path)
    assert contents.images == ()
    assert [o.kind for o in contents.objects] == ["secondary-capture"]


def test_frames_without_a_place_are_refused(write_slice):
    path = write_slice("us.dcm", np.zeros((6, 10), np.uint8), Modality="US", NumberOfFrames=2)
    with pytest.raises(InputError, match="no functional groups"):
        read_image(path)


def test_real_chest_of_a_dark_is_high_scale(data_dir):
    path = data_dir / "cxr_awkward" / "dicom" / "aw_cr_chest_mono1_j2k.dcm"
    if not path.is_file():
        pytest.skip("no awkward radiographs among the test images")
    volume = read_image(path)
    assert volume.array.shape == (1, 1955, 1841)
    assert not volume.geometry.spacing_known
    assert codes(volume) == {"monochrome1", "spacing-unknown"}
    assert volume.tags["view_position"] == "PA"
    image = volume.array[0].astype(float)
    # Lungs are dark beside the bright middle once the scale is turned over.
    middle = image[900:1100, 850:1000].mean()
    lung = min(image[700:900, 400:550].mean(), image[700:900, 1250:1400].mean())
    assert middle > lung
