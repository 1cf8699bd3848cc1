"""Values of DICOM elements taken from raw bytes, tolerant where scanners are sloppy.

Nothing is validated by the DICOM library on the way, so an illegal date or UID in an element
that nobody asked for can neither stop the reading nor show up in a log. Lengths, times of day
and angles keep the unit of the standard; text is stripped of padding.
"""

from __future__ import annotations

import re
import struct
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

_UID = re.compile(r"[0-9.]{1,64}")
_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")
_MAX_TEXT_BYTES = 4096
_BINARY = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "FL": "f", "FD": "d"}


def text(dataset: Dataset, keyword: str) -> str:
    """Text of an element, backslashes kept, padding removed; empty when absent."""
    item = dataset.get_item(Tag(keyword), keep_deferred=True)
    if item is None or item.value is None:
        return ""
    if isinstance(item, RawDataElement):
        data = item.value
        if isinstance(data, bytes):
            return data[:_MAX_TEXT_BYTES].decode("latin-1").strip(" \0\t\r\n")
        return ""
    value: Any = item.value
    if isinstance(value, (list, tuple)) or type(value).__name__ == "MultiValue":
        return "\\".join(str(part) for part in value)
    return str(value).strip(" \0")


def texts(dataset: Dataset, keyword: str) -> tuple[str, ...]:
    """Parts of a text of several values, upper case; empty tuple when absent."""
    whole = text(dataset, keyword)
    return tuple(part.strip().upper() for part in whole.split("\\")) if whole else ()


def uid(dataset: Dataset, keyword: str) -> tuple[str, bool]:
    """UID and whether it obeys PS3.5 section 9.1; one with other characters reads as empty.

    Components with leading zeros are illegal but written by real scanners: they are kept, for
    other objects refer to them by the same text.
    """
    value = text(dataset, keyword)
    if not value:
        return "", True
    if not _UID.fullmatch(value):
        return "", False
    legal = all(part == "0" or (part and part[0] != "0") for part in value.split("."))
    return value, legal


def decimals(dataset: Dataset, keyword: str) -> tuple[float, ...] | None:
    """Numbers of a DS, IS or binary element; None when absent or empty.

    Raises ValueError, naming the element and the text, for anything that is not a finite number.
    """
    item = dataset.get_item(Tag(keyword), keep_deferred=True)
    if item is None or item.value is None or (isinstance(item.value, bytes) and not item.value):
        return None
    if isinstance(item, RawDataElement):
        code = _BINARY.get(item.VR or _vr_of(keyword))
        if code is not None and isinstance(item.value, bytes):
            return _binary(item.value, code, item.is_little_endian, keyword)
    whole = text(dataset, keyword)
    if not whole:
        return None
    parts = [part.strip(" \0") for part in whole.split("\\")]
    if not all(_DECIMAL.fullmatch(part) for part in parts):
        raise ValueError(f"{keyword} is '{whole[:40]}', expected decimal numbers")
    values = tuple(float(part) for part in parts)
    if not all(np.isfinite(values)):
        raise ValueError(f"{keyword} is '{whole[:40]}', expected finite numbers")
    return values


def decimal(dataset: Dataset, keyword: str, default: float | None = None) -> float | None:
    """First number of an element, or the default; ValueError as for `decimals`."""
    values = decimals(dataset, keyword)
    return values[0] if values else default


def integer(dataset: Dataset, keyword: str, default: int) -> int:
    """First number of an element as an integer, or the default; ValueError when fractional."""
    value = decimal(dataset, keyword)
    if value is None:
        return default
    if value != int(value):
        raise ValueError(f"{keyword} is {value}, expected an integer")
    return int(value)


def optional_decimal(dataset: Dataset, keyword: str) -> float | None:
    """First number of an element that only informs; None when absent or unreadable."""
    try:
        return decimal(dataset, keyword)
    except ValueError:
        return None


def items(dataset: Dataset, keyword: str) -> list[Dataset]:
    """Items of a sequence; empty when absent or not a sequence."""
    tag = Tag(keyword)
    if tag not in dataset:
        return []
    try:
        element = dataset[tag]
    except (ValueError, TypeError, KeyError, NotImplementedError, EOFError, struct.error):
        return []
    if element.VR != "SQ" or element.value is None:
        return []
    return list(element.value)


def date(dataset: Dataset, keyword: str) -> datetime | None:
    """Midnight of a DA element (`20120000` and other texts that name no day give None)."""
    whole = text(dataset, keyword).replace(".", "")[:8]
    try:
        return datetime.strptime(whole, "%Y%m%d")
    except ValueError:
        return None


def time_of_day(dataset: Dataset, keyword: str) -> timedelta | None:
    """Time since midnight of a TM element; None when absent or not a time."""
    return _time_since_midnight(text(dataset, keyword).replace(":", ""))


def date_time(dataset: Dataset, keyword: str) -> datetime | None:
    """A DT element without its offset from UTC; None when absent or not a time."""
    whole = re.split(r"[+-]", text(dataset, keyword))[0]
    since_midnight = _time_since_midnight(whole[8:])
    try:
        day = datetime.strptime(whole[:8], "%Y%m%d")
    except ValueError:
        return None
    return day + since_midnight if since_midnight is not None else None


def _time_since_midnight(whole: str) -> timedelta | None:
    match = re.fullmatch(r"(\d{2})(\d{2})?(\d{2})?(\.\d{1,9})?", whole)
    if match is None:
        return None
    hours, minutes, seconds = (int(part or 0) for part in match.groups()[:3])
    if hours > 23 or minutes > 59 or seconds > 60:
        return None
    return timedelta(hours=hours, minutes=minutes, seconds=seconds + float(match.group(4) or 0))


def _binary(data: bytes, code: str, little: bool, keyword: str) -> tuple[float, ...]:
    size = struct.calcsize(code)
    if len(data) < size or len(data) % size or len(data) > _MAX_TEXT_BYTES:
        raise ValueError(f"{keyword} holds {len(data)} bytes, expected a multiple of {size}")
    values = struct.unpack(f"{'<' if little else '>'}{len(data) // size}{code}", data)
    if not all(np.isfinite(values)):
        raise ValueError(f"{keyword} is not a finite number")
    return tuple(float(value) for value in values)


def _vr_of(keyword: str) -> str:
    from pydicom.datadict import dictionary_VR

    return dictionary_VR(Tag(keyword)).split(" ")[0]
