"""The picture of one radiograph with what was found on it, turned upright.

Outlines of organs, both widths of the cardiothoracic ratio with the lines that they lie between,
foreign objects as boxes, and what did not satisfy a condition in a color of its own.
"""

from __future__ import annotations

import numpy as np

from MedImageLib.report.canvas import Box, Line, Path, Text
from MedImageLib.report.overlay import overlay_picture
from MedImageLib.results import Shape
from MedImageMetricLib.radiograph.analysis import RadiographAnalysis
from MedImageMetricLib.radiograph.label_map import LABELS, label_map

FAILED = "#FF8C42"
WIDTHS = {"heart": "#F0E442", "lungs": "#FFFFFF"}
_DASH = (6.0, 6.0)


def analysis_picture(analysis: RadiographAnalysis, size_px: int = 768) -> bytes:
    """PNG of the upright radiograph with everything that was found."""
    factor = analysis.reduction.factor
    found = analysis.detections
    image = analysis.reduced
    labels = label_map(found)[factor // 2 :: factor, factor // 2 :: factor]
    # Blocks beyond the edge have no middle in the picture.
    labels = np.pad(
        labels,
        [(0, max(0, a - b)) for a, b in zip(image.shape, labels.shape, strict=True)],
    )[: image.shape[0], : image.shape[1]]
    across, down, _ = analysis.volume.geometry.spacing_mm
    spacing = analysis.orientation.upright_spacing((across, down))
    widths, texts = _widths(analysis, factor)
    return overlay_picture(
        image,
        labels,
        spacing_mm=(spacing[0] * factor, spacing[1] * factor),
        spacing_known=analysis.volume.geometry.spacing_known,
        names={value: name.replace("_", " ") for value, name in LABELS.items()},
        texts=texts,
        lines=widths + _failed_lines(analysis, factor),
        paths=_borders(analysis, factor) + _failed_areas(analysis, factor),
        boxes=_objects(analysis, factor),
        # The network finds sides as one faces the patient; elsewhere nothing is claimed.
        letters=("R", "L", "H", "F") if analysis.is_chest else None,
        size_px=size_px,
    )


def caption(analysis: RadiographAnalysis) -> str:
    """What the picture shows."""
    if not analysis.is_chest:
        return "The picture as it was read; nothing was found on it."
    words = "Outlines of what was found."
    if analysis.assessment.finding("cardiothoracic_ratio").geometry:
        words += " Solid lines: greatest widths of heart and lungs."
    if any(one.geometry for one in _failed(analysis)):
        words += " Orange: what did not satisfy a condition; foreign objects with their confidence."
    if analysis.orientation.quarter_turns or analysis.orientation.inverted:
        words += " The picture is shown upright, bright where dense."
    return words


def _widths(analysis: RadiographAnalysis, factor: int) -> tuple[list[Line], list[Text]]:
    """Both widths; the words of the lungs' stand beside its end, where the heart's are not."""
    finding = analysis.assessment.finding("cardiothoracic_ratio")
    lines, texts = [], []
    for shape in finding.geometry:
        subject, _, kind = shape.label.partition(" ")
        if kind != "width":
            continue
        start, end = _points(shape, factor)
        if subject == "heart":
            lines.append(Line(start, end, f"heart, CTR {finding.value:.2f}", WIDTHS[subject]))
        else:
            lines.append(Line(start, end, "", WIDTHS[subject]))
            across = end[0] - start[0]
            texts.append(Text((start[0] + 0.1 * across, start[1] + 0.04 * across), subject))
    return lines, texts


def _borders(analysis: RadiographAnalysis, factor: int) -> list[Path]:
    finding = analysis.assessment.finding("cardiothoracic_ratio")
    return [
        Path(np.array(_points(shape, factor)), color=WIDTHS[shape.label.split()[0]], dash=_DASH)
        for shape in finding.geometry
        if shape.label.endswith("border")
    ]


def _failed(analysis: RadiographAnalysis) -> list:
    return [one for one in analysis.assessment.conditions if one.state == "not_satisfied"]


def _failed_lines(analysis: RadiographAnalysis, factor: int) -> list[Line]:
    lines = []
    for one in _failed(analysis):
        for shape in one.geometry:
            if shape.kind == "line" and shape.label != "center line":
                start, end = _points(shape, factor)
                lines.append(Line(start, end, f"{shape.label} {one.value:.2g}", FAILED))
    return lines


def _failed_areas(analysis: RadiographAnalysis, factor: int) -> list[Path]:
    """Outlines of what fails by its area; the map of labels shows the organ that it lies over."""
    drawn: dict[tuple[str, int], Path] = {}
    for one in _failed(analysis):
        for number, shape in enumerate(one.geometry):
            if shape.kind == "polygon":
                points = _points(shape, factor)
                closed = np.array([*points, points[0]])
                drawn[shape.label, number] = Path(closed, f"{shape.label} over the lung", FAILED)
    return list(drawn.values())


def _objects(analysis: RadiographAnalysis, factor: int) -> list[Box]:
    """Boxes of the objects that are too sure to pass, with their confidence."""
    results = analysis.assessment.conditions
    one = next((c for c in results if c.condition.subject == "foreign_object"), None)
    if one is None:
        return []
    boxes = []
    for shape in one.geometry:
        confidence = shape.label.rpartition(" ")[2]
        if shape.kind == "box" and float(confidence) > one.threshold.value:
            corners = _points(shape, factor)
            boxes.append(Box(corners[0], corners[1], confidence, FAILED))
    return boxes


def _points(shape: Shape, factor: int) -> list[tuple[float, float]]:
    """Points of a shape on the reduced picture."""
    return [
        ((point[0] + 0.5) / factor - 0.5, (point[1] + 0.5) / factor - 0.5)
        for point in shape.points_ijk
    ]
