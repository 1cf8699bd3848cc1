"""Detections of a drawn chest whose measures are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from MedImageMetricLib.radiograph.detections import Circumstances, Detections, Region

ROWS, COLUMNS = 400, 500


def drawn(
    shift: tuple[int, int] = (0, 0), shape: tuple[int, int] = (ROWS, COLUMNS), **changes
) -> Detections:
    """Lungs 300 × 320 px wide and high, a heart of 150 px, a spine in the middle, scapulae that
    stay off the lungs, no foreign objects; shifted by whole pixels (i, j)."""
    middle, top = COLUMNS // 2 + shift[0], 40 + shift[1]

    def box(left: int, upper: int, right: int, lower: int) -> Region:
        mask = np.zeros(shape, bool)
        mask[
            max(0, top + upper) : max(0, top + lower),
            max(0, middle + left) : max(0, middle + right),
        ] = True
        return Region(mask)

    empty = Region(np.zeros(shape, bool))
    found = Detections(
        shape,
        right_lung=box(-150, 0, -30, 320),
        left_lung=box(30, 0, 150, 320),
        heart=box(-60, 180, 90, 300),
        spine=box(-20, -40, 20, 340),
        right_scapula=box(-200, 20, -160, 30),
        left_scapula=box(160, 20, 200, 30),
        foreign_objects=(),
        pneumothorax=empty,
        pleural_effusion=empty,
        chest=box(-210, 0, 210, 320),
        circumstances=Circumstances(view="PA", position="erect"),
    )
    return replace(found, **changes)
