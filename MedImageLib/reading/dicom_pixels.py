"""Stored pixel values of a DICOM file, and what they mean: codecs, bit masks, lookup tables.

Codecs are pydicom's plugins; JPEG lossless and 12-bit JPEG, which those leave to a GPL plugin,
go through the GDCM that SimpleITK carries. The size inside a compressed frame is compared with
the header before any decoder runs.
"""

from __future__ import annotations

import hashlib
import struct
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.config import disable_value_validation
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.pixels import apply_modality_lut, apply_voi_lut, pixel_array
from pydicom.uid import UID, SecondaryCaptureImageStorage, generate_uid

from MedImageLib.errors import InputError
from MedImageLib.reading.dicom_header import DicomFile, PixelFormat, read_dataset
from MedImageLib.reading.limits import DEFAULT_LIMITS, Limits

# JPEG extended (12 bit), lossless process 14, lossless first-order prediction.
_GDCM_SYNTAXES = (
    "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.4.57",
    "1.2.840.10008.1.2.4.70",
)
_UNDEFINED_LENGTH = 0xFFFFFFFF
_FLOAT_TAGS = ("FloatPixelData", "DoubleFloatPixelData")


@dataclass(frozen=True, eq=False)
class Pixels:
    """Stored values of shape (frame, row, column) or (frame, row, column, sample).

    sha256: of the whole file. dataset: its header, for lookup tables.
    """

    stored: np.ndarray
    sha256: str
    dataset: Dataset


def read_pixels(file: DicomFile, limits: Limits = DEFAULT_LIMITS) -> Pixels:
    """Decode all frames of one file; bits that the header does not call stored are masked off.

    Raises InputError, naming the file, for pixels that are missing, cut short, larger than
    declared, or in a transfer syntax without a decoder.
    """
    if file.pixels is None:
        raise InputError(f"{file.path}: {file.problem or 'holds no pixels'}.")
    dataset, data = read_dataset(file.path, limits, with_pixels=True)
    digest = hashlib.sha256(data).hexdigest()
    name = next((tag for tag in ("PixelData", *_FLOAT_TAGS) if tag in dataset), "")
    if not name:
        raise InputError(f"{file.path}: has no Pixel Data element; the file is cut short.")
    if not file.pixels.transfer_syntax_uid:
        raise InputError(
            f"{file.path}: does not say its transfer syntax, so its pixels cannot be decoded; "
            "export it again as a DICOM Part 10 file."
        )
    with disable_value_validation(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            stored = _decode(file.path, dataset, file.pixels, name)
        except InputError:
            raise
        except Exception as error:
            # Decoders raise whatever they like on broken data.
            raise InputError(
                f"{file.path}: pixels in transfer syntax {_syntax_name(file.pixels)} cannot be "
                f"decoded ({type(error).__name__}); they are cut short, broken or need another "
                "codec."
            ) from None
    pixels = file.pixels
    shape: tuple[int, ...] = (pixels.number_of_frames, pixels.rows, pixels.columns)
    if pixels.samples_per_pixel > 1:
        shape = (*shape, pixels.samples_per_pixel)
    if stored.size != int(np.prod(shape)):
        raise InputError(f"{file.path}: decoded {stored.shape}, the header declares {shape}.")
    stored = stored.reshape(shape).astype(stored.dtype.newbyteorder("="), copy=False)
    if stored.dtype.kind in "iu" and pixels.bits_allocated > 1:
        stored = masked(stored, pixels.bits_stored, pixels.high_bit, pixels.signed)
    return Pixels(stored, digest, dataset)


def masked(stored: np.ndarray, bits_stored: int, high_bit: int, signed: bool) -> np.ndarray:
    """Values of the stored bits alone, their sign bit spread upward (PS3.5 section 8.1.1).

    >>> masked(np.array([0xF00A], np.uint16), 12, 11, False).tolist()
    [10]
    >>> masked(np.array([0x0FFF], np.int16), 12, 11, True).tolist()
    [-1]
    """
    bits = stored.dtype.itemsize * 8
    low_bit = high_bit + 1 - bits_stored
    if low_bit < 0 or high_bit >= bits:
        low_bit = 0
    if bits_stored == bits:
        return stored
    unsigned = stored.view(np.dtype(f"u{stored.dtype.itemsize}"))
    left = bits - bits_stored - low_bit
    shifted = unsigned << np.array(left, unsigned.dtype)
    if signed:
        shifted = shifted.view(np.dtype(f"i{stored.dtype.itemsize}"))
    return shifted >> np.array(bits - bits_stored, shifted.dtype)


def rescaled(stored: np.ndarray, slope: float, intercept: float) -> np.ndarray:
    """slope × stored + intercept: exact integers where both are integers, else float32."""
    if stored.dtype.kind == "f":
        return (stored * slope + intercept).astype(np.float32)
    if slope == int(slope) and intercept == int(intercept):
        if slope == 1 and intercept == 0:
            return stored
        bounds = [float(stored.min()) * slope + intercept, float(stored.max()) * slope + intercept]
        wide = np.int16 if min(bounds) >= -32768 and max(bounds) <= 32767 else np.int32
        if max(abs(b) for b in bounds) < 2**31 - 1:
            return (stored.astype(np.int64) * int(slope) + int(intercept)).astype(wide)
    return (stored.astype(np.float64) * slope + intercept).astype(np.float32)


def projection_values(pixels: Pixels, file: DicomFile, apply_voi: bool) -> tuple[np.ndarray, str]:
    """Radiograph (row, column) after the Modality LUT, dense is bright, and what else was done.

    With `apply_voi` the VOI LUT or window of the header follows (PS3.3 C.11.2). MONOCHROME1 is
    turned over within the range of the stored bits or, after a LUT or window, within its values.
    """
    assert file.pixels is not None
    dataset = pixels.dataset
    stored = pixels.stored[0]
    done = ""
    with disable_value_validation(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            if "ModalityLUTSequence" in dataset:
                image = np.asarray(apply_modality_lut(stored, dataset))
                low, high = float(image.min()), float(image.max())
            else:
                frame = file.frames[0]
                image = rescaled(stored, frame.slope, frame.intercept)
                low, high = _stored_range(file.pixels)
                low, high = sorted(
                    (low * frame.slope + frame.intercept, high * frame.slope + frame.intercept)
                )
            if apply_voi and ("VOILUTSequence" in dataset or "WindowCenter" in dataset):
                image = np.asarray(apply_voi_lut(image, dataset)).astype(np.float32)
                low, high = float(image.min()), float(image.max())
                done = "voi"
        except Exception as error:
            raise InputError(
                f"{file.path}: its lookup table or window cannot be applied "
                f"({type(error).__name__})."
            ) from None
    if file.pixels.photometric == "MONOCHROME1":
        turned = low + high - image.astype(np.float64)
        integral = image.dtype.kind in "iu" and low + high == int(low + high)
        image = turned.astype(np.int32 if integral else np.float32)
    return image, done


def _stored_range(pixels: PixelFormat) -> tuple[float, float]:
    if pixels.signed:
        return -(2.0 ** (pixels.bits_stored - 1)), 2.0 ** (pixels.bits_stored - 1) - 1
    return 0.0, 2.0**pixels.bits_stored - 1


def _syntax_name(pixels: PixelFormat) -> str:
    return UID(pixels.transfer_syntax_uid).name[:64]


def _decode(path: Path, dataset: Dataset, pixels: PixelFormat, name: str) -> np.ndarray:
    syntax = UID(pixels.transfer_syntax_uid)
    if syntax.is_private or not syntax.is_transfer_syntax:
        raise InputError(f"{path}: transfer syntax {syntax} is private or unknown; not supported.")
    raw = dataset.get_item(name, keep_deferred=True)
    if isinstance(raw, RawDataElement) and isinstance(raw.value, bytes):
        declared = raw.length if raw.length != _UNDEFINED_LENGTH else 0
        if declared > len(raw.value):
            raise InputError(
                f"{path}: the pixels are cut short: {declared} bytes declared, the file ends after "
                f"{len(raw.value)}; copy or export the file again."
            )
    element = dataset[name]
    if not syntax.is_encapsulated:
        if element.is_undefined_length:
            raise InputError(f"{path}: native pixels of undefined length are illegal; refused.")
        expected = (
            pixels.number_of_frames * pixels.rows * pixels.columns * pixels.samples_per_pixel
        ) * pixels.bits_allocated
        if len(element.value) * 8 < expected:
            raise InputError(
                f"{path}: the pixels are cut short: {len(element.value)} bytes, the header "
                f"declares {-(-expected // 8)}; copy or export the file again."
            )
        return pixel_array(dataset, raw=True)
    frames = list(generate_frames(element.value, number_of_frames=pixels.number_of_frames))
    for frame in frames:
        size = codestream_size(frame)
        if size is not None and size != (pixels.rows, pixels.columns):
            raise InputError(
                f"{path}: a compressed frame is {size[0]} x {size[1]}, the header declares "
                f"{pixels.rows} x {pixels.columns}; refused."
            )
    if len(frames) != pixels.number_of_frames:
        raise InputError(
            f"{path}: {len(frames)} compressed frames, {pixels.number_of_frames} declared."
        )
    if str(syntax) not in _GDCM_SYNTAXES:
        return pixel_array(dataset, raw=True)
    if any(codestream_size(frame) is None for frame in frames):
        raise InputError(f"{path}: a compressed frame holds no JPEG header; it is broken.")
    return np.stack([_decode_with_gdcm(path, frame, pixels) for frame in frames])


def codestream_size(frame: bytes) -> tuple[int, int] | None:
    """Rows and columns that a JPEG, JPEG-LS or JPEG 2000 stream declares; None for others."""
    if frame[:4] == b"\xff\x4f\xff\x51" and len(frame) >= 24:
        x_size, y_size, x_offset, y_offset = struct.unpack(">4I", frame[8:24])
        return y_size - y_offset, x_size - x_offset
    if frame[:2] != b"\xff\xd8":
        return None
    at = 2
    while at + 9 <= len(frame):
        if frame[at] != 0xFF:
            return None
        marker = frame[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        # Start of frame: C0-CF except DHT, JPG and DAC; F7 is JPEG-LS.
        if marker == 0xF7 or (0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)):
            rows, columns = struct.unpack(">2H", frame[at + 5 : at + 9])
            return rows, columns
        if marker == 0xDA:
            return None
        at += 2 + struct.unpack(">H", frame[at + 2 : at + 4])[0]
    return None


def _decode_with_gdcm(path: Path, frame: bytes, pixels: PixelFormat) -> np.ndarray:
    """One frame through GDCM, wrapped in a file that holds nothing but the frame."""
    import SimpleITK

    dataset = Dataset()
    dataset.SOPClassUID = SecondaryCaptureImageStorage
    dataset.SOPInstanceUID = generate_uid()
    dataset.Rows, dataset.Columns = pixels.rows, pixels.columns
    dataset.SamplesPerPixel = pixels.samples_per_pixel
    dataset.PhotometricInterpretation = "MONOCHROME2" if pixels.samples_per_pixel == 1 else "RGB"
    if pixels.samples_per_pixel > 1:
        dataset.PlanarConfiguration = 0
    dataset.BitsAllocated, dataset.BitsStored = pixels.bits_allocated, pixels.bits_stored
    dataset.HighBit, dataset.PixelRepresentation = pixels.bits_stored - 1, int(pixels.signed)
    dataset.PixelData = encapsulate([frame])
    dataset["PixelData"].VR = "OB"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = UID(pixels.transfer_syntax_uid)
    dataset.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    with tempfile.TemporaryDirectory(prefix="medimage-") as folder:
        wrapped = Path(folder) / "frame.dcm"
        dataset.save_as(wrapped, enforce_file_format=True)
        try:
            image = SimpleITK.ReadImage(str(wrapped), imageIO="GDCMImageIO")
        except RuntimeError:
            raise InputError(
                f"{path}: pixels in transfer syntax {_syntax_name(pixels)} cannot be decoded; "
                "they are broken, or need the optional GPL package pylibjpeg-libjpeg."
            ) from None
    return np.asarray(SimpleITK.GetArrayFromImage(image))[0]
