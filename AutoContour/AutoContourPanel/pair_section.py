"""The second image on the first one: six numbers and a transform that follow each other, the
deformation degree with its question, fusion, three linked views."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import slicer
from slicer.i18n import tr as _

from AutoContourPanel.scene_content import stored_volume
from AutoContourPanel.views_layout import show_three_views
from MedImageLib.nodes import (
    add_displacement_field,
    add_linear_transform,
    add_volume,
    displacement_field_of,
    moving_from_fixed_of,
    set_moving_from_fixed,
    update_volume,
)
from MedImageLib.panels.words import told

_AXES = "XYZ"
_CENTER, _USABLE, _P95, _REASON, _KIND = (
    f"AutoContour.{name}" for name in ("Center", "Usable", "DeformationP95", "Reason", "Type")
)
_STORED, _RIGID, _FIELD = range(3)  # in the order of the list


class PairSection:
    """parameters(): the parameter node now, or None while the scene is closed."""

    def __init__(self, ui: Any, parameters: Any) -> None:
        self._ui, self._parameters = ui, parameters
        self._showing = False
        self._decision: Any = None
        self._spins = [
            getattr(ui, f"{word}{axis}SpinBox")
            for word in ("translation", "rotation")
            for axis in _AXES
        ]
        for spin in self._spins:
            spin.connect("valueChanged(double)", self._typed)
        ui.placeComboBox.connect("currentIndexChanged(int)", self._place)
        ui.interactiveCheckBox.connect("toggled(bool)", self._by_hand)
        ui.viewsButton.connect("clicked(bool)", self.show_views)
        self._banner("")

    def take(self, pair: Any) -> None:
        """Put what was registered into the scene and place the second image by it.

        pair: `image_pair.RegisteredPair`.
        """
        parameters, scene = self._parameters(), slicer.mrmlScene
        if parameters.offset is None:
            parameters.offset = add_linear_transform(
                scene, pair.offset.moving_from_fixed, _("Rigid offset")
            )
        offset = parameters.offset
        offset.SetAttribute(_CENTER, " ".join(f"{v:.6f}" for v in pair.offset.center_mm))
        offset.SetAttribute(_USABLE, "yes" if pair.offset_usable else "no")
        offset.SetAttribute(_REASON, pair.remarks[0].text if pair.remarks else "")
        offset.SetAttribute(_KIND, pair.kind)
        set_moving_from_fixed(offset, pair.offset.moving_from_fixed)
        if parameters.field is not None:
            scene.RemoveNode(parameters.field)
        if pair.displacement_mm is not None:
            field = add_displacement_field(
                scene, pair.displacement_mm, pair.geometry, _("Displacement field")
            )
            field.SetAttribute(_USABLE, "yes" if pair.field_usable else "no")
            field.SetAttribute(_REASON, pair.remarks[0].text if pair.remarks else "")
            # What a field says that is not to be used is no degree.
            if pair.degree is not None and pair.field_usable:
                field.SetAttribute(_P95, repr(pair.degree.by_field[0].p95_mm))
            parameters.field = field
        usable = pair.displacement_mm is not None and pair.field_usable
        self._ui.placeComboBox.currentIndex = _FIELD if usable else _RIGID
        self._place()
        self._ask(pair)
        self.show()

    def show(self) -> None:
        """Show what the nodes of the parameters hold now."""
        parameters, ui = self._parameters(), self._ui
        offset = parameters.offset if parameters else None
        field = parameters.field if parameters else None
        kind = (offset.GetAttribute(_KIND) or "") if offset else ""
        ui.typeLabel.text, ui.typeLabel.toolTip = told(kind.partition("\n")[0]), told(kind)
        ui.rigidLabel.text = _indicator(_("rigid"), offset)
        ui.fieldLabel.text = _indicator(_("non-rigid"), field)
        has_contours = bool(parameters and parameters.outputSegmentation)
        ui.contoursLabel.text = ("✔ " if has_contours else "– ") + _("contours")
        ui.rigidLabel.toolTip = told(offset.GetAttribute(_REASON) or "") if offset else ""
        for spin in self._spins:
            spin.enabled = offset is not None
        ui.interactiveCheckBox.enabled = ui.placeComboBox.enabled = offset is not None
        self._show_offset(offset)
        self._show_degree(field)
        both = bool(parameters and parameters.inputVolume and parameters.secondVolume)
        ui.fuseButton.enabled = ui.viewsButton.enabled = both

    def fusing(self) -> tuple[Any, ...]:
        """Arguments of `image_pair.fused_volume` as the second image lies now."""
        parameters, place = self._parameters(), self._ui.placeComboBox.currentIndex
        first, second = parameters.inputVolume, parameters.secondVolume
        images = stored_volume(first), stored_volume(second)
        matrix = displacement = None
        if place == _FIELD and parameters.field is not None:
            from AutoContourLib.registration.working_grid import working_image

            grid = working_image(images[0]).geometry
            displacement = displacement_field_of(parameters.field, grid)[0]
        elif place == _RIGID and parameters.offset is not None:
            matrix = moving_from_fixed_of(parameters.offset)
        return (*images, self._ui.fusionComboBox.currentText, matrix, displacement)

    def take_fused(self, volume: Any) -> None:
        """Put a fused image into the scene and show it."""
        parameters = self._parameters()
        if parameters.fusedVolume is None:
            parameters.fusedVolume = add_volume(slicer.mrmlScene, volume, _("Fused"))
        else:
            update_volume(parameters.fusedVolume, volume)
        self.show_views()

    def show_views(self) -> None:
        """First, second and fused image side by side, each with its own contours."""
        parameters = self._parameters()
        show_three_views(
            slicer.mrmlScene,
            (parameters.inputVolume, parameters.secondVolume, parameters.fusedVolume),
            (
                parameters.outputSegmentation,
                parameters.secondSegmentation,
                parameters.targetSegmentation or parameters.outputSegmentation,
            ),
        )

    @property
    def asks(self) -> bool:
        """Whether the banner asks something."""
        return self._decision is not None

    def answer(self, answer: str, reviewer: str) -> None:
        """Answer the question of the banner. Raises InputError when nobody is named."""
        from AutoContourLib.registration.plan_decision import answered

        if self._decision is None:
            return
        decision = answered(self._decision, answer, reviewer, datetime.now(UTC))
        field = self._parameters().field
        text = f"{decision.answer}, {decision.answered_by}, {decision.answered_at}"
        if field is not None:
            field.SetAttribute("AutoContour.PlanAnswer", text)
        self._decision = None
        self._banner("")
        self._ui.deformationLabel.text += f"\n{text}"

    def _ask(self, pair: Any) -> None:
        from AutoContourLib.registration.plan_decision import (
            ThresholdSettings,
            ask,
            starting_thresholds,
        )

        self._decision = None
        if pair.degree is not None and pair.field_usable:
            thresholds = starting_thresholds(ThresholdSettings())
            self._decision = ask(pair.degree, thresholds, "scene", datetime.now(UTC))
        self._banner(told(self._decision.question) if self._decision else "")

    def _banner(self, text: str) -> None:
        ui = self._ui
        ui.bannerLabel.text = text
        ui.bannerLabel.visible = ui.modifyButton.visible = ui.keepButton.visible = bool(text)

    def _show_degree(self, field: Any) -> None:
        from AutoContourLib.registration.deformation_degree import LEAST_SEEN_MM
        from AutoContourLib.registration.plan_decision import ThresholdSettings

        stored = field.GetAttribute(_P95) if field else None
        limit = ThresholdSettings().p95_mm
        p95 = float(stored) if stored else None
        bar = self._ui.deformationBar
        bar.value = 0 if p95 is None else min(100, round(50 * p95 / limit))
        sign = "▲ " if p95 is not None and p95 > limit else ""
        told_mm = "" if p95 is None else f"{sign}{p95:.1f} mm ({_('threshold')} {limit:g} mm)"
        bar.setFormat(told_mm)
        text = _("Not measured yet.")
        if p95 is not None and p95 < LEAST_SEEN_MM:
            text = _("No deformation was seen: nothing bent, or the voxels are too coarse for it.")
        elif p95 is not None:
            text = _("95 % of the body moved by less than this, the offset taken out.")
        elif field is not None:
            text = (
                _("The displacement field is not to be used:")
                + f" {told(field.GetAttribute(_REASON) or '')}"
            )
        self._ui.deformationLabel.text = text

    def _show_offset(self, node: Any) -> None:
        from AutoContourLib.registration.offset import offset_of

        values = (0.0,) * 6
        if node is not None:
            offset = offset_of(moving_from_fixed_of(node), _center(node))
            values = (*offset.translation_mm, *offset.rotation_deg)
        self._showing = True
        for spin, value in zip(self._spins, values, strict=True):
            spin.value = value
        self._showing = False

    def _typed(self, value: float = 0.0) -> None:
        parameters = self._parameters()
        if self._showing or parameters is None or parameters.offset is None:
            return
        from AutoContourLib.registration.offset import RigidOffset

        numbers = [float(spin.value) for spin in self._spins]
        center = tuple(_center(parameters.offset))
        offset = RigidOffset(tuple(numbers[:3]), tuple(numbers[3:]), center)
        self._showing = True
        set_moving_from_fixed(parameters.offset, offset.moving_from_fixed)
        self._showing = False

    def follow(self) -> None:
        """The transform was changed, by hand or by a script: the numbers follow."""
        parameters = self._parameters()
        if not self._showing and parameters is not None and parameters.offset is not None:
            self._show_offset(parameters.offset)

    def _place(self, index: int = 0) -> None:
        parameters = self._parameters()
        if parameters is None or parameters.secondVolume is None:
            return
        nodes = {_RIGID: parameters.offset, _FIELD: parameters.field}
        node = nodes.get(self._ui.placeComboBox.currentIndex)
        for moved in (parameters.secondVolume, parameters.secondSegmentation):
            if moved is not None:
                moved.SetAndObserveTransformNodeID(node.GetID() if node else None)

    def _by_hand(self, on: bool = False) -> None:
        parameters = self._parameters()
        if parameters is None or parameters.offset is None:
            return
        on = bool(self._ui.interactiveCheckBox.checked)
        if on:
            self._ui.placeComboBox.currentIndex = _RIGID
        parameters.offset.CreateDefaultDisplayNodes()
        display = parameters.offset.GetDisplayNode()
        display.SetEditorVisibility(on)
        display.SetEditorSliceIntersectionVisibility(on)


def _center(node: Any) -> np.ndarray:
    text = node.GetAttribute(_CENTER) or "0 0 0"
    return np.array([float(word) for word in text.split()])


def _indicator(word: str, node: Any) -> str:
    if node is None:
        return f"– {word}"
    return f"{'✖' if node.GetAttribute(_USABLE) == 'no' else '✔'} {word}"
