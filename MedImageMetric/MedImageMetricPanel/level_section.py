"""Level, reason, and the conditions, whose geometry is drawn when one is chosen."""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer
from slicer.i18n import tr as _

from MedImageLib.nodes import (
    add_table,
    draw,
    geometry_of,
    give_role,
    remove_role,
    stored_result,
    update_table,
)
from MedImageLib.panels.tables import RowTable
from MedImageLib.panels.views import jump_to, one_of_role
from MedImageLib.panels.words import told
from MedImageMetricLib.radiograph.condition_rows import condition_rows, level_badge

DRAWING, TABLE = "MedImageMetric.Condition", "MedImageMetric.Conditions"


def update_conditions(scene: Any, result: Any) -> None:
    """The conditions as a table node, renewed at each run."""
    rows = [
        {
            "condition": flag.text,
            "state": flag.state.replace("_", " "),
            "value": flag.value,
            "threshold": flag.threshold,
        }
        for flag in result.flags
    ]
    node = one_of_role(scene, TABLE)
    if node:
        update_table(node, rows)
    else:
        give_role([add_table(scene, rows, _("Radiograph conditions"))], TABLE)


class LevelSection:
    """Shows the result that a segmentation carries."""

    def __init__(self, ui: Any) -> None:
        self._ui = ui
        columns = (_("Condition"), _("Value"), _("Limit"), _("State"))
        self._table = RowTable(ui.conditionsTable, columns, self._draw)
        self._volume: Any = None
        self._shown: Any = None
        self._rows: tuple[Any, ...] = ()
        self.show(None, None)

    def show(self, segmentation: Any, volume: Any) -> None:
        """Show what the segmentation carries; None empties the section.

        volume: the radiograph that the conditions are drawn on.
        """
        result = stored_result(segmentation)
        self._volume = volume
        # What is chosen stays chosen while nothing new has come.
        if result is not None and result == self._shown:
            return
        self._shown = result
        remove_role(slicer.mrmlScene, DRAWING)
        badge = level_badge(result) if result else None
        self._rows = condition_rows(result) if result else ()
        self._ui.levelLabel.text = told(badge.text) if badge else _("No radiograph was graded yet.")
        color = badge.color if badge else "#44505a"
        self._ui.levelLabel.styleSheet = f"font-size: 16px; font-weight: bold; color: {color};"
        self._ui.reasonLabel.text = told(badge.reason) if badge else ""
        self._table.show(
            [tuple(told(text) for text in row.texts) for row in self._rows],
            tips=[told(row.sentence) for row in self._rows],
        )

    def _draw(self, number: int) -> None:
        measurement = self._rows[number].measurement
        volume = self._volume
        if measurement is None or volume is None:
            remove_role(slicer.mrmlScene, DRAWING)
            return
        geometry = geometry_of(volume)
        draw(slicer.mrmlScene, [measurement], geometry, DRAWING)
        points = [point for shape in measurement.geometry for point in shape.points_ijk]
        if points:
            middle = np.mean([(*point, 0.0)[:3] for point in points], axis=0)
            jump_to(slicer.mrmlScene, geometry.points_mm(middle[None])[0])
