"""How thresholds are searched and when they are accepted; apart, so that options load quickly."""

from __future__ import annotations

from dataclasses import dataclass

from MedImageLib.settings import check_settings, setting


@dataclass(frozen=True)
class CalibrationSettings:
    """How thresholds are searched and when they are accepted."""

    least_per_label: int = setting(
        5, help="Satisfied and failed samples needed, of each.", minimum=1
    )
    least_in_stratum: int = setting(
        50, help="Samples that a stratum needs for thresholds of its own.", minimum=2
    )
    good_low_percent: float = setting(
        0.5,
        help="Distances of good images: lower end of the middle part.",
        unit="%",
        minimum=0.0,
        maximum=50.0,
    )
    resamples: int = setting(200, help="Bootstrap samples of the interval.", minimum=0)
    folds: int = setting(5, help="Folds of cross-validation.", minimum=2)
    seed: int = setting(0, help="Seed of bootstrap and folds.", minimum=0)

    def __post_init__(self) -> None:
        check_settings(self)
