"""Curve of the beat and bull's-eye as nodes: tables, and the chart that plot views show."""

from __future__ import annotations

from typing import Any

from slicer.i18n import tr as _

from MedImageLib.nodes import (
    add_chart,
    add_line_to,
    add_table,
    give_role,
    remove_role,
    update_table,
)

CURVE, CURSOR, BULLS_EYE = (f"CardiacLV.{part}" for part in ("Curve", "Cursor", "BullsEye"))


def add_curve_nodes(scene: Any, found: Any, result: Any) -> Any | None:
    """Chart of the cavity over the beat with fits, band and marks, in place of those before.

    Returns the chart; None where no ventricle was found.
    """
    from CardiacLVLib.presentation.beat_curve import (
        beat_curve,
        bulls_eye_rows,
        fit_rows,
        frame_curve_rows,
        mark_rows,
    )

    for role in (CURVE, CURSOR, BULLS_EYE):
        remove_role(scene, role)
    eye = bulls_eye_rows(found)
    if eye:
        units = {"thickness_ed": "mm", "thickness_es": "mm", "thickening": "%"}
        give_role([add_table(scene, eye, _("Bull's-eye"), units=units)], BULLS_EYE)
    if not result.curves:
        return None
    beat = beat_curve(found, result.curves[0])
    x, y = beat.measured.index_name, beat.measured.name
    units = {x: beat.measured.index_unit, y: beat.measured.unit}
    table = add_table(scene, frame_curve_rows(beat), _("Curve"), units=units)
    chart, measured = add_chart(scene, table, x, [y], _("Cavity over the beat"))
    measured.SetName(_("measured"))
    nodes = [chart, table, measured]
    if beat.fits:
        fits = add_table(scene, fit_rows(beat), _("Fits"), units=units)
        nodes += [
            fits,
            add_line_to(scene, chart, fits, x, "polynomial", name=_("polynomial fit")),
            add_line_to(scene, chart, fits, x, "periodic", dashed=True, name=_("periodic fit")),
        ]
    if beat.bands:
        for column, name in (
            ("ensemble_low", _("ensemble, low")),
            ("ensemble_high", _("ensemble, high")),
        ):
            nodes.append(add_line_to(scene, chart, table, x, column, dashed=True, name=name))
            nodes[-1].SetColor(0.5, 0.5, 0.5)
    for word in ("ED", "ES"):
        rows = [row for row in mark_rows(beat) if row["phase"] == word]
        if rows:
            marks = add_table(scene, rows, word)
            line = add_line_to(scene, chart, marks, x, y, marker=True, line=False, name=word)
            line.SetMarkerSize(16)
            nodes += [marks, line]
    give_role(nodes, CURVE)
    values = [value for value in beat.measured.values if value is not None]
    cursor = add_table(scene, _cursor_rows(x, y, beat.measured.index_values[0], values), _("Frame"))
    shown = add_line_to(scene, chart, cursor, x, y, name=_("frame shown"))
    shown.SetColor(0.1, 0.1, 0.1)
    give_role([cursor, shown], CURSOR)
    cursor.SetNodeReferenceID(CURVE, table.GetID())
    return chart


def move_cursor(cursor: Any, at: float) -> None:
    """Move the upright line of the frame shown."""
    table = cursor.GetTable()
    x, y = (cursor.GetColumnName(n) for n in range(2))
    low, high = (table.GetValue(n, 1).ToDouble() for n in range(2))
    update_table(cursor, _cursor_rows(x, y, at, [low, high]))


def _cursor_rows(x: str, y: str, at: float, values: list[float]) -> list[dict[str, Any]]:
    return [{x: at, y: min(values)}, {x: at, y: max(values)}]
