"""The panel of Auto Contour, with the networks replaced."""

from __future__ import annotations

import numpy as np
import pytest
from panel_cases import add_radiograph, panel

pytestmark = pytest.mark.usefixtures("in_this_process")


def test_a_ct_is_contoured_from_the_panel(application, monkeypatch):
    """The organs are replaced by two boxes; body and checks are not asked."""
    from AutoContourLib.contours import contour_files, contouring
    from MedImageLib.nodes import segmentation_labels, segments_of

    def contour_ct(scan, settings=None):
        masks = {"body": np.ones(scan.array.shape, bool)}
        masks["mandible"] = np.zeros(scan.array.shape, bool)
        masks["mandible"][0, 10:20, 30:50] = True
        return contouring.Contours(scan, masks)

    monkeypatch.setattr(contour_files, "contour_ct", contour_ct)
    node = add_radiograph(application.scene)
    widget = panel(application, "AutoContour")
    assert widget.ui.inputSelector.currentNode() == node
    widget.ui.applyButton.click()
    assert application.errors == []
    segmentation = widget.ui.outputSelector.currentNode()
    assert [segment.name for segment in segments_of(segmentation)] == ["Body", "Mandible"]
    values = np.unique(segmentation_labels(segmentation).array, return_counts=True)
    assert sorted(values[1]) == [200, 80 * 100 - 200]
    assert "to be reviewed" in widget.ui.resultTextEdit.plainText.lower()
    assert "Look at every contour" in widget.ui.statusLabel.text
