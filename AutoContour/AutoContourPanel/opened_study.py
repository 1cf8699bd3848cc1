"""A processed study in the scene: its nodes, where it came from, and its review on the way back.

Where a segmentation came from lies on its node, so that a scene that is opened again can still
send its review; a server's token never does.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from slicer.i18n import tr as _

from AutoContourPanel.review_section import (
    DIGEST,
    REVIEWER,
    STATUS,
    WHEN,
    digest_of,
    segments,
    tag_of,
)
from MedImageLib.errors import InputError
from MedImageLib.nodes import (
    add_folder,
    add_segmentation,
    add_volume,
    place_in_folder,
    segment_of,
)
from MedImageLib.terminology import structure

_ORIGIN, _LOADED, _SEEN = "AutoContour.Study", "MedImage.LoadedSha256", "MedImage.Seen"
_STATUS = {"approved": "completed", "rejected": "flagged"}
_MOST_VOXELS_WITH_SURFACES = 10_000_000


@dataclass(frozen=True)
class StudyOrigin:
    """url: of the server; empty for a folder of this machine. id: on the server. folder: of the
    result otherwise, below `out`. pair: that was opened. name, place: of the set of contours."""

    url: str
    id: str
    folder: str
    out: str = ""
    pair: str = ""
    name: str = "first"
    place: str = ""


def show_study(scene: Any, content: Any, parameters: Any, origin: StudyOrigin) -> None:
    """Add a study to the scene and take it into the parameters; what is there stays.

    content: StudyContent; its pair is left to the section of registrations.
    """
    number = content.place.partition("-")[0]
    parameters.inputVolume = first = add_volume(scene, content.planning, _("Planning CT"))
    parameters.secondVolume = parameters.offset = parameters.field = None
    parameters.fusedVolume = None
    nodes = [first]
    if content.second is not None:
        words = f"{_('Image')} {number} {content.second.modality}"
        parameters.secondVolume = add_volume(scene, content.second, words)
        nodes.append(parameters.secondVolume)
    if content.fused is not None:
        parameters.fusedVolume = add_volume(scene, content.fused, _("Fused"))
        nodes.append(parameters.fusedVolume)
    made = {
        name: _segmentation(
            scene,
            name,
            content.contours[name],
            parameters.secondVolume if name == "second" else first,
            replace(
                origin,
                pair=content.place,
                name=name,
                place="" if name == "first" else content.place,
            ),
        )
        for name in content.contours
    }
    parameters.outputSegmentation = made.get("first")
    parameters.secondSegmentation = made.get("second")
    parameters.targetSegmentation = made.get("target")
    place_in_folder(scene, [*nodes, *made.values()], add_folder(scene, f"{_('Study')} {origin.id}"))


def origin_of(segmentation: Any) -> StudyOrigin | None:
    """Where the contours of a node came from; None for those made in this scene."""
    text = segmentation.GetAttribute(_ORIGIN) if segmentation is not None else None
    return StudyOrigin(**json.loads(text)) if text else None


def seen_of(segmentation: Any, names: Iterable[str]) -> dict[str, list[str]]:
    """What was seen of each structure, by its key: state, SHA-256 and reviewer where it lies.

    Raises InputError for one that was changed in this scene: there it is still as it was.
    """
    seen = {}
    for name, segment in segments(segmentation):
        if name not in set(names):
            continue
        if tag_of(segment, _LOADED) != digest_of(segmentation, name):
            raise InputError(
                f"{name} was changed here; where the study came from it is still as it was, and is "
                "not reviewed. Export what you drew, or draw on it in the browser."
            )
        seen[structure(name).key] = json.loads(tag_of(segment, _SEEN) or '["", "", ""]')
    return seen


def take_marks(segmentation: Any, marks: Iterable[Any]) -> None:
    """Put a review into the tags of the segments. marks: `Reviewed` of their structures."""
    by_key = {mark.structure: mark for mark in marks}
    for name, segment in segments(segmentation):
        mark = by_key.get(structure(name).key)
        if mark is None:
            continue
        segment.SetTag(STATUS, _STATUS.get(mark.state, "inprogress"))
        segment.SetTag(_SEEN, json.dumps([mark.state, mark.sha256, mark.reviewer]))
        if mark.state in _STATUS:
            segment.SetTag(REVIEWER, mark.reviewer)
            segment.SetTag(WHEN, mark.when_utc)
            segment.SetTag(DIGEST, digest_of(segmentation, name))
    segmentation.Modified()


def _segmentation(scene: Any, name: str, found: Any, volume: Any, origin: StudyOrigin) -> Any:
    segments_of_set = [segment_of(structure(key), value) for value, key in found.names.items()]
    title = {
        "first": _("Contours"),
        "second": _("Contours of the second image"),
        "target": _("Target"),
    }[name]
    small = found.labels.array.size <= _MOST_VOXELS_WITH_SURFACES
    node = add_segmentation(
        scene, found.labels, segments_of_set, title, reference_node=volume, with_surfaces=small
    )
    node.SetAttribute(_ORIGIN, json.dumps(asdict(origin)))
    for word, segment in segments(node):
        segment.SetTag(_LOADED, digest_of(node, word))
    take_marks(node, found.marks.values())
    return node
