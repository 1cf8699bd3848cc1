"""Boxes of a reading become samples; what cannot be read is told."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from PIL import Image

from MedImageLib.errors import InputError
from MedImageLib.network.samples import FIRST_BAG, Source, read_samples
from MedImageMetricLib.radiograph.boxed_objects import boxes_as_read, read_boxes

TOLD = "lead:0,28,115,125:lung; button:4,5.5,9,11:outside"


def test_boxes_are_read_with_their_kinds():
    (lead, _), (button, corners) = read_boxes(TOLD)
    assert (lead, button) == ("lead", "button")
    assert corners == (4, 5.5, 9, 11)
    assert read_boxes("") == ()


@pytest.mark.parametrize("told", ["lead", "lead:1,2,3:lung", "lead:9,2,3,4:lung", "lead:a,b,c,d:x"])
def test_other_words_are_refused_with_what_is_expected(told):
    with pytest.raises(InputError, match="kind:left,upper,right,lower:where"):
        read_boxes(told)


def test_pictures_with_boxes_become_samples_and_others_do_not(tmp_path):
    told = {"a": TOLD, "b": ""}
    with (tmp_path / "index.csv").open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["id", "patient", "fold", "file", "foreign"])
        for name, boxes in told.items():
            Image.fromarray(np.zeros((140, 150), np.uint8)).save(tmp_path / f"{name}.png")
            rows.writerow([name, name, "2", f"{name}.png", boxes])
    place = f"{boxes_as_read.__module__}:{boxes_as_read.__name__}"
    source = Source("own", "index.csv", label_column="", drawing=place)
    (sample,) = read_samples(tmp_path, [source])
    assert (sample.id, sample.fold) == ("a", 2)
    assert sample.label[70, 60] >= FIRST_BAG
    assert sample.label[8, 6] >= FIRST_BAG
    assert sample.label[135, 140] == 0
