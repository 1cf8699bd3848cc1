"""Every row of the archive of odd DICOM files ends as its index expects.

The table is our own judgment of each row: read right, flagged, classified or refused, and how it
says so. A row that is new in the index or gone from it fails.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pydicom
import pytest

from MedImageLib.errors import InputError
from MedImageLib.reading import read_image, read_series_folder
from MedImageLib.reading.dicom_header import read_header


@dataclass(frozen=True)
class Read:
    """The file or folder gives volumes of these shapes with exactly these remarks."""

    shapes: list[tuple[int, int, int]]
    codes: set[str] = field(default_factory=set)
    refused: int = 0
    values: tuple[float, float] | None = None


@dataclass(frozen=True)
class Other:
    """The file is classified as this kind of object and gives no volume."""

    kind: str


@dataclass(frozen=True)
class Refuse:
    """The file is refused with a message of this pattern."""

    pattern: str


MR_SMALL = Read([(1, 64, 64)], values=(127, 2145))
CAPTURE = {"secondary-capture"}
NO_SPACING = CAPTURE | {"spacing-unknown"}
NM = Read([(1, 1024, 256)], CAPTURE | {"no-place"})
NAMES = Read([(1, 32, 32)], NO_SPACING)
STACK = Read([(14, 64, 64)], values=(-1024, 753))
NO_GROUPS = Refuse("no functional groups")
PET = (12, 34, 37)
CUT = "cut short"

CHARSETS = [
    "Arab", "Fren", "FrenMulti", "Germ", "Greek", "H31", "H32", "Hbrw", "I2", "Russ", "X1", "X2",
]  # fmt: skip
STRUCTURE_SETS = [
    "rtutils_mock_data_invalid_reference_rt",
    "rtutils_mock_data_non_existent_reference_rt",
    "rtutils_mock_data_rt",
    "roi_without_contours",
    "contour_data_not_multiple_of_3",
    "two_point_contour",
    "contour_between_slices",
    "inner_contours_hole",
    "roi_name_hostile",
    "roi_number_dangling",
    "other_frame_of_reference",
]

TABLE: dict[str, Read | Other | Refuse] = {
    "transfer_syntax/MR_small.dcm": MR_SMALL,
    "transfer_syntax/MR_small_RLE.dcm": MR_SMALL,
    "transfer_syntax/MR_small_bigendian.dcm": MR_SMALL,
    "transfer_syntax/MR_small_implicit.dcm": MR_SMALL,
    "transfer_syntax/MR_small_jp2klossless.dcm": MR_SMALL,
    "transfer_syntax/MR_small_jpeg_ls_lossless.dcm": MR_SMALL,
    "transfer_syntax/MR_small_expb.dcm": MR_SMALL,
    "transfer_syntax/JPEG-lossy.dcm": NM,
    "transfer_syntax/JPGExtended.dcm": NM,
    "transfer_syntax/JPEG2000.dcm": NM,
    "transfer_syntax/JPEGLSNearLossless_16.dcm": Read([(1, 50, 10)], NO_SPACING),
    "transfer_syntax/image_dfl.dcm": Read([(1, 512, 512)], NO_SPACING),
    "transfer_syntax/CT_small.dcm": Read([(1, 128, 128)], values=(-896, 1167)),
    "transfer_syntax/693_J2KI.dcm": Read([(1, 512, 512)]),
    "transfer_syntax/J2K_pixelrep_mismatch.dcm": Read([(1, 512, 512)], values=(-2000, 1896)),
    "transfer_syntax/GDCMJ2K_TextGBR.dcm": Read([(1, 400, 400)], NO_SPACING | {"color-picture"}),
    "transfer_syntax/JPEG-LL.dcm": NM,
    "transfer_syntax/JLSL_16_15_1_1F.dcm": Read(
        [(1, 128, 128)], NO_SPACING, values=(-16384, 16383)
    ),
    "transfer_syntax/HTJ2K_08_RGB.dcm": Read([(1, 480, 640)], NO_SPACING | {"color-picture"}),
    "transfer_syntax/liver_deflate.dcm": Other("SEG"),
    "transfer_syntax/liver_j2k.dcm": Other("SEG"),
    "transfer_syntax/liver_nonbyte_aligned.dcm": Other("SEG"),
    "broken/MR_truncated.dcm": Refuse(CUT),
    "broken/ExplVR_BigEndNoMeta.dcm": Other("RTPLAN"),
    "broken/ExplVR_LitEndNoMeta.dcm": Other("RTPLAN"),
    # Begins one byte late, so that no element can be told: not even forced reading finds any.
    "broken/no_meta.dcm": Refuse("neither DICOM"),
    "broken/meta_missing_tsyntax.dcm": Other("unknown"),
    "broken/no_meta_group_length.dcm": Other("RTIMAGE"),
    "broken/badVR.dcm": Other("RTDOSE"),
    "broken/UN_sequence.dcm": Refuse("Rows and Columns are missing"),
    "broken/MR_small_padded.dcm": MR_SMALL,
    "broken/nested_priv_SQ.dcm": Other("unknown"),
    "broken/empty_charset_LEI.dcm": Other("unknown"),
    "other_objects/SC_rgb_small_odd.dcm": Other("secondary-capture"),
    "other_objects/SC_rgb_rle.dcm": Other("secondary-capture"),
    "broken/rtplan_truncated.dcm": Refuse(CUT),
    "other_objects/rtdose.dcm": Other("RTDOSE"),
    "other_objects/rtplan.dcm": Other("RTPLAN"),
    "other_objects/rtstruct.dcm": Other("RTSTRUCT"),
    "other_objects/reportsi.dcm": Other("SR"),
    "other_objects/test-SR.dcm": Other("SR"),
    # The delimiter was written over the width in the codestream: the data set is read to its
    # end, the pixels are beyond repair.
    "broken/JPEG2000-embedded-sequence-delimiter.dcm": Refuse("1024 x 3722445056"),
    "other_objects/waveform_ecg.dcm": Other("waveform"),
    "broken/bad_sequence.dcm": Read([(1, 512, 512)], {"illegal-uid"}),
    "broken/emri_small_jpeg_2k_lossless_too_short.dcm": NO_GROUPS,
    "enhanced_seg/emri_small.dcm": NO_GROUPS,
    "enhanced_seg/emri_small_RLE.dcm": NO_GROUPS,
    "enhanced_seg/emri_small_jpeg_ls_lossless.dcm": NO_GROUPS,
    "enhanced_seg/eCT_Supplemental.dcm": Read([(2, 512, 512)], {"not-hounsfield"}),
    "enhanced_seg/liver.dcm": Other("SEG"),
    "enhanced_seg/parametric_map_float.dcm": Read([(1, 128, 128)]),
    "enhanced_seg/color-pl.dcm": Other("color-picture"),
    "other_objects/examples_palette.dcm": Other("color-picture"),
    **{
        f"charset/chr{name}.dcm": NAMES
        for name in [
            "Arab",
            "Fren",
            "FrenMulti",
            "Germ",
            "Greek",
            "H31",
            "H32",
            "Hbrw",
            "I2",
            "Russ",
            "X1",
            "X2",
        ]
    },
    "charset/chrJapMulti.dcm": Refuse("no Pixel Data"),
    "charset/chrJapMultiExplicitIR6.dcm": Refuse("no Pixel Data"),
    "charset/chrKoreanMulti.dcm": Refuse("no Pixel Data"),
    "charset/chrSQEncoding.dcm": Refuse("Rows and Columns are missing"),
    "charset/chrSQEncoding1.dcm": Refuse("Rows and Columns are missing"),
    "dicomdir_tree/": Read([(1, 16, 16)] * 19 + [(5, 16, 16)], {"several-grids", "localizer"}),
    "series/ge_tilt_variable/": Read([(37, 116, 96)], {"gantry-tilt", "unequal-spacing"}),
    "series/philips_tilt_minus/": Read([(24, 69, 64)], {"gantry-tilt"}),
    "series/philips_tilt_plus/": Read([(24, 70, 64)], {"gantry-tilt"}),
    "series/clean_reference/": STACK,
    "series/missing_slices/": Read([(14, 64, 64)], {"missing-slices"}),
    "series/duplicate_slices/": Read([(14, 64, 64)], {"duplicate-slices"}, values=(-1024, 753)),
    "series/unequal_spacing/": Read([(20, 64, 64)], {"unequal-spacing"}),
    "series/monochrome1/": Read([(14, 64, 64)], {"monochrome1"}),
    "series/unsigned_offset/": STACK,
    "series/upper_bits_dirty/": STACK,
    "series/per_slice_rescale/": Read([(14, 64, 64)]),
    "series/two_series_one_folder/": Read([(8, 64, 64)] * 2),
    "series/localizer_in_series/": Read(
        [(14, 64, 64)], {"localizer-left-out"}, values=(-1024, 753)
    ),
    "series/no_instance_number/": STACK,
    "series/reversed_numbers/": STACK,
    "series/odd_matrix/": Read([(14, 64, 64)], {"odd-matrix", "missing-slices"}),
    "series/missing_geometry/": Read(
        [(14, 64, 64)], {"missing-geometry", "missing-slices"}, refused=3
    ),
    "series/feet_first_label_only/": STACK,
    "series/flipped_axes/": STACK,
    "series/oblique_30deg/": STACK,
    "series/utf8_names/": Read([(4, 64, 64)]),
    "series/wrong_charset/": Read([(3, 64, 64)]),
    "broken/zero_byte.dcm": Refuse("is empty"),
    "broken/not_dicom_text.dcm": Refuse("neither DICOM"),
    "broken/preamble_only.dcm": Refuse("no DICOM elements"),
    "broken/cut_in_header.dcm": Refuse(CUT),
    "broken/cut_in_pixels.dcm": Refuse(CUT),
    "broken/extra_bytes_after.dcm": Read([(1, 64, 64)]),
    "broken/random_bytes.dcm": Refuse("neither DICOM"),
    "broken/dicm_then_random.dcm": Refuse(CUT),
    "broken/huge_rows_columns.dcm": Refuse("more than the limit"),
    "broken/huge_frames.dcm": Refuse("more than the limit"),
    "broken/huge_pixel_length.dcm": Refuse("4294967280 bytes declared"),
    "broken/undefined_length_no_end.dcm": Refuse(CUT),
    "broken/zero_spacing.dcm": Refuse("Pixel Spacing is missing or zero"),
    "broken/degenerate_orientation.dcm": Refuse("perpendicular"),
    "broken/decimal_comma.dcm": Refuse("expected decimal numbers"),
    "broken/nested_300.dcm": Refuse("nested"),
    "pet/suv_already_gml/": Read([PET], {"suv-in-file"}),
    "pet/bqml_with_suv_tags/": Read([PET], {"suv-computed"}),
    "pet/bqml_without_suv_tags/": Read([PET], {"suv-not-computed"}),
    "pet/bqml_zero_weight/": Read([PET], {"suv-not-computed"}),
    "pet/counts_units/": Read([PET], {"suv-not-computed"}),
    "pet/bqml_over_midnight/": Read([PET], {"suv-computed"}),
    "enhanced_seg/siemens_xa10_enhanced_mr.dcm": Read([(6, 64, 64)], values=(0, 1199)),
    "enhanced_seg/concatenation/": Read([(6, 64, 64)], values=(0, 1199)),
    "series/empty_series_uid_j2k/": Read([(3, 512, 512)]),
    "other_objects/suyashkumar_1.dcm": Read([(1, 168, 168)], {"suv-computed"}),
    "other_objects/suyashkumar_3.dcm": Read([(1, 176, 176)]),
    **{
        f"rtstruct/rtutils_oriented_data_{n}.dcm": Read(
            [(1, 50, 100)], {"not-hounsfield", "slice-thickness-unknown"}
        )
        for n in range(3)
    },
    # What is wrong inside these is checked in test_rtstruct_check.py.
    **{
        f"rtstruct/{name}.dcm": Other("RTSTRUCT")
        for name in [
            "rtutils_mock_data_invalid_reference_rt",
            "rtutils_mock_data_non_existent_reference_rt",
            "rtutils_mock_data_rt",
            "roi_without_contours",
            "contour_data_not_multiple_of_3",
            "two_point_contour",
            "contour_between_slices",
            "inner_contours_hole",
            "roi_name_hostile",
            "roi_number_dangling",
            "other_frame_of_reference",
        ]
    },
}


def codes_of(images) -> set[str]:
    return {remark.code for image in images for remark in image.remarks}


@pytest.mark.parametrize("row", TABLE)
def test_row_ends_as_expected(odd_files: Path, row: str):
    expected, path = TABLE[row], odd_files / row
    if isinstance(expected, Refuse):
        with pytest.raises(InputError, match=expected.pattern) as caught:
            read_image(path)
        assert path.name in str(caught.value)
    elif isinstance(expected, Other):
        assert read_header(path).kind == expected.kind
        if expected.kind not in ("secondary-capture", "color-picture"):
            with pytest.raises(InputError, match=f"kind {expected.kind}"):
                read_image(path)
    else:
        if path.is_dir():
            contents = read_series_folder(path)
            assert len(contents.refused) == expected.refused
            images = list(contents.images)
        else:
            images = [read_image(path)]
        assert sorted(image.array.shape for image in images) == sorted(expected.shapes)
        assert codes_of(images) == expected.codes
        assert all(np.isfinite(image.array).all() for image in images)
        if expected.values is not None:
            assert (images[0].array.min(), images[0].array.max()) == expected.values


def test_the_table_has_every_row_of_the_index_and_no_other(data_dir: Path):
    with (data_dir / "dicom_odd_fixtures" / "index.csv").open() as stream:
        rows = {row["path"] for row in csv.DictReader(stream)}
    assert rows == set(TABLE)
    assert len(rows) == 134


@pytest.mark.parametrize(
    "name", [row for row, expected in TABLE.items() if "other_objects" in row or "rtstruct" in row]
)
def test_objects_that_are_no_volume_do_not_stop_a_folder(odd_files, tmp_path, name):
    (tmp_path / "x.dcm").write_bytes((odd_files / name).read_bytes())
    contents = read_series_folder(tmp_path)
    assert contents.refused == ()
    kinds = [other.kind for other in contents.objects]
    assert kinds == ([TABLE[name].kind] if isinstance(TABLE[name], Other) else [])


@pytest.mark.parametrize(
    ("name", "tolerance"),
    [
        ("unsigned_offset", 0),
        ("upper_bits_dirty", 0),
        ("per_slice_rescale", 1),
        ("no_instance_number", 0),
        ("reversed_numbers", 0),
        ("feet_first_label_only", 0),
        ("duplicate_slices", 0),
        ("localizer_in_series", 0),
    ],
)
def test_same_volume_as_the_clean_reference(odd_files, name, tolerance):
    clean = read_image(odd_files / "series/clean_reference")
    volume = read_image(odd_files / "series" / name)
    assert volume.geometry.same_grid(clean.geometry)
    assert volume.unit == clean.unit == "[hnsf'U]"
    assert np.abs(volume.array - clean.array).max() <= tolerance


def test_flipped_axes_are_the_same_volume_in_patient_space(odd_files):
    clean = read_image(odd_files / "series/clean_reference")
    turned = read_image(odd_files / "series/flipped_axes")
    assert not turned.geometry.same_grid(clean.geometry)
    k, j, i = np.mgrid[tuple(slice(n) for n in turned.array.shape)]
    places = turned.geometry.points_mm(np.stack([i, j, k], axis=-1))
    index = np.rint(clean.geometry.indices(places)).astype(int)
    assert np.abs(clean.geometry.points_mm(index) - places).max() < 0.01
    assert np.array_equal(turned.array, clean.array[index[..., 2], index[..., 1], index[..., 0]])


def test_gaps_are_filled_and_the_slices_present_are_untouched(odd_files):
    clean = read_image(odd_files / "series/clean_reference")
    gappy = read_image(odd_files / "series/missing_slices")
    assert gappy.tags["interpolated_planes"] == (5, 6, 10)
    assert gappy.geometry.same_grid(clean.geometry)
    present = [k for k in range(14) if k not in (5, 6, 10)]
    assert np.array_equal(gappy.array[present], clean.array[present])
    source = gappy.tags["dicom_source"]
    assert [k for k, n in enumerate(source.slice_of_plane) if n is None] == [5, 6, 10]
    assert len(source.sop_instance_uids) == 11
    text = next(r.text for r in gappy.remarks)
    assert re.search(r"2 between 736\.21 and 751\.21 mm, 1 between 761\.21 and 771\.21", text)


def test_values_of_monochrome1_are_no_hounsfield_units(odd_files):
    assert read_image(odd_files / "series/monochrome1").unit == ""


@pytest.mark.parametrize("name", ["bqml_with_suv_tags", "bqml_over_midnight"])
def test_suv_equals_that_of_the_source(odd_files, name):
    wanted = read_image(odd_files / "pet/suv_already_gml")
    volume = read_image(odd_files / "pet" / name)
    assert volume.unit == wanted.unit == "g/ml{SUVbw}"
    assert np.abs(volume.array - wanted.array).max() < 1e-4


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("bqml_without_suv_tags", "Bq/ml"),
        ("bqml_zero_weight", "Bq/ml"),
        ("counts_units", "{counts}"),
    ],
)
def test_pet_without_suv_keeps_its_unit(odd_files, name, unit):
    assert read_image(odd_files / "pet" / name).unit == unit


def test_concatenation_is_joined_to_the_whole(odd_files):
    whole = read_image(odd_files / "enhanced_seg/siemens_xa10_enhanced_mr.dcm")
    joined = read_image(odd_files / "enhanced_seg/concatenation")
    assert joined.geometry.same_grid(whole.geometry)
    assert np.array_equal(joined.array, whole.array)


def test_part_of_a_concatenation_says_so(odd_files):
    part = read_image(odd_files / "enhanced_seg/concatenation/part1.dcm")
    assert "concatenation-incomplete" in codes_of([part])


def test_missing_files_of_a_dicomdir_are_counted(odd_files):
    contents = read_series_folder(odd_files / "dicomdir_tree")
    assert [other.kind for other in contents.objects] == ["DICOMDIR"]
    assert [r.code for r in contents.remarks] == ["dicomdir-missing-files"]
    assert "7 of 31" in contents.remarks[0].text


def test_nothing_of_the_patient_in_tags_remarks_and_errors(odd_files):
    contents = read_series_folder(odd_files / "series")
    told = repr([(dict(i.tags), i.remarks) for i in contents.images]) + repr(contents.refused)
    secrets = set()
    with pydicom.config.disable_value_validation():
        for path in (odd_files / "series").rglob("IM001.dcm"):
            dataset = pydicom.dcmread(path, stop_before_pixels=True)
            for keyword in ("PatientName", "PatientID", "InstitutionName", "SeriesInstanceUID"):
                secrets.add(str(dataset.get(keyword, "")))
    secrets = {secret for secret in secrets if len(secret) > 3}
    assert len(secrets) > 10
    assert not [secret for secret in secrets if secret in told]
