"""Standardized uptake value by body weight from the header of a PET image.

SUVbw = activity concentration × body weight / injected dose, the dose decayed to the time that
the image is corrected to (PS3.3 C.8.9.1; QIBA FDG-PET profile, vendor-neutral pseudo-code).
Where a fact is missing the activity stays and the reason is given.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from pydicom.dataset import Dataset

from MedImageLib.errors import Remark
from MedImageLib.reading import dicom_values as values

SUV_UNIT = "g/ml{SUVbw}"
_UNITS = {"BQML": "Bq/ml", "GML": SUV_UNIT, "CNTS": "{counts}", "CPS": "{counts}/s", "PROPCNTS": ""}
_SUV_TYPES = {"": SUV_UNIT, "BW": SUV_UNIT, "LBM": "g/ml{SUVlbm}", "IBW": "g/ml{SUVibw}"}
_LONGEST_DELAY = timedelta(hours=24)


@dataclass(frozen=True)
class PetHeader:
    """What the header of one PET file says about its values.

    units: DICOM Units (0054,1001). suv_factor: SUVbw per unit of value, None when it cannot be
    computed; `why_not` then says why.
    """

    units: str
    unit: str
    suv_factor: float | None
    why_not: str = ""

    def remarks(self) -> tuple[Remark, ...]:
        if self.units == "GML":
            return (Remark("suv-in-file", "The file holds SUV already; nothing was converted."),)
        if self.suv_factor is not None:
            return (Remark("suv-computed", "SUV by body weight was computed from the header."),)
        return (Remark("suv-not-computed", f"SUV cannot be computed: {self.why_not}."),)


def pet_header(dataset: Dataset) -> PetHeader:
    """Facts on the values of a PET image; never raises for missing or absurd tags."""
    units = values.text(dataset, "Units").upper()
    if units == "GML":
        unit = _SUV_TYPES.get(values.text(dataset, "SUVType").upper(), "g/ml")
        return PetHeader(units, unit, None)
    unit = _UNITS.get(units, "")
    if units != "BQML":
        return PetHeader(units, unit, None, f"Units is '{units[:16]}', not BQML")
    factor, why_not = _suv_factor(dataset)
    return PetHeader(units, unit, factor, why_not)


def decayed_dose_bq(dose_bq: float, delay_s: float, half_life_s: float) -> float:
    """Activity left after a delay.

    >>> decayed_dose_bq(100.0, 6586.2, 6586.2)
    50.0
    """
    return float(dose_bq * 2.0 ** (-delay_s / half_life_s))


def _suv_factor(dataset: Dataset) -> tuple[float | None, str]:
    weight_kg = values.optional_decimal(dataset, "PatientWeight")
    if weight_kg is None or weight_kg <= 0:
        return None, "the body weight is missing or zero"
    doses = values.items(dataset, "RadiopharmaceuticalInformationSequence")
    if len(doses) != 1:
        return None, f"{len(doses)} radiopharmaceutical items, expected one"
    dose_bq = values.optional_decimal(doses[0], "RadionuclideTotalDose")
    half_life_s = values.optional_decimal(doses[0], "RadionuclideHalfLife")
    if dose_bq is None or dose_bq <= 0:
        return None, "the injected dose is missing or zero"
    if half_life_s is None or half_life_s <= 0:
        return None, "the half-life is missing or zero"
    corrected = values.texts(dataset, "CorrectedImage")
    if corrected and not {"DECY", "ATTN"} <= set(corrected):
        return None, "the image is not corrected for decay and attenuation"
    decay_correction = values.text(dataset, "DecayCorrection").upper()
    if decay_correction == "ADMIN":
        return weight_kg * 1000.0 / dose_bq, ""
    if decay_correction != "START":
        return None, f"decay is corrected to '{decay_correction[:16]}', expected START or ADMIN"
    delay = _delay(dataset, doses[0])
    if delay is None:
        return None, "the time of injection or of the scan is missing"
    if not timedelta(0) <= delay <= _LONGEST_DELAY:
        return None, "the scan does not follow the injection within a day"
    left_bq = decayed_dose_bq(dose_bq, delay.total_seconds(), half_life_s)
    if left_bq <= 0:
        return None, "the half-life is absurdly short"
    return weight_kg * 1000.0 / left_bq, ""


def _delay(dataset: Dataset, dose: Dataset) -> timedelta | None:
    """From injection to the start of the scan; an injection at a later hour was on the eve."""
    scan_time = _scan_start(dataset)
    if scan_time is None:
        return None
    injected = values.date_time(dose, "RadiopharmaceuticalStartDateTime")
    if injected is not None:
        return scan_time - injected
    injected_time = values.time_of_day(dose, "RadiopharmaceuticalStartTime")
    if injected_time is None:
        return None
    midnight = scan_time.replace(hour=0, minute=0, second=0, microsecond=0)
    delay = scan_time - (midnight + injected_time)
    return delay if delay >= timedelta(0) else delay + timedelta(days=1)


def _scan_start(dataset: Dataset) -> datetime | None:
    """Series date and time, unless the series was written after the acquisition began."""
    moments = []
    for name in ("Series", "Acquisition"):
        day = values.date(dataset, f"{name}Date")
        hour = values.time_of_day(dataset, f"{name}Time")
        moments.append(day + hour if day is not None and hour is not None else None)
    series, acquisition = moments
    if series is None or acquisition is None:
        return series or acquisition
    return min(series, acquisition)
