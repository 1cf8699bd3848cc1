"""Contours of the organs on a CT: network for head and neck, classical means for the trunk.

Every organ is a mask on the grid of the scan, checked for side, parts, volume and place; an organ
that the scan does not show is not invented.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from AutoContourLib.contours import ct_trunk
from AutoContourLib.contours.checks import OrganCheck, checked, cleaned, head_neck_anatomy
from AutoContourLib.contours.contour_settings import ContourSettings
from AutoContourLib.contours.ct_grid import even_view, mask_on
from AutoContourLib.contours.spinal_canal import spinal_canal_mask
from AutoContourLib.study.pixel_kind import pixel_kind
from MedImageLib.errors import GeometryError, InputError, Remark
from MedImageLib.volume import Volume

if TYPE_CHECKING:
    from MedImageLib.network.model_store import Model

# Painted in this order into the label map: later ones lie on top of earlier ones.
ORDER = (
    *("body", "bone", "right_lung", "left_lung", "spinal_canal", "mandible", "larynx"),
    *("esophagus", "right_parotid", "left_parotid", "brainstem", "spinal_cord"),
)
FEWEST_SLICES = 5
_EVEN_MM = 2.0


@dataclass(frozen=True, eq=False)
class Contours:
    """Masks (bool) by structure key, in the order of ORDER, on the scan's grid.

    checks: of the network's organs. model: name, version and SHA-256 of the weights, or None.
    origins: how structures came about, where not by drawing on this scan.
    """

    scan: Volume
    masks: Mapping[str, np.ndarray]
    checks: tuple[OrganCheck, ...] = ()
    remarks: tuple[Remark, ...] = ()
    model: tuple[str, str, str] | None = None
    level: int = 0
    seconds: Mapping[str, float] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)

    def origin(self, key: str) -> str:
        """In a few words how a structure came about."""
        if key in self.origins:
            return self.origins[key]
        by_network = self.model and any(check.structure == key for check in self.checks)
        return f"drawn by {' '.join(self.model[:2])}" if by_network and self.model else "drawn"

    def label_map(self) -> tuple[Volume, dict[int, str]]:
        """One label map (later structures on top) and the key of each value."""
        labels = np.zeros(self.scan.array.shape, np.uint8)
        # Structures that a person added come last, on top.
        order = [*ORDER, *(key for key in self.masks if key not in ORDER)]
        keys = {order.index(key) + 1: key for key in self.masks}
        for value, key in sorted(keys.items()):
            labels[self.masks[key]] = value
        return self.scan.with_array(labels, is_labelmap=True, unit="", remarks=()), keys


def contour_ct(scan: Volume, settings: ContourSettings | None = None) -> Contours:
    """Contours of a CT volume in HU.

    Raises InputError for images that are no CT by tag or by gray values, GeometryError for too
    few slices or a grid whose spacing is not known.
    """
    import time

    settings = settings or ContourSettings()
    remarks = [*_fitness(scan)]
    started = time.monotonic()
    model = None
    if settings.organs:
        from MedImageLib.network.model_store import load_model

        model = load_model(settings.model)
    even = even_view(scan, model.card.framing.pixel_mm if model else _EVEN_MM)
    body = ct_trunk.body_mask(even.array, even.geometry.spacing_mm[0])
    if not body.any():
        remarks.append(Remark("no-body", "No body was found on the scan."))
    seconds = {"body": time.monotonic() - started}
    if model is None:
        masks = trunk_masks(even, body, scan) if settings.trunk else {}
        seconds["trunk"] = time.monotonic() - started
        return Contours(scan, masks, (), tuple(remarks), seconds=seconds)
    begun = time.monotonic()
    labels, checks, told, level = _organs(model, even, body, scan, settings)
    seconds["organs"] = time.monotonic() - begun
    begun = time.monotonic()
    # After the network, whose maps need the memory that masks of a whole scan take.
    masks = trunk_masks(even, body, scan) if settings.trunk else {}
    seconds["trunk"] = time.monotonic() - begun
    for number, name in model.structures.items():
        if (mask := labels == number).any():
            masks[name] = mask
    ordered = {key: masks[key] for key in ORDER if key in masks}
    used = (model.card.name, model.card.version, model.weights_sha256)
    return Contours(scan, ordered, checks, (*remarks, *told), used, level, seconds)


def _organs(
    model: Model, even: Volume, body: np.ndarray, scan: Volume, settings: ContourSettings
) -> tuple[np.ndarray, tuple[OrganCheck, ...], tuple[Remark, ...], int]:
    """Checked labels on the scan's grid, what was found of each organ, remarks, level."""
    from AutoContourLib.contours.ct_organs import organ_labels
    from MedImageLib.network.inference import InferenceSettings

    how = InferenceSettings(
        level=settings.level,
        stop_below=settings.stop_below,
        memory_limit_mib=settings.memory_limit_mib,
    )
    answer = organ_labels(model.network, even, scan.geometry, how, body)
    labels = cleaned(answer.labels, model.structures, scan.geometry)
    return *checked(labels, model.structures, scan.geometry, head_neck_anatomy()), answer.level


def trunk_masks(even: Volume, body: np.ndarray, scan: Volume) -> dict[str, np.ndarray]:
    """Body, bone, lungs, canal that are there, on the scan's grid; body: on the even grid."""
    hu, pixel_mm = even.array, even.geometry.spacing_mm[0]
    bone = ct_trunk.bone_mask(hu, body, pixel_mm)
    found = {
        "body": body,
        "bone": bone,
        **ct_trunk.lung_masks(hu, body, pixel_mm),
        "spinal_canal": spinal_canal_mask(hu, body, ct_trunk.middle_columns(body), pixel_mm),
    }
    placed = {
        name: mask_on(mask, even.geometry, scan.geometry)
        for name, mask in found.items()
        if mask.any()
    }
    return {name: mask for name, mask in placed.items() if mask.any()}


def _fitness(scan: Volume) -> list[Remark]:
    """Refuses what is no CT to be contoured; remarks on what is doubtful."""
    kind = pixel_kind(scan.array)
    if scan.modality not in ("", "CT", "OT"):
        raise InputError(
            f"The image is {scan.modality}; contours are made on CT. There is no contour model of "
            "other modalities but an experiment: carry contours of a CT over by registration."
        )
    if kind.kind != "CT":
        raise InputError(
            f"The image is not a CT in Hounsfield units by its gray values ({kind.text}). Check "
            "the modality, and the rescale intercept of the series."
        )
    if not scan.geometry.spacing_known:
        raise GeometryError("The spacing of the image is not known; organs cannot be told by size.")
    if scan.array.shape[0] < FEWEST_SLICES:
        raise GeometryError(
            f"The scan has {scan.array.shape[0]} slices; at least {FEWEST_SLICES} are needed."
        )
    thickest = max(scan.geometry.spacing_mm)
    remarks = [*scan.remarks]
    if thickest > 6.0:
        remarks.append(
            Remark("coarse-scan", f"Slices lie {thickest:.1f} mm apart; contours are rough.")
        )
    return remarks
