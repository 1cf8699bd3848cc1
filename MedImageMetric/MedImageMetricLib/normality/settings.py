"""All choices for scoring a scan: command line, batch and panel are made from this class.

It stands apart from what uses it, so that options load quickly.
"""

from __future__ import annotations

from dataclasses import dataclass

from MedImageLib.settings import check_settings, setting


@dataclass(frozen=True)
class AnomalySettings:
    """How a scan is judged and what is written."""

    false_alarm_rate: float = setting(
        0.05,
        help="Share of normal scans that may be called abnormal.",
        minimum=0.001,
        maximum=0.5,
    )
    threshold: float | None = setting(
        None, help="Score from which on a scan is abnormal, set by hand; none: from the rate."
    )
    samples: int = setting(64, help="Draws for the likelihood.", minimum=2)
    likelihood_slices: int = setting(
        2, help="Slices of a volume whose likelihood is estimated.", minimum=1
    )
    report: bool = setting(True, help="Write report.html.")

    def __post_init__(self) -> None:
        check_settings(self)
