"""Is this scan normal? The verdict, where the scan lies among normal ones, and its worst slices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import slicer
from slicer.i18n import tr as _

from MedImageLib.nodes import (
    add_bars,
    add_table,
    add_volume,
    geometry_of,
    give_role,
    remove_role,
    rows_of,
    scan_verdict_of,
    set_result,
    stored_result,
)
from MedImageLib.panels.tables import RowTable
from MedImageLib.panels.views import jump_to, one_of_role, overlay, show_chart
from MedImageLib.panels.words import told

ROLE = "MedImageMetric.Normality"
_SLICES, _CHART, _MAP = (f"{ROLE}.{part}" for part in ("Slices", "Chart", "Map"))
_BINS = 40
_MAP_FROM, _MAP_TO = 2.0, 6.0  # deviations: unseen below, full color above


def add_normality_nodes(scene: Any, node: Any, scan: Any, result: Any, screening: Any) -> None:
    """Table of slices, chart of scores and map of a screening, in place of those before.

    node: of the scan; scan: the same as `Volume`. All nodes made refer to it.
    """
    from MedImageMetricLib.normality.kinds import installed_models
    from MedImageMetricLib.normality.map_volume import anomaly_map
    from MedImageMetricLib.normality.model import read_normality_card

    def made_from(nodes: Sequence[Any], role: str) -> None:
        give_role(nodes, role)
        for one in nodes:
            one.SetNodeReferenceID(ROLE, node.GetID())

    for role in (_SLICES, _CHART, _MAP):
        remove_role(scene, role)
    limit = screening.slice_threshold.value
    order = np.argsort(-screening.slice_scores)
    rows = [
        {
            "slice": int(number),
            "score": float(screening.slice_scores[number]),
            "abnormal": bool(screening.slice_scores[number] >= limit),
        }
        for number in order
    ]
    table = add_table(scene, rows, _("Slices, worst first"))
    set_result(table, result)
    made_from([table], _SLICES)
    counts, edges = np.histogram(screening.calibration_scores, _BINS)
    bars = [
        {"score": float(middle), "scans": int(count)}
        for middle, count in zip((edges[1:] + edges[:-1]) / 2, counts, strict=True)
    ]
    marks = {"threshold": screening.threshold.value, "this scan": screening.score}
    made = add_bars(scene, bars, "score", "scans", marks, _("Among normal scans"))
    made_from(made, _CHART)
    folder = installed_models()[result.models[0].name]
    view = read_normality_card(folder)[0].view
    found = anomaly_map(scan, screening, view)
    color = add_volume(scene, found, _("Anomaly map"), window_level=(_MAP_TO, _MAP_TO / 2))
    display = color.GetDisplayNode()
    display.SetAndObserveColorNodeID("vtkMRMLColorTableNodeIron")
    display.SetThreshold(_MAP_FROM, float(max(_MAP_TO, found.array.max())))
    display.ApplyThresholdOn()
    made_from([color], _MAP)


class NormalitySection:
    """Shows the verdict that a volume carries, and the nodes of its screening."""

    def __init__(self, ui: Any) -> None:
        self._ui = ui
        columns = (_("Slice"), _("Score"), "")
        self._table = RowTable(ui.slicesTable, columns, self._jump)
        self._volume: Any = None
        self._rows: list[Any] = []
        ui.histogramButton.connect("clicked(bool)", self._show_chart)
        ui.mapCheckBox.connect("toggled(bool)", self._show_map)
        self.show(None)

    def show(self, volume: Any) -> None:
        """Show what is known of a volume; None empties the section."""
        self._volume = volume
        verdict = scan_verdict_of(volume) if volume else None
        text = _("Not asked yet.")
        if verdict:
            numbers = f"{verdict.score:.2f}, {_('threshold')} {verdict.threshold:.2f}"
            text = f"{_verdict_words()[verdict.verdict]} ({_('score')} {numbers})"
        self._ui.verdictLabel.text = text
        table = self._node(_SLICES)
        result = stored_result(table)
        self._ui.guidanceLabel.text = told("\n".join(result.findings)) if result else ""
        rows = rows_of(table) if table else []
        if rows != self._rows:
            self._rows = rows
            shown = [
                (str(row["slice"]), f"{row['score']:.2f}", "✖" if row["abnormal"] else "")
                for row in rows
            ]
            self._table.show(shown)
        self._ui.slicesTable.visible = len(rows) > 1
        self._ui.histogramButton.enabled = self._node(_CHART) is not None
        self._ui.mapCheckBox.enabled = self._node(_MAP) is not None
        if self._node(_MAP) is None:
            self._ui.mapCheckBox.checked = False

    def _node(self, role: str, kind: str = "vtkMRMLNode") -> Any:
        """The node of a role that was made from the volume shown."""
        node = one_of_role(slicer.mrmlScene, role, kind)
        mine = node and self._volume and node.GetNodeReference(ROLE) == self._volume
        return node if mine else None

    def _jump(self, number: int) -> None:
        geometry = geometry_of(self._volume)
        _slices, rows, columns = geometry.shape
        middle = np.array([[(columns - 1) / 2, (rows - 1) / 2, self._rows[number]["slice"]]])
        jump_to(slicer.mrmlScene, geometry.points_mm(middle)[0])

    def _show_chart(self) -> None:
        show_chart(self._node(_CHART, "vtkMRMLPlotChartNode"))

    def _show_map(self, checked: bool = False) -> None:
        overlay(slicer.mrmlScene, self._node(_MAP) if self._ui.mapCheckBox.checked else None)


def _verdict_words() -> dict[str, str]:
    return {
        "normal": _("✔ looks normal"),
        "abnormal": _("✖ looks abnormal"),
        "unsure": _("? may be abnormal"),
    }
