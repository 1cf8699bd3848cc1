"""Raw elements: what is read, what is refused, what is passed over."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from MedImageLib.reading import dicom_values as values


def raw(keyword, vr, data, little=True):
    tag = Tag(keyword)
    dataset = Dataset()
    dataset._dict[tag] = RawDataElement(tag, vr, len(data), data, 0, vr is None, little)
    return dataset


@pytest.mark.parametrize(
    ("vr", "data", "expected"),
    [
        ("DS", b"1.5\\-2e1 ", (1.5, -20.0)),
        (None, b" .5\\3. ", (0.5, 3.0)),
        ("DS", b"", None),
    ],
)
def test_decimal_strings(vr, data, expected):
    assert values.decimals(raw("PixelSpacing", vr, data), "PixelSpacing") == expected


@pytest.mark.parametrize(
    "data", [b"3,6\\3,6", b"nan", b"inf", b"1e999", b"1\\\\2", b"0x10", b"1_0"]
)
def test_texts_that_are_no_numbers_are_refused_with_the_element_named(data):
    with pytest.raises(ValueError, match="PixelSpacing"):
        values.decimals(raw("PixelSpacing", "DS", data), "PixelSpacing")


@pytest.mark.parametrize(
    ("vr", "data", "little"),
    [("US", b"\x00\x02", True), ("US", b"\x02\x00", False), (None, b"\x00\x02", True)],
)
def test_binary_numbers_in_both_byte_orders(vr, data, little):
    assert values.integer(raw("Rows", vr, data, little), "Rows", 0) == 512


def test_binary_of_wrong_length_is_refused():
    with pytest.raises(ValueError, match="Rows"):
        values.integer(raw("Rows", "US", b"\x01\x02\x03"), "Rows", 0)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"1.2.840.10008.1\0", ("1.2.840.10008.1", True)),
        (b"2.16.99.0898", ("2.16.99.0898", False)),
        (b"1.2/../../etc", ("", False)),
        (b"1" * 65, ("", False)),
        (b"", ("", True)),
    ],
)
def test_uids(data, expected):
    assert values.uid(raw("SOPInstanceUID", "UI", data), "SOPInstanceUID") == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [(b"20120229", datetime(2012, 2, 29)), (b"20120000", None), (b"00000000", None), (b"", None)],
)
def test_dates(data, expected):
    assert values.date(raw("StudyDate", "DA", data), "StudyDate") == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"083946.5", timedelta(hours=8, minutes=39, seconds=46.5)),
        (b"08", timedelta(hours=8)),
        (b"250000", None),
        (b"8h", None),
    ],
)
def test_times_of_day(data, expected):
    assert values.time_of_day(raw("SeriesTime", "TM", data), "SeriesTime") == expected


def test_date_time_with_offset():
    element = raw("RadiopharmaceuticalStartDateTime", "DT", b"20010902233000.00+0100")
    moment = values.date_time(element, "RadiopharmaceuticalStartDateTime")
    assert moment == datetime(2001, 9, 2, 23, 30)
