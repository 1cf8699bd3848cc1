"""Settings that every processor of images has in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from MedImageLib.settings import check_settings, setting

if TYPE_CHECKING:
    from MedImageLib.network.inference import InferenceSettings


@dataclass(frozen=True)
class ModelProcessing:
    """How far the networks go, and whether a scene is written."""

    level: int = setting(0, help="Level of the networks; 0 = the last one.", minimum=0, maximum=32)
    stop_below: float = setting(
        0.0, help="Stop at a level that changes less than this.", minimum=0.0, maximum=1.0
    )
    scene: bool = setting(True, help="Write scene.mrb for Slicer.")

    def __post_init__(self) -> None:
        check_settings(self)

    def inference(self) -> InferenceSettings:
        from MedImageLib.network.inference import InferenceSettings

        return InferenceSettings(level=self.level, stop_below=self.stop_below)
