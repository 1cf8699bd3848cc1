"""Pictures in a panel: bytes of a PNG in a label."""

from __future__ import annotations

from typing import Any

_WIDTH_PX = 340


def show_png(label: Any, png: bytes | None, width_px: int = _WIDTH_PX) -> None:
    """Show a PNG in a QLabel, scaled to a width; None takes it away."""
    import qt

    label.visible = png is not None
    if png is None:
        label.clear()
        return
    pixmap = qt.QPixmap()
    pixmap.loadFromData(qt.QByteArray(png))
    label.setPixmap(pixmap.scaledToWidth(width_px, qt.Qt.SmoothTransformation))
