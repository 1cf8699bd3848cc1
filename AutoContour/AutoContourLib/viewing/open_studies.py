"""The studies that the server has open, their drafts, and what the page is told of them."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from dataclasses import asdict
from pathlib import Path
from typing import Any

from AutoContourLib.contours.review import REVIEW_FILE, Reviewed, read_review
from AutoContourLib.registration.offset import RigidOffset
from AutoContourLib.registration.output import OFFSET_FILE, read_offset, refused_field
from AutoContourLib.storage.state_page import LONGEST_LIST
from AutoContourLib.viewing import result_files as files
from AutoContourLib.viewing.computations import Computations
from AutoContourLib.viewing.editing import JOURNAL_FILE, Draft, SupersededError
from AutoContourLib.viewing.opened_study import SETS, OpenedStudy
from AutoContourLib.viewing.plan_question import plan_question
from AutoContourLib.viewing.recomputing import read_fusion
from AutoContourLib.viewing.slices import body_box, planes
from AutoContourLib.viewing.study_list import listed_studies, study_folder
from MedImageLib.errors import InputError, MedImageError
from MedImageLib.results import read_result
from MedImageLib.terminology import Structure, structure
from MedImageLib.volume import Volume

_LIST_AGE_S = 1.0


class OpenStudies:
    """Opened studies of a results folder, the last used ones. Threads may share it."""

    def __init__(self, out: Path, most: int) -> None:
        self.out = out
        self.computations = Computations()
        self._most = most
        self._lock = threading.RLock()
        self._open: OrderedDict[Path, OpenedStudy] = OrderedDict()
        self._folders: dict[str, Path] = {}
        self._list: tuple[float, list[dict[str, Any]]] = (-math.inf, [])
        self._drafts: dict[Path, Draft] = {}
        self._reviews: dict[Path, tuple[tuple[int, ...], tuple[Reviewed, ...]]] = {}

    def listed(self) -> list[dict[str, Any]]:
        """Studies for the list, without any name of a patient; many pages ask, few look-ups."""
        with self._lock:
            if time.monotonic() - self._list[0] > _LIST_AGE_S:
                self._list = (time.monotonic(), self._listed())
            return self._list[1]

    def _listed(self) -> list[dict[str, Any]]:
        return [
            {
                "id": one.id,
                "state": one.state,
                "reason": one.reason,
                "kinds": one.kinds,
                "finished_utc": one.finished_utc,
                "opens": one.folder is not None,
            }
            for one in listed_studies(self.out)[:LONGEST_LIST]
        ]

    def study(self, study_id: str) -> OpenedStudy:
        """The opened study of an id. Raises InputError for one that is not listed."""
        with self._lock:
            folder = self._folders.get(study_id)
            if folder is None or not folder.is_dir():
                folder = study_folder(self.out, study_id)
                self._folders[study_id] = folder
            if folder not in self._open:
                self._open[folder] = OpenedStudy(folder)
                while len(self._open) > self._most:
                    old, _ = self._open.popitem(last=False)
                    for one in [one for one in self._drafts if old in one.parents]:
                        del self._drafts[one]  # its journal keeps it
            self._open.move_to_end(folder)
            return self._open[folder]

    def draft(self, study: OpenedStudy, name: str = "first", place: str = "") -> Draft:
        """The draft on a set of contours; made anew when these were written by another program.

        Raises InputError when there is no such set.
        """
        shown = study.contours(name, place)
        with self._lock:
            draft = self._drafts.get(shown.folder)
            if draft is None or draft.made_of is not shown.own:
                carried = study.carried_grid(shown, place)
                draft = Draft(shown.own, shown.keys, shown.folder, shown.labels, carried)
                self._drafts[shown.folder] = draft
            return draft

    def shown(self, study: OpenedStudy, name: str, place: str) -> tuple[Volume, dict[int, str]]:
        """Labels of a set on the first image's grid, with what was drawn on it, and its keys."""
        folder = study.contour_folder(name, place)
        if name == "first" or folder in self._drafts or (folder / JOURNAL_FILE).is_file():
            draft = self.draft(study, name, place)
            return draft.shown, draft.keys
        shown = study.contours(name, place)
        return shown.labels, shown.keys

    def facts(self, study: OpenedStudy) -> dict[str, Any]:
        """What does not change while the study stays as it is; quick, loads the first image."""
        first = study.levels("first")
        found: dict[str, Structure] = {}
        for _, _, folder in self._sets(study):
            for name in files.structure_names(folder).values():
                found.setdefault(structure(name).key, structure(name))
        return {
            "stamp": study.stamp(),
            "planes": [asdict(plane) for plane in planes(study.geometry)],
            "body_box": body_box(first),
            "lps_from_index": study.geometry.lps_from_index.tolist(),
            "spacing_known": study.geometry.spacing_known,
            "modality": first.volume.modality,
            "structures": [{"key": s.key, "name": s.name, "rgb": s.rgb} for s in found.values()],
            "pairs": [self._pair_facts(study, place) for place in study.places],
        }

    def state(self, study: OpenedStudy, drawn: str = "first") -> dict[str, Any]:
        """What changes: review, question, computation, and the draft of the set named `drawn`
        as `set_name` does."""
        name, _, place = drawn.partition(" ")
        draft = self.draft(study, name, place) if study.has_contours(name, place) else None
        running = self.computations.state(study.folder)
        return {
            "stamp": study.stamp(),
            "review": {
                self.set_name(name, place): [asdict(mark) for mark in self.review(folder)]
                for name, place, folder in self._sets(study)
            },
            "draft": None
            if draft is None
            else {
                "set": drawn,
                "revision": draft.revision,
                "strokes": len(draft.strokes),
                "edited": draft.edited,
                "by": draft.strokes[-1].by if draft.strokes else "",
            },
            "revisions": self._revisions(study),
            "computation": asdict(running) if running else None,
            "questions": {place: self._question(study, place) for place in study.places},
        }

    def _revisions(self, study: OpenedStudy) -> dict[str, str]:
        """Of the drafts that there are, by the name of their set."""
        sets = {folder: self.set_name(name, place) for name, place, folder in self._sets(study)}
        with self._lock:
            drafts = [(folder, one) for folder, one in self._drafts.items() if folder in sets]
        return {sets[folder]: one.revision for folder, one in drafts}

    def review(self, folder: Path) -> tuple[Reviewed, ...]:
        """The review of a set of contours, read again when one of its files changed."""
        if not (folder / REVIEW_FILE).is_file():
            return ()
        times = tuple(
            (folder / name).stat().st_mtime_ns for name in (REVIEW_FILE, files.LABELS_FILE)
        )
        with self._lock:
            kept = self._reviews.get(folder)
            if kept is None or kept[0] != times:
                kept = (times, read_review(folder))
                self._reviews[folder] = kept
            return kept[1]

    def check_seen(self, folder: Path, seen: dict[str, list[str]]) -> None:
        """Raises SupersededError when a structure is no longer as the person saw it.

        seen: state, SHA-256 and reviewer by structure.
        """
        for mark in read_review(folder):
            if mark.structure in seen and seen[mark.structure] != [
                mark.state,
                mark.sha256,
                mark.reviewer,
            ]:
                who = f" by {mark.reviewer}, {mark.when_utc}" if mark.reviewer else ""
                name = structure(mark.structure).name
                raise SupersededError(
                    f"{name} is {mark.state}{who}, which you had not seen yet. Nothing was "
                    "changed; look again and decide."
                )

    @staticmethod
    def set_name(name: str, place: str) -> str:
        return name if name == "first" else f"{name} {place}"

    def _sets(self, study: OpenedStudy) -> list[tuple[str, str, Path]]:
        places = {"first": ("",), "second": study.places, "target": study.places}
        return [
            (name, place, study.contour_folder(name, place))
            for name in SETS
            for place in places[name]
            if study.has_contours(name, place)
        ]

    def _pair_facts(self, study: OpenedStudy, place: str) -> dict[str, Any]:
        pair = study.registration(place)
        result = read_result(pair)
        flags = {flag.code: flag for flag in result.flags}
        offset = read_offset(pair / OFFSET_FILE)

        def verdict(code: str) -> dict[str, str] | None:
            flag = flags.get(code)
            return {"state": flag.state, "text": flag.text} if flag else None

        return {
            "place": place,
            "mode": place.partition("-")[2],
            "rigid": verdict("registration-usable"),
            "field": verdict("field-usable"),
            "has_field": (pair / files.DISPLACEMENT_FILE).is_file(),
            "has_fused": (pair / files.FUSED_FILE).is_file(),
            "fusion": read_fusion(pair).method,
            "fused_with": "rigid" if refused_field(result) else "second",
            "second_contours": study.has_contours("second", place),
            "target_contours": study.has_contours("target", place),
            "offset": asdict(offset),
            "findings": list(result.findings),
            "by_a_person": any(w.code == "offset-by-a-person" for w in result.warnings),
        }

    def _question(self, study: OpenedStudy, place: str) -> dict[str, Any] | None:
        try:
            return asdict(plan_question(self.out, study.folder, place))
        except InputError as error:
            return {"degree_mm": None, "threshold_mm": None, "decision": None, "error": str(error)}


def edited_offset(values: Any) -> RigidOffset:
    """The offset that a browser sent. Raises InputError for anything but nine finite numbers."""
    try:
        triples = [
            tuple(float(v) for v in values[name])
            for name in ("translation_mm", "rotation_deg", "center_mm")
        ]
        return RigidOffset(*triples)  # type: ignore[arg-type]
    except (TypeError, KeyError, ValueError, MedImageError):
        raise InputError(
            "An offset is three numbers each: translation_mm, rotation_deg, center_mm."
        ) from None
