"""The cardiothoracic ratio on label maps whose widths are known."""

from __future__ import annotations

import numpy as np
import pytest

from MedImageMetricLib.radiograph.cardiothoracic import cardiothoracic_ratio, ctr


def chest(heart_width=40, gap=0) -> np.ndarray:
    labels = np.zeros((120, 200), np.uint8)
    labels[20:100, 20:80] = 1
    labels[20:100, 120:180] = 2
    labels[70:90, 100 - heart_width // 2 : 100 + heart_width // 2] = 3
    if gap:
        labels[:, 100 : 100 + gap] = 0
    return labels


@pytest.mark.parametrize("width", [30, 40, 80, 120])
def test_widths_over_widths(width):
    found = cardiothoracic_ratio(chest(width))
    assert found.value == pytest.approx(width / 160)
    assert found.heart_columns == (100 - width / 2 - 0.5, 100 + width / 2 - 0.5)
    assert found.thorax_columns == (19.5, 179.5)
    assert 70 <= found.heart_row < 90


def test_enlarging_the_picture_changes_nothing():
    large = np.kron(chest(), np.ones((3, 3), np.uint8))
    assert ctr(large, (1.0, 1.0)) == pytest.approx(ctr(chest(), (1.0, 1.0)))


def test_specks_do_not_widen_anything():
    labels = chest()
    labels[5, 2] = 1
    labels[118, 198] = 3
    assert ctr(labels, (1, 1)) == pytest.approx(40 / 160)


@pytest.mark.parametrize("value", [1, 2, 3])
def test_without_an_organ_there_is_no_ratio(value):
    labels = chest()
    labels[labels == value] = 0
    assert cardiothoracic_ratio(labels) is None
