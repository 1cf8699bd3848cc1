"""Findings: limits, sides, what biases them, what the level withholds; the line of metrics.csv."""

from __future__ import annotations

import csv
import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from MedImageLib.results import (
    InputIdentity,
    Result,
    read_result,
    write_result,
)
from MedImageMetricLib.radiograph.assessment import assess
from MedImageMetricLib.radiograph.conditions import flags_of
from MedImageMetricLib.radiograph.detections import (
    Box,
    Circumstances,
    ForeignObject,
    NotAssessable,
    Region,
)
from MedImageMetricLib.radiograph.findings import BIASES, FindingSettings, shares_by_side
from MedImageMetricLib.radiograph.metrics_table import COLUMNS, metrics_row, write_metrics
from MedImageMetricLib.radiograph.rules import load_rules

_spec = importlib.util.spec_from_file_location(
    "chest_masks", Path(__file__).with_name("chest_masks.py")
)
chest_masks = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(chest_masks)
drawn = chest_masks.drawn

ON_LUNG = (ForeignObject(Box(120, 100, 160, 140), 0.9, "button"),)


def heart(width: int) -> Region:
    mask = np.zeros((400, 500), bool)
    mask[220:340, 190 : 190 + width] = True
    return Region(mask)


def part_of(side: str, pixels: int) -> Region:
    mask = np.zeros((400, 500), bool)
    rows, columns = np.nonzero(getattr(drawn(), f"{side}_lung").mask)
    mask[rows[:pixels], columns[:pixels]] = True
    return Region(mask)


@pytest.mark.parametrize(("width", "state"), [(150, "absent"), (151, "present"), (90, "absent")])
def test_the_heart_is_enlarged_above_one_half_and_the_ratio_is_always_given(width, state):
    one = assess(drawn(heart=heart(width))).finding("cardiothoracic_ratio")
    assert one.state == state
    assert one.value == pytest.approx(width / 300)
    assert f"{width / 300:.2f}" in one.statement
    assert "cardiac hypertrophy" in one.statement


@pytest.mark.parametrize(
    ("width", "borderline"), [(144, False), (146, True), (154, True), (156, False)]
)
def test_a_ratio_nearer_to_the_limit_than_its_error_is_borderline(width, borderline):
    one = assess(drawn(heart=heart(width))).finding("cardiothoracic_ratio")
    assert ("Borderline" in one.statement) is borderline
    assert (f"{width / 300:.3f}" in one.statement) is borderline


def test_both_widths_are_drawn_between_two_upright_lines_each():
    one = assess(drawn(heart=heart(120))).finding("cardiothoracic_ratio")
    widths = {s.label: s.points_ijk for s in one.geometry if s.label.endswith("width")}
    assert [end[0] for end in widths["heart width"]] == [189.5, 309.5]
    assert [end[0] for end in widths["lungs width"]] == [99.5, 399.5]
    borders = [s.points_ijk for s in one.geometry if s.label.endswith("border")]
    assert sorted(start[0] for start, _ in borders) == [99.5, 189.5, 309.5, 399.5]
    assert all(start[0] == end[0] for start, end in borders)


LUNG = 120 * 320


@pytest.mark.parametrize(
    ("pixels", "words"),
    [
        (LUNG * 4 // 10, "neither"),
        (LUNG * 4 // 10 + 1, "high risk"),
        (LUNG // 10, "neither"),
        (LUNG // 10 - 1, "heal by itself"),
    ],
)
@pytest.mark.parametrize("name", ["pneumothorax", "pleural_effusion"])
def test_shares_of_the_lung_at_their_limits(name, pixels, words):
    one = assess(drawn(**{name: part_of("left", pixels)})).finding(name)
    assert one.state == "present"
    assert one.side == "left"
    assert one.value == pytest.approx(pixels / LUNG)
    assert words in one.statement


def test_air_beside_the_lung_counts_to_the_lung_of_its_side():
    """A collapsed right lung: 100 columns of air outside of it join the denominator."""
    mask = np.zeros((400, 500), bool)
    mask[40:360, 0:100] = True
    found = drawn(pneumothorax=Region(mask))
    shares = shares_by_side(found.pneumothorax, found)
    assert shares["right"] == pytest.approx(100 / 220)
    assert shares["left"] == 0


def test_what_the_detector_warns_of_stands_beside_the_finding():
    part = replace(part_of("left", 500), caution="it saw drawn cases alone")
    one = assess(drawn(pneumothorax=part)).finding("pneumothorax")
    assert "it saw drawn cases alone" in one.cautions
    assert "Caution: it saw drawn cases alone" in one.sentence()


def test_no_part_and_no_detector_are_told_apart():
    assert assess(drawn()).finding("pneumothorax").state == "absent"
    absent = assess(drawn(pneumothorax=NotAssessable("no detector"))).finding("pneumothorax")
    assert absent.state == "not_assessable"
    assert absent.value is None


def test_the_second_level_withholds_and_research_shows_marked():
    found = drawn(foreign_objects=ON_LUNG)
    plain = assess(found).finding("cardiothoracic_ratio")
    assert plain.state == "withheld"
    assert plain.value is None
    assert "second level" in plain.statement
    shown = assess(found, settings=FindingSettings(research=True)).finding("cardiothoracic_ratio")
    assert shown.value == pytest.approx(0.5)
    assert shown.for_research_only
    assert shown.sentence().startswith("Research only")
    allowed = assess(drawn(), settings=FindingSettings(research=True))
    assert not allowed.finding("cardiothoracic_ratio").for_research_only


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"circumstances": Circumstances(view="AP")}, "anteroposterior"),
        ({"circumstances": Circumstances(view="PA", position="supine")}, "lying down"),
        ({"observations": {"rotation_asymmetry": 0.5}}, "rotated"),
        ({"observations": {"posterior_ribs_above_diaphragm": 7}}, "inspiration"),
    ],
)
def test_what_biases_the_ratio_is_named_with_it(changes, words):
    one = assess(drawn(**changes)).finding("cardiothoracic_ratio")
    assert any(words in caution for caution in one.cautions)
    assert words in one.sentence()
    assert not assess(drawn()).finding("cardiothoracic_ratio").cautions


def test_biases_name_conditions_that_exist():
    names = {one.name for one in load_rules("extended").conditions}
    assert all(set(biases) <= names for biases in BIASES.values())


ITEMS = (
    *("scapula_chest_ratio", "scapula_lung_ratio", "scapula_lung_chest_ratio"),
    *("lung_margin_upper", "lung_margin_lower", "lung_margin_right", "lung_margin_left"),
    *("foreign_object_confidence", "spine_offset"),
)


def test_the_line_of_the_table(tmp_path):
    pairs = [column for item in ITEMS for column in (item, f"{item}_state")]
    assert list(COLUMNS) == ["file", "level", "ctr", *pairs, "findings"]
    good = metrics_row("a.dcm", assess(drawn()))
    assert good["level"] == "first"
    assert float(good["ctr"]) == pytest.approx(0.5)
    assert good["lung_margin_left"] == "0.2"
    assert "Cardiothoracic ratio 0.50" in good["findings"]
    bad = metrics_row("b.dcm", assess(drawn(left_lung=NotAssessable("no"))))
    assert bad["level"] == "not_gradable"
    assert (bad["ctr"], bad["lung_margin_left"], bad["findings"]) == ("", "", "")
    assert bad["lung_margin_left_state"] == "not_assessable"
    assert bad["spine_offset_state"] == "satisfied"
    path = write_metrics(tmp_path / "metrics.csv", [good, bad])
    with open(path, newline="") as stream:
        assert list(csv.DictReader(stream)) == [good, bad]


def test_values_and_flags_fit_the_result(tmp_path):
    found = drawn(spine=NotAssessable("no detector"), heart=heart(151), foreign_objects=ON_LUNG)
    for settings in (None, FindingSettings(research=True)):
        assessment = assess(found, settings=settings)
        result = Result(
            module="MedImageMetric",
            task="radiograph",
            inputs=(InputIdentity("0" * 64, "DX", (1, 400, 500), None),),
            values=assessment.measurements(),
            flags=flags_of(assessment.conditions),
            findings=tuple(one.sentence() for one in assessment.findings),
        )
        folder = tmp_path / str(settings is None)
        folder.mkdir()
        write_result(folder, result)
        again = read_result(folder)
        assert again.value("spine_offset").value is None
        assert "no detector" in again.value("spine_offset").text
        flags = {flag.code: flag.state for flag in again.flags}
        assert flags["foreign-object-confidence"] == "not"
        assert replace(again, settings={}) == replace(result, settings={})
