"""Images from files, by geometry and never by file names.

Everything that comes from outside is checked against `Limits` first, whatever cannot be read ends
in an InputError or GeometryError that names the file, and assumptions are remarks of the result.
"""

from MedImageLib.reading.dicom_series import Refused
from MedImageLib.reading.dicom_source import DicomSource
from MedImageLib.reading.folder import FolderContents, OtherObject, read_series_folder
from MedImageLib.reading.limits import Limits, ReadingSettings
from MedImageLib.reading.listed import read_listed
from MedImageLib.reading.scan import SeriesSummary, scan_folder
from MedImageLib.reading.single import read_any, read_image, read_sequence

__all__ = [
    "DicomSource",
    "FolderContents",
    "Limits",
    "OtherObject",
    "ReadingSettings",
    "Refused",
    "SeriesSummary",
    "read_any",
    "read_image",
    "read_listed",
    "read_sequence",
    "read_series_folder",
    "scan_folder",
]
