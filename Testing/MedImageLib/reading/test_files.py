"""NIfTI, NRRD, MetaImage and pictures against independent readers and known truth."""

from __future__ import annotations

import struct

import nibabel
import numpy as np
import pytest
import SimpleITK
from PIL import Image
from scipy.spatial.transform import Rotation

from MedImageLib.errors import GeometryError, InputError
from MedImageLib.reading import read_image, read_sequence, read_series_folder, scan_folder

TURN = Rotation.from_euler("zyx", (25, -40, 60), degrees=True).as_matrix()
DATA = np.random.default_rng(5).integers(-500, 500, (4, 5, 6)).astype(np.int16)
LPS_FROM_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


def codes(image):
    return {remark.code for remark in image.remarks}


def itk_image(data=DATA):
    image = SimpleITK.GetImageFromArray(data)
    image.SetSpacing((1.5, 2.0, 2.5))
    image.SetOrigin((-10.0, 20.0, -30.0))
    image.SetDirection(TURN.ravel().tolist())
    return image


@pytest.mark.parametrize("flip", [1.0, -1.0])
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".nrrd", ".mha", ".mhd"])
def test_oblique_volumes_written_by_itk(tmp_path, suffix, flip):
    image = itk_image()
    image.SetDirection((TURN * [1, 1, flip]).ravel().tolist())
    path = tmp_path / f"a{suffix}"
    SimpleITK.WriteImage(image, str(path))
    volume = read_image(path)
    assert np.array_equal(volume.array, DATA)
    assert volume.array.dtype == np.int16
    assert volume.geometry.spacing_mm == pytest.approx((1.5, 2.0, 2.5), abs=1e-5)
    assert volume.geometry.origin_mm == pytest.approx((-10, 20, -30), abs=1e-4)
    assert np.allclose(volume.geometry.direction, TURN * [1, 1, flip], atol=1e-5)
    assert volume.geometry.spacing_known
    assert len(volume.source_sha256) == 64


def test_nifti_written_by_nibabel_has_the_affine_in_lps(tmp_path):
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = TURN * [1.5, 2.0, 2.5], (7, 8, 9)
    image = nibabel.Nifti1Image(DATA.T, affine)
    image.header.set_xyzt_units("mm", "sec")
    nibabel.save(image, tmp_path / "a.nii.gz")
    volume = read_image(tmp_path / "a.nii.gz")
    assert np.allclose(volume.geometry.lps_from_index, LPS_FROM_RAS @ affine, atol=1e-5)
    assert np.array_equal(volume.array, DATA)
    assert volume.remarks == ()


@pytest.mark.parametrize(
    ("unit", "scale"), [("meter", 1000.0), ("micron", 0.001), ("unknown", 1.0)]
)
def test_nifti_in_other_units(tmp_path, unit, scale):
    image = nibabel.Nifti1Image(DATA.T, np.diag([2.0, 2.0, 2.0, 1.0]))
    image.header.set_xyzt_units(unit)
    nibabel.save(image, tmp_path / "a.nii")
    volume = read_image(tmp_path / "a.nii")
    assert volume.geometry.spacing_mm == pytest.approx([2.0 * scale] * 3)
    assert codes(volume) == {"unit-assumed"}


def test_nifti_scale_factors_are_applied(tmp_path):
    image = nibabel.Nifti1Image(DATA.T, np.eye(4))
    image.header.set_xyzt_units("mm")
    image.header.set_slope_inter(0.5, 10)
    nibabel.save(image, tmp_path / "a.nii")
    assert np.allclose(read_image(tmp_path / "a.nii").array, DATA * 0.5 + 10)


def sheared():
    affine = np.eye(4)
    affine[0, 1] = 0.3
    return affine


def test_sheared_nifti_takes_the_qform_or_is_refused(tmp_path):
    image = nibabel.Nifti1Image(DATA.T, sheared())
    image.header.set_xyzt_units("mm")
    image.set_qform(None, 0)
    nibabel.save(image, tmp_path / "a.nii")
    with pytest.raises(GeometryError, match="orthogonal grid"):
        read_image(tmp_path / "a.nii")
    image.set_qform(np.diag([1.0, 1.0, 3.0, 1.0]), 1)
    nibabel.save(image, tmp_path / "b.nii")
    volume = read_image(tmp_path / "b.nii")
    assert codes(volume) == {"sform-sheared"}
    assert volume.geometry.spacing_mm == pytest.approx((1, 1, 3))


def test_not_finite_values_are_counted_and_put_to_zero(tmp_path):
    data = DATA.T.astype(np.float32)
    data[0, 0, 0], data[1, 0, 0] = np.nan, np.inf
    image = nibabel.Nifti1Image(data, np.eye(4))
    image.header.set_xyzt_units("mm")
    nibabel.save(image, tmp_path / "a.nii")
    volume = read_image(tmp_path / "a.nii")
    assert codes(volume) == {"not-finite"}
    assert volume.array[0, 0, 0] == volume.array[0, 0, 1] == 0


@pytest.mark.parametrize(
    ("unit", "step", "times", "known"),
    [
        ("msec", 40.0, (0, 40, 80), True),
        ("sec", 0.04, (0, 40, 80), True),
        ("unknown", 40.0, (0, 1, 2), False),
        ("sec", 0.0, (0, 1, 2), False),
    ],
)
def test_time_of_4d_nifti(tmp_path, unit, step, times, known):
    data = np.stack([DATA + n for n in range(3)])
    image = nibabel.Nifti1Image(data.T, np.eye(4))
    image.header.set_xyzt_units("mm", unit)
    image.header["pixdim"][4] = step
    nibabel.save(image, tmp_path / "a.nii")
    sequence = read_sequence(tmp_path / "a.nii")
    assert np.array_equal(sequence.array, data)
    assert sequence.index_values == pytest.approx(times)
    assert sequence.index_unit == ("ms" if known else "1")
    assert ("time-unknown" in codes(sequence)) is not known
    with pytest.raises(InputError, match="read it as a sequence"):
        read_image(tmp_path / "a.nii")


def write_sequence_nrrd(path, data, last=False):
    """A sequence as Slicer writes it: one axis of kind list."""
    axes = ["(1.5,0,0)", "(0,2,0)", "(0,0,2.5)"]
    kinds, sizes = ["domain"] * 3, [str(n) for n in data.shape[:0:-1]]
    at = len(axes) if last else 0
    axes.insert(at, "none")
    kinds.insert(at, "list")
    sizes.insert(at, str(data.shape[0]))
    stored = data if last else np.moveaxis(data, 0, -1)
    header = "\n".join(
        [
            "NRRD0005", "type: short", "dimension: 4", "space: left-posterior-superior",
            f"sizes: {' '.join(sizes)}", f"space directions: {' '.join(axes)}",
            f"kinds: {' '.join(kinds)}", "endian: little", "encoding: raw",
            "space origin: (1,2,3)", "axis 0 index type:=numeric", "axis 0 index unit:=ms",
            "axis 0 index values:=0 25 60", "", "",
        ]
    )  # fmt: skip
    path.write_bytes(header.encode() + stored.astype("<i2").tobytes())


@pytest.mark.parametrize("last", [False, True])
def test_sequence_nrrd(tmp_path, last):
    data = np.stack([DATA + n for n in range(3)])
    write_sequence_nrrd(tmp_path / "a.seq.nrrd", data, last)
    sequence = read_sequence(tmp_path / "a.seq.nrrd")
    assert np.array_equal(sequence.array, data)
    assert sequence.frames[0].geometry.spacing_mm == pytest.approx((1.5, 2.0, 2.5))
    assert sequence.frames[0].geometry.origin_mm == pytest.approx((1, 2, 3))
    assert sequence.index_values == (0, 25, 60)
    assert (sequence.index_name, sequence.index_unit) == ("time", "ms")


def test_nrrd_without_spacing_says_so(tmp_path):
    (tmp_path / "a.nrrd").write_bytes(
        b"NRRD0001\ntype: unsigned char\ndimension: 3\nsizes: 2 3 4\nencoding: raw\n\n" + bytes(24)
    )
    volume = read_image(tmp_path / "a.nrrd")
    assert volume.array.shape == (4, 3, 2)
    assert not volume.geometry.spacing_known
    assert codes(volume) == {"spacing-unknown"}


@pytest.mark.parametrize(
    "name",
    [
        "ct_abdomen_totalseg/ts_abdomen_ct.nrrd",
        "cmr_cine_nifti4d/SC-HF-I-02_s04-06_20phases.nii.gz",
    ],
)
def test_real_files_agree_with_itk(data_dir, name):
    path = data_dir / name
    if not path.is_file():
        pytest.skip(f"no {path.name} among the test images")
    image = SimpleITK.ReadImage(str(path))
    array = SimpleITK.GetArrayFromImage(image)
    ours = read_image(path) if image.GetDimension() == 3 else read_sequence(path)
    geometry = ours.geometry if image.GetDimension() == 3 else ours.frames[0].geometry
    matrix = np.array(image.GetDirection()).reshape([image.GetDimension()] * 2)[:3, :3]
    assert np.allclose(ours.array, array)
    assert np.allclose(geometry.direction, matrix, atol=1e-5)
    assert geometry.spacing_mm == pytest.approx(image.GetSpacing()[:3], rel=1e-5)
    assert geometry.origin_mm == pytest.approx(image.GetOrigin()[:3], abs=1e-3)


GRAY = np.arange(80, dtype=np.uint8).reshape(8, 10)
RAMP = np.arange(80, dtype=np.uint16).reshape(8, 10) * 800
COLOR = np.stack([GRAY, GRAY // 2, 255 - GRAY], axis=-1)


@pytest.mark.parametrize(
    ("name", "picture", "wanted", "color"),
    [
        ("l.png", Image.fromarray(GRAY), GRAY, False),
        ("l16.png", Image.fromarray(RAMP), RAMP, False),
        ("gray.png", Image.fromarray(np.dstack([GRAY] * 3)), GRAY, False),
        ("rgba.png", Image.fromarray(np.dstack([GRAY] * 3 + [np.full_like(GRAY, 255)])), GRAY,
         False),
        ("la.png", Image.fromarray(GRAY).convert("LA"), GRAY, False),
        ("palette.png", Image.fromarray(GRAY).convert("P"), GRAY, False),
        ("bits.png", Image.fromarray(GRAY > 40), (GRAY > 40) * 255, False),
        ("color.png", Image.fromarray(COLOR), None, True),
        ("color.jpg", Image.fromarray(COLOR), None, True),
    ],
)  # fmt: skip
def test_pictures(tmp_path, name, picture, wanted, color):
    picture.save(tmp_path / name)
    volume = read_image(tmp_path / name)
    assert volume.array.shape == (1, 8, 10)
    assert volume.tags["color"] is color
    assert not volume.geometry.spacing_known
    assert codes(volume) == {"spacing-unknown"} | ({"color-picture"} if color else set())
    if wanted is not None:
        assert np.array_equal(volume.array[0], wanted)


def test_gray_jpeg_and_transparency(tmp_path):
    Image.fromarray(GRAY).save(tmp_path / "a.jpg", quality=95)
    volume = read_image(tmp_path / "a.jpg")
    assert np.abs(volume.array[0].astype(int) - GRAY).max() < 8
    alpha = np.full_like(GRAY, 255)
    alpha[0] = 0
    Image.fromarray(np.dstack([GRAY] * 3 + [alpha])).save(tmp_path / "b.png")
    assert "transparency" in codes(read_image(tmp_path / "b.png"))


@pytest.mark.parametrize("orientation", range(2, 9))
def test_exif_orientation_as_pillow_turns_it(tmp_path, orientation):
    from PIL import ImageOps

    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(GRAY).save(tmp_path / "a.png", exif=exif)
    volume = read_image(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as picture:
        assert np.array_equal(volume.array[0], np.asarray(ImageOps.exif_transpose(picture)))
    assert "exif-orientation" in codes(volume)


def test_mixed_folder(tmp_path, write_slice):
    write_slice("dicom/a", np.ones((3, 3), np.int16))
    SimpleITK.WriteImage(itk_image(), str(tmp_path / "v.nrrd"))
    Image.fromarray(GRAY).save(tmp_path / "p.png")
    (tmp_path / "README.md").write_text("no image")
    (tmp_path / ".hidden.dcm").write_text("no image")
    (tmp_path / "bad.dcm").write_text("no image")
    (tmp_path / "bad.nii").write_bytes(struct.pack("<i", 348))
    contents = read_series_folder(tmp_path)
    assert len(contents.volumes) == 3
    assert sorted(r.source.rsplit("/", 1)[-1] for r in contents.refused) == ["bad.dcm", "bad.nii"]
    kinds = sorted(s.kind for s in scan_folder(tmp_path))
    assert kinds == ["image", "nifti", "nrrd", "png", "unreadable"]


AWKWARD_COLOR = {"aw_colour_photo.png"}


def test_awkward_pictures(data_dir):
    folder = data_dir / "cxr_awkward" / "images"
    if not folder.is_dir():
        pytest.skip("no awkward radiographs among the test images")
    volumes = {path.name: read_image(path) for path in sorted(folder.iterdir())}
    assert len(volumes) == 27
    assert {name for name, v in volumes.items() if v.tags["color"]} == AWKWARD_COLOR
    assert volumes["aw_16bit.png"].array.dtype == np.uint16
    assert volumes["aw_16bit.png"].array.max() == 4080
    assert volumes["aw_rgba.png"].array.shape == (1, 165, 192)
    assert volumes["aw_constant.png"].array.std() == 0
    assert not any(v.geometry.spacing_known for v in volumes.values())


def test_negatives_of_mr(data_dir):
    folder = data_dir / "mr_negatives"
    if not folder.is_dir():
        pytest.skip("no negatives among the test images")
    epi = read_image(folder / "brain_epi_ge")
    assert epi.array.shape == (15, 64, 64)
    assert epi.geometry.spacing_mm[:2] == pytest.approx((3.75, 3.75))
    assert len(read_series_folder(folder / "brain_t1_slices").volumes) == 12
    with pytest.raises(InputError, match="no functional groups"):
        read_image(folder / "enhanced_mr_head_10frames.dcm")
