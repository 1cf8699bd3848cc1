"""Player, curve and the numbers of the frame that is shown; all three follow one another."""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer
from slicer.i18n import tr as _

from CardiacLVPanel.curve_nodes import CURSOR, CURVE, move_cursor
from MedImageLib.nodes import geometry_of, nodes_of_role, rows_of
from MedImageLib.panels.plot_clicks import PlotClicks
from MedImageLib.panels.tables import RowTable
from MedImageLib.panels.views import jump_to, one_of_role, show_chart
from MedImageLib.panels.words import told

DIMENSION = "CardiacLV.Dimension"
_ENDS = {"end diastole": "_ed", "end systole": "_es"}


class FrameSection:
    """Shows what the tables say of the frame that the browser shows."""

    def __init__(self, ui: Any) -> None:
        self._ui = ui
        columns = (
            _("Slice"),
            _("Cavity"),
            _("Wall"),
            _("Dimensions 1–3"),
            _("Wall 1–6"),
            "",
        )
        self._table = RowTable(ui.indicesTableWidget, columns, self._jump)
        self._browser: Any = None
        self._volume: Any = None
        self._frames: list[Any] = []
        self._indices: list[Any] = []
        self._slices: list[Any] = []
        self._clicks = PlotClicks(slicer.mrmlScene, CURVE, self._clicked)
        ui.curveButton.connect("clicked(bool)", self.show_curve)
        ui.playButton.connect("toggled(bool)", self._play)
        ui.frameSlider.connect("valueChanged(int)", self._slid)
        ui.endDiastoleButton.connect("clicked(bool)", lambda: self._go_to_phase("end diastole"))
        ui.endSystoleButton.connect("clicked(bool)", lambda: self._go_to_phase("end systole"))

    def show(self, browser: Any, volume: Any, frames: Any, indices: Any) -> None:
        """Show other tables, or the same ones whose rows or frame have changed.

        browser: of the cine, or None. volume: its proxy. frames, indices: table nodes, or None.
        """
        self._browser, self._volume = browser, volume
        self._frames = rows_of(frames) if frames else []
        self._indices = rows_of(indices) if indices else []
        ui = self._ui
        count = browser.GetNumberOfItems() if browser else 0
        ui.playButton.enabled = ui.frameSlider.enabled = count > 1
        ui.frameSlider.maximum = max(0, count - 1)
        phases = [row.get("phase") for row in self._frames]
        ui.endDiastoleButton.enabled = "end diastole" in phases
        ui.endSystoleButton.enabled = "end systole" in phases
        ui.curveButton.enabled = one_of_role(slicer.mrmlScene, CURVE) is not None
        self.follow()

    def follow(self) -> None:
        """Show the numbers of the frame that the browser shows now."""
        frame = self._browser.GetSelectedItemNumber() if self._browser else -1
        self._ui.frameSlider.value = max(0, frame)
        self._ui.frameLabel.text = self._words(frame)
        # Slices beyond the ventricle would only be scrolled over.
        own = [row for row in self._indices if row["frame"] == frame]
        self._slices = [row for row in own if not _is_empty(row)]
        self._table.show([_texts(row) for row in self._slices])
        row = self._frames[frame] if 0 <= frame < len(self._frames) else {}
        end = _ENDS.get(row.get("phase", ""), "?")
        for node in nodes_of_role(slicer.mrmlScene, DIMENSION):
            node.SetDisplayVisibility(node.GetAttribute(DIMENSION).endswith(end))
        cursor = one_of_role(slicer.mrmlScene, CURSOR, "vtkMRMLTableNode")
        if cursor and row:
            move_cursor(cursor, next(v for k, v in row.items() if k == cursor.GetColumnName(0)))

    def show_curve(self) -> None:
        """Show the curve in a plot view; a click on it goes to the frame."""
        chart = one_of_role(slicer.mrmlScene, CURVE, "vtkMRMLPlotChartNode")
        if chart:
            show_chart(chart)
            self._clicks.listen()

    def _words(self, frame: int) -> str:
        if not 0 <= frame < len(self._frames):
            return ""
        row = self._frames[frame]
        words = [told(row["phase"])] if row.get("phase") else []
        for name, word in (
            ("cavity_volume", _("cavity")),
            ("myocardium_volume", _("myocardium")),
        ):
            if row.get(name) is not None:
                words.append(f"{word} {row[name]:.1f} mL")
        return _("Frame") + f" {frame}: {', '.join(words)}"

    def _clicked(self, row: dict[str, Any]) -> None:
        if self._browser:
            count = self._browser.GetNumberOfItems()
            self._browser.SetSelectedItemNumber(min(round(row["frame"]), count - 1))

    def _play(self, playing: bool = False) -> None:
        if self._browser:
            self._browser.SetPlaybackActive(bool(self._ui.playButton.checked))

    def _slid(self, frame: int = 0) -> None:
        if self._browser and self._browser.GetSelectedItemNumber() != frame:
            self._browser.SetSelectedItemNumber(int(frame))

    def _go_to_phase(self, phase: str) -> None:
        phases = [row.get("phase") for row in self._frames]
        if self._browser and phase in phases:
            self._browser.SetSelectedItemNumber(phases.index(phase))

    def _jump(self, number: int) -> None:
        geometry = geometry_of(self._volume)
        _slices, rows, columns = geometry.shape
        middle = [(columns - 1) / 2, (rows - 1) / 2, self._slices[number]["slice"]]
        jump_to(slicer.mrmlScene, geometry.points_mm(np.array([middle]))[0])


def _is_empty(row: dict[str, Any]) -> bool:
    unit = "px" if "dim1_px" in row else "mm"
    return not row.get(f"cavity_area_{unit}2") and not row.get(f"myocardium_area_{unit}2")


def _texts(row: dict[str, Any]) -> tuple[str, ...]:
    """Cells of one slice; in pixels where millimeters are not known."""
    unit = "px" if "dim1_px" in row else "mm"

    def told(*names: str) -> str:
        values = [row.get(f"{name}_{unit}") for name in names]
        return " / ".join("–" if value is None else f"{value:.1f}" for value in values)

    areas = [row.get(f"{name}_{unit}2") for name in ("cavity_area", "myocardium_area")]
    return (
        str(row["slice"]),
        *("–" if area is None else f"{area:.0f} {unit}²" for area in areas),
        told("dim1", "dim2", "dim3"),
        told(*(f"rwt{n}" for n in range(1, 7))),
        str(row["flags"]).replace(";", ", "),
    )
