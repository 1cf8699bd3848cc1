"""Files made to harm: each ends in an InputError that names it, with little memory and in time."""

from __future__ import annotations

import gzip
import os
import random
import struct
import tracemalloc
import zipfile
import zlib

import numpy as np
import pydicom
import pytest
import SimpleITK
from pydicom.dataset import Dataset

from MedImageLib.errors import InputError, MedImageError
from MedImageLib.reading import Limits, read_image, read_series_folder, scan_folder
from MedImageLib.reading.dicom_header import read_header
from MedImageLib.reading.dicom_pixels import codestream_size

PIXELS = np.arange(64, dtype=np.int16).reshape(8, 8)
_MAX_BYTES = 48 * 1024**2


def refused(path, message, limits=None):
    """The file is refused by name, and no memory to speak of was taken on the way."""
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=message) as caught:
            read_image(path, limits or Limits())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert path.name in str(caught.value)
    assert peak < _MAX_BYTES


def nifti_header(dims, datatype=4, bits=16, offset=352.0):
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, *dims)
    struct.pack_into("<2h", header, 70, datatype, bits)
    struct.pack_into("<8f", header, 76, 1, 1, 1, 1, 1, 1, 1, 1)
    struct.pack_into("<f", header, 108, offset)
    header[344:348] = b"n+1\0"
    return bytes(header)


@pytest.mark.parametrize(
    ("name", "dims", "message"),
    [
        ("huge.nii", (3, 32767, 32767, 32767, 1, 1, 1, 1), "more than the limit"),
        ("short.nii", (3, 600, 600, 600, 1, 1, 1, 1), "cannot hold"),
        ("negative.nii", (3, -5, 5, 5, 1, 1, 1, 1), "NIfTI|positive"),
        ("axes.nii", (7, 2, 2, 2, 2, 2, 2, 2), "axes"),
        ("zero.nii", (3, 0, 5, 5, 1, 1, 1, 1), "positive"),
    ],
)
def test_nifti_that_declares_too_much(tmp_path, name, dims, message):
    path = tmp_path / name
    path.write_bytes(nifti_header(dims) + bytes(100))
    refused(path, message)


def test_small_gzip_cannot_claim_a_large_nifti(tmp_path):
    path = tmp_path / "bomb.nii.gz"
    path.write_bytes(gzip.compress(nifti_header((3, 800, 800, 800, 1, 1, 1, 1))))
    refused(path, "cannot hold")


@pytest.mark.parametrize("data", [b"", b"\x1f\x8b\x08", gzip.compress(b"x" * 1000)])
def test_broken_gzip(tmp_path, data):
    path = tmp_path / "broken.nii.gz"
    path.write_bytes(data)
    refused(path, "NIfTI|empty")


NRRD = (
    "NRRD0004\ntype: short\ndimension: 3\nsizes: {sizes}\nencoding: raw\nendian: little\n{more}\n"
)


@pytest.mark.parametrize(
    ("sizes", "more", "message"),
    [
        ("2 2 2", "data file: /etc/passwd\n", "another file"),
        ("2 2 2", "data file: ../secret.raw\n", "another file"),
        ("2 2 2", "datafile: LIST\n/etc/passwd\n", "another file"),
        ("2 2 2", "data file: a%03d.raw 1 9 1\n", "another file"),
        ("99999 99999 99999", "", "more than the limit"),
        ("800 800 800", "", "cannot hold"),
        ("-2 2 2", "", "positive integers"),
        ("2 2", "", "disagree"),
        ("0 2 2", "", "positive"),
        ("9" * 40 + " 2 2", "", "positive integers"),
        ("3 1 2", "kinds: vector domain domain\n", "vectors or colors"),
    ],
)
def test_nrrd_that_points_elsewhere_or_declares_too_much(tmp_path, sizes, more, message):
    path = tmp_path / "a.nrrd"
    path.write_bytes(NRRD.format(sizes=sizes, more=more).encode() + bytes(16))
    refused(path, message)


META = (
    "ObjectType = Image\nNDims = 3\nDimSize = {sizes}\nElementType = MET_SHORT\n"
    "{more}ElementDataFile = {file}\n"
)


@pytest.mark.parametrize(
    ("name", "sizes", "more", "file", "message"),
    [
        ("a.mha", "2 2 2", "", "/etc/passwd", "data file other than"),
        ("a.mhd", "2 2 2", "", "../a.raw", "data file other than"),
        ("a.mhd", "2 2 2", "", "b.raw", "data file other than"),
        ("a.mhd", "2 2 2", "", "LIST", "data file other than"),
        ("a.mha", "99999 99999 99999", "", "LOCAL", "more than the limit"),
        ("a.mha", "800 800 800", "", "LOCAL", "cannot hold"),
        ("a.mha", "2 2 2", "ElementSpacing = 0 1 1\n", "LOCAL", "spacing|Spacing"),
        ("a.mha", "2 2 2", "ElementNumberOfChannels = 3\n", "LOCAL", "one number a voxel"),
    ],
)
def test_metaimage_that_points_elsewhere_or_declares_too_much(
    tmp_path, name, sizes, more, file, message
):
    (tmp_path / "b.raw").write_bytes(bytes(16))
    path = tmp_path / name
    path.write_bytes(META.format(sizes=sizes, more=more, file=file).encode() + bytes(16))
    refused(path, message)


def test_metaimage_beside_a_link_is_refused(tmp_path):
    (tmp_path / "secret").write_bytes(bytes(16))
    (tmp_path / "a.raw").symlink_to(tmp_path / "secret")
    path = tmp_path / "a.mhd"
    path.write_bytes(META.format(sizes="2 2 2", more="", file="a.raw").encode())
    refused(path, "data file other than")


def png(width, height, rows=b"", depth=8):
    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">2I5B", width, height, depth, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows, 9))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("width", "height", "message"),
    [(60000, 60000, "oversized"), (30000, 30000, "oversized|limit"), (0, 5, "broken")],
)
def test_png_bomb(tmp_path, width, height, message):
    path = tmp_path / "bomb.png"
    path.write_bytes(png(width, height, bytes(1000)))
    refused(path, message)


def test_png_of_more_pixels_than_allowed(tmp_path):
    path = tmp_path / "large.png"
    path.write_bytes(png(100, 100, bytes(101 * 100)))
    assert read_image(path).array.shape == (1, 100, 100)
    refused(path, "more than the limit", Limits(max_voxels=9999))


def test_png_cut_short(tmp_path):
    path = tmp_path / "cut.png"
    path.write_bytes(png(100, 100, bytes(101 * 100))[:-40])
    refused(path, "broken")


@pytest.mark.parametrize(
    ("elements", "message"),
    [
        ({"NumberOfFrames": 2_000_000_000}, "more than the limit"),
        ({"NumberOfFrames": 1000}, "no functional groups"),
        ({"NumberOfFrames": -1}, "positive"),
        ({"Rows": 65535, "Columns": 65535}, "more than the limit"),
        ({"Rows": 20000, "Columns": 20000}, "cut short"),
        ({"BitsAllocated": 12}, "impossible"),
        ({"Rows": 0}, "positive"),
    ],
)
def test_dicom_that_declares_too_much(write_slice, elements, message):
    refused(write_slice("a.dcm", PIXELS, **elements), message)


def nested(levels, undefined_length):
    inner = Dataset()
    for _ in range(levels):
        outer = Dataset()
        outer.ReferencedStudySequence = [inner]
        outer["ReferencedStudySequence"].is_undefined_length = undefined_length
        inner = outer
    return inner


@pytest.mark.parametrize("levels", [60, 290])
def test_sequences_without_end(write_slice, levels):
    path = write_slice("deep.dcm", PIXELS)
    dataset = pydicom.dcmread(path)
    dataset.update(nested(min(levels, 60), True))
    dataset.save_as(path)
    start, end = b"\x08\0\x10\x11SQ\0\0" + b"\xff" * 4, b"\xfe\xff\xdd\xe0" + bytes(4)
    item, stop = b"\xfe\xff\0\xe0" + b"\xff" * 4, b"\xfe\xff\x0d\xe0" + bytes(4)
    if levels > 60:
        data = path.read_bytes()
        at = data.index(start)
        more = levels - 60
        path.write_bytes(data[:at] + (start + item) * more + data[at:] + (stop + end) * more)
    refused(path, "nested")


def test_deep_sequences_of_known_length_are_stepped_over(write_slice):
    path = write_slice("deep.dcm", PIXELS)
    dataset = pydicom.dcmread(path)
    dataset.update(nested(60, False))
    dataset.save_as(path)
    assert np.array_equal(read_image(path).array[0], PIXELS)


def test_inflation_bomb(write_slice, tmp_path):
    path = write_slice("deflated.dcm", PIXELS)
    dataset = pydicom.dcmread(path)
    dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1.99"
    dataset.add_new(0x00091010, "OB", bytes(8 * 1024**2))
    dataset.save_as(path)
    assert path.stat().st_size < 100_000
    refused(path, "inflates to more than", Limits(max_bytes_per_file=1_000_000))


def test_compressed_frame_larger_than_the_header_says(write_slice):
    path = write_slice("j2k.dcm", PIXELS)
    dataset = pydicom.dcmread(path)
    stream = b"\xff\x4f\xff\x51" + struct.pack(">2H8IH", 41, 0, 60000, 60000, 0, 0, 1, 1, 0, 0, 1)
    dataset.PixelData = pydicom.encaps.encapsulate([stream])
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.90"
    dataset.save_as(path)
    assert codestream_size(stream) == (60000, 60000)
    refused(path, "60000 x 60000, the header declares 8 x 8")


def test_private_and_absent_transfer_syntax(write_slice, tmp_path):
    path = write_slice("a.dcm", PIXELS)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.99999.1.2.1\0"))
    refused(path, "private or unknown")


def test_zip_renamed(tmp_path):
    path = tmp_path / "a.dcm"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("x", b"y" * 1000)
    refused(path, "neither DICOM")


def test_links_in_circles_and_special_files_do_not_hold_up_a_scan(write_slice, tmp_path):
    write_slice("deep/a.dcm", PIXELS)
    (tmp_path / "deep" / "up").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to(tmp_path / "self")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe.dcm")
    assert [s.number_of_files for s in scan_folder(tmp_path)] == [1]
    contents = read_series_folder(tmp_path)
    assert len(contents.images) == 1
    assert contents.refused == ()
    with pytest.raises(InputError, match="not a regular file"):
        read_image(tmp_path / "pipe.dcm")


def test_folders_too_deep_and_too_many_files(tmp_path):
    deep = tmp_path / "/".join("abcd")
    deep.mkdir(parents=True)
    for n in range(5):
        (deep / f"{n}.dcm").write_bytes(b"x")
    assert len(read_series_folder(tmp_path).refused) == 5
    with pytest.raises(InputError, match="nested deeper than 3"):
        read_series_folder(tmp_path, Limits(max_folder_depth=3))
    with pytest.raises(InputError, match="more than 4 files"):
        read_series_folder(tmp_path, Limits(max_files=4))


def test_file_larger_than_allowed(write_slice):
    refused(write_slice("a.dcm", PIXELS), "more than the limit", Limits(max_bytes_per_file=100))


@pytest.mark.parametrize("path", ["nowhere.dcm", "nowhere"])
def test_absent_files(tmp_path, path):
    with pytest.raises(InputError, match="nowhere"):
        read_image(tmp_path / path)


def spoiled(data: bytes, rng: random.Random) -> bytes:
    """A few bytes changed, dropped or added, or the end cut off."""
    part = bytearray(data)
    for _ in range(rng.choice([1, 2, 4, 16])):
        at = rng.randrange(max(min(len(part), 2500 if rng.random() < 0.7 else len(part)), 1))
        kind = rng.random()
        if kind < 0.6:
            part[at] = rng.choice([0, 255, 128, ord("9"), rng.randrange(256)])
        elif kind < 0.75:
            part[at : at + 4] = rng.choice([b"\xff" * 4, b"\0\0\0\x80", b"\xfe\xff\xdd\xe0"])
        elif kind < 0.9:
            del part[at : at + rng.randrange(1, 9)]
        elif len(part) > 200:
            part = part[: max(at, 100)]
    return bytes(part)


@pytest.mark.parametrize("suffix", [".dcm", ".nrrd", ".mha", ".nii", ".nii.gz", ".png"])
def test_spoiled_files_are_read_or_refused_and_never_crash(write_slice, tmp_path, suffix):
    good = tmp_path / f"good{suffix}"
    if suffix == ".dcm":
        write_slice(good.name, PIXELS, WindowCenter=1, Manufacturer="ACME")
    elif suffix == ".png":
        good.write_bytes(png(8, 8, bytes(72)))
    else:
        SimpleITK.WriteImage(SimpleITK.GetImageFromArray(PIXELS[None]), str(good))
    data, rng = good.read_bytes(), random.Random(7)
    endings, messages = set(), []
    for _ in range(120):
        path = tmp_path / f"bad{suffix}"
        path.write_bytes(spoiled(data, rng))
        try:
            read_image(path)
            endings.add("read")
        except MedImageError as error:
            messages.append(str(error))
            endings.add("refused")
    assert "refused" in endings
    assert all(f"bad{suffix}" in message for message in messages)


def test_header_alone_tells_the_kind_of_a_file_with_broken_pixels(odd_files):
    file = read_header(odd_files / "broken/JPEG2000-embedded-sequence-delimiter.dcm")
    assert file.kind == "secondary-capture"
    assert file.pixels is not None
    assert (file.pixels.rows, file.pixels.columns) == (1024, 256)
