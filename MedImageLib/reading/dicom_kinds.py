"""What a DICOM object is, by its SOP class (PS3.4 table B.5-1) or, failing that, its modality."""

from __future__ import annotations

IMAGE = "image"
COLOR_PICTURE = "color-picture"
SECONDARY_CAPTURE = "secondary-capture"
DICOMDIR = "DICOMDIR"
UNKNOWN = "unknown"
PICTURE_KINDS = (IMAGE, SECONDARY_CAPTURE, COLOR_PICTURE)
PROJECTION_MODALITIES = ("CR", "DX", "MG", "RG", "RF", "XA", "PX", "IO", "RTIMAGE")

_STORAGE = "1.2.840.10008.5.1.4.1.1."
# Longest match wins: a class that is not listed belongs to the family that its prefix names.
_KIND_OF_CLASS = {
    "1.": IMAGE,
    "2": IMAGE,
    "2.": IMAGE,
    "4": IMAGE,
    "4.": IMAGE,
    "4.2": "spectroscopy",
    "7": SECONDARY_CAPTURE,
    "7.": SECONDARY_CAPTURE,
    "9.": "waveform",
    "11.": "presentation-state",
    "12.": IMAGE,
    "13.": IMAGE,
    "20": IMAGE,
    "30": IMAGE,
    "66": "raw-data",
    "66.1": "REG",
    "66.2": "fiducials",
    "66.3": "REG",
    "66.4": "SEG",
    "66.5": "surface-segmentation",
    "66.7": "SEG",
    "67": "real-world-value-mapping",
    "77.": COLOR_PICTURE,
    "88.": "SR",
    "88.59": "key-object-selection",
    "104.": "encapsulated-document",
    "128": IMAGE,
    "128.": IMAGE,
    "130": IMAGE,
    "481.1": "RTIMAGE",
    "481.2": "RTDOSE",
    "481.3": "RTSTRUCT",
    "481.4": "RTRECORD",
    "481.5": "RTPLAN",
    "481.6": "RTRECORD",
    "481.7": "RTRECORD",
    "481.8": "RTPLAN",
    "481.9": "RTRECORD",
    "3.1": IMAGE,
    "6.1": IMAGE,
    "1": IMAGE,
}
_KIND_OF_MODALITY = {
    "RTSTRUCT": "RTSTRUCT",
    "RTDOSE": "RTDOSE",
    "RTPLAN": "RTPLAN",
    "RTRECORD": "RTRECORD",
    "RTIMAGE": "RTIMAGE",
    "SEG": "SEG",
    "SR": "SR",
    "REG": "REG",
    "KO": "key-object-selection",
    "PR": "presentation-state",
    "ECG": "waveform",
}


def kind_of(sop_class_uid: str, modality: str, has_pixels: bool, color: bool) -> str:
    """Kind of an object: `image`, `RTSTRUCT`, `SEG`, `SR`, `waveform`, ... or `unknown`.

    >>> kind_of("1.2.840.10008.5.1.4.1.1.481.3", "RTSTRUCT", False, False)
    'RTSTRUCT'
    >>> kind_of("", "CT", True, False)
    'image'
    """
    if sop_class_uid == "1.2.840.10008.1.3.10":
        return DICOMDIR
    kind = ""
    if sop_class_uid.startswith(_STORAGE):
        suffix = sop_class_uid[len(_STORAGE) :]
        matches = [
            key
            for key in _KIND_OF_CLASS
            if suffix == key or (key[-1] == "." and suffix.startswith(key))
        ]
        kind = _KIND_OF_CLASS[max(matches, key=len)] if matches else ""
    kind = kind or _KIND_OF_MODALITY.get(modality.upper(), "")
    if not kind:
        kind = IMAGE if has_pixels else UNKNOWN
    if kind == IMAGE and color:
        return COLOR_PICTURE
    return kind
