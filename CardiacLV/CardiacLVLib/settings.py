"""All choices for one cine: command line, batch and panel are made from this class."""

from __future__ import annotations

from dataclasses import dataclass, field

from CardiacLVLib.measures.phases import PhaseSettings
from MedImageLib.processing_settings import ModelProcessing
from MedImageLib.settings import setting


@dataclass(frozen=True)
class LeftVentricleSettings(ModelProcessing):
    """How a cine is processed.

    One convention is no choice: a basal slice counts in the frames in which a cavity is labeled
    on it. Every result states it, and how papillary muscles are counted.
    """

    consistent: bool = setting(True, help="Let neighboring frames and slices support one another.")
    insertion_deg: float | None = setting(
        None,
        help="Direction from the cavity to the right ventricle's anterior insertion, from the "
        "columns' axis toward the rows' axis; none: found in the images.",
        unit="deg",
        minimum=-360,
        maximum=360,
    )
    papillary: str = setting(
        "cavity", help="What papillary muscles count as.", choices=("cavity", "myocardium")
    )
    heart_rate_bpm: float | None = setting(
        None,
        help="Heart rate for the cardiac output; none: taken from the file.",
        unit="/min",
        minimum=20,
        maximum=300,
    )
    beats: int | None = setting(
        None, help="Beats that the frames cover; none: counted.", minimum=1, maximum=20
    )
    phases: PhaseSettings = field(default_factory=PhaseSettings)
