"""Thresholds on samples whose best threshold is known, site profiles, and the command."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from MedImageLib.__main__ import main
from MedImageLib.errors import InputError, SettingsError
from MedImageMetricLib.radiograph.calibration import (
    accuracy_of,
    best_plateau,
    calibrate,
)
from MedImageMetricLib.radiograph.calibration_samples import (
    Sample,
    calibrated_profile,
    read_samples,
)
from MedImageMetricLib.radiograph.calibration_settings import CalibrationSettings
from MedImageMetricLib.radiograph.detections import Circumstances
from MedImageMetricLib.radiograph.rules import Condition, load_rules
from MedImageMetricLib.radiograph.site_profile import (
    CalibratedThreshold,
    SiteProfile,
    Stratum,
    read_profile,
    write_profile,
)

RULES = load_rules("source")
SPINE = RULES.condition("spine_offset")
LEFT = RULES.condition("lung_margin_left")


def condition(comparison: str = "at_most", candidates=(0.0, 1.0)) -> Condition:
    return Condition("x", "a", "scapula", "x", "x", comparison, 0.5, candidates, "here")


def test_the_middle_of_the_plateau_between_good_and_bad():
    values = np.array([0.1, 0.2, 0.3, 0.6, 0.7, 0.8])
    low, high, accuracy = best_plateau(values, values < 0.5, condition())
    assert (low, high, accuracy) == (0.3, 0.6, 1.0)
    low, high, accuracy = best_plateau(values, values > 0.5, condition("at_least"))
    assert (low, high, accuracy) == (0.3, 0.6, 1.0)


def test_one_wrong_label_costs_one_sample():
    values = np.array([0.1, 0.2, 0.3, 0.6, 0.7, 0.8])
    labels = np.array([True, False, True, False, False, False])
    assert best_plateau(values, labels, condition()) == (0.3, 0.6, pytest.approx(5 / 6))


@given(
    st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1, max_size=25),
    st.sampled_from(["at_most", "at_least"]),
)
@settings(max_examples=40, deadline=None)
def test_no_threshold_of_all_is_better(samples, comparison):
    """Against a search by brute force on a grid finer than the values."""
    values = np.array([value / 20 for value, _ in samples])
    labels = np.array([label for _, label in samples])
    one = condition(comparison)
    low, high, accuracy = best_plateau(values, labels, one)
    best = max(accuracy_of(values, labels, t, one) for t in np.linspace(0, 1, 81))
    assert accuracy == pytest.approx(best)
    if high > low:
        assert accuracy_of(values, labels, (low + high) / 2, one) == pytest.approx(best)


def test_thresholds_stay_within_the_candidates():
    values = np.array([0.9, 0.95, 0.97, 0.99])
    low, high, _ = best_plateau(values, values < 0.96, condition(candidates=(0.0, 0.5)))
    assert (low, high) == (0.0, 0.5)


def spine_samples(count=200, border=0.06, seed=0, noise=0.0):
    rng = np.random.default_rng(seed)
    values = rng.uniform(0, 0.15, count)
    return values, values + rng.normal(0, noise, count) <= border if noise else values <= border


def test_calibration_finds_the_border_and_says_how_sure_it_is():
    values, labels = spine_samples()
    found = calibrate(values, labels, SPINE)
    assert found.accepted
    assert found.accuracy == 1.0
    assert found.threshold == pytest.approx(0.06, abs=0.002)
    assert found.interval[0] <= found.threshold <= found.interval[1]
    assert found.cross_validated_accuracy > 0.97
    assert max(accuracy for _, accuracy in found.curve) <= found.accuracy
    few = calibrate(*spine_samples(40, noise=0.01), SPINE)
    many = calibrate(*spine_samples(4000, noise=0.01), SPINE, CalibrationSettings(resamples=50))
    assert np.ptp(few.interval) > np.ptp(many.interval)
    assert calibrate(values, labels, SPINE) == found


def test_labels_that_agree_with_nothing_are_not_accepted():
    rng = np.random.default_rng(1)
    found = calibrate(rng.uniform(0, 0.15, 200), rng.random(200) < 0.5, SPINE)
    assert not found.accepted
    assert "0.95" in found.note
    assert found.cross_validated_accuracy < found.accuracy


def test_the_preset_rate_must_be_exceeded():
    """19 of 20 right is 0.95, which is not more than the 0.95 of the spine."""
    values = np.linspace(0.01, 0.14, 20)
    labels = values <= 0.07
    labels[0] = False
    assert not calibrate(values, labels, SPINE).accepted
    assert calibrate(values, values <= 0.07, SPINE).accepted


def test_patients_are_not_split_by_folds():
    """Each patient has two images with one label that nothing tells but the patient."""
    rng = np.random.default_rng(2)
    values = np.repeat(np.linspace(0.01, 0.14, 60), 2)
    labels = np.repeat(rng.random(60) < 0.5, 2)
    groups = np.repeat(np.arange(60).astype(str), 2)
    apart = calibrate(values, labels, SPINE, groups=groups).cross_validated_accuracy
    assert apart < 0.65


def test_one_sided_samples_are_not_calibrated_except_distances():
    values = np.linspace(0.01, 0.2, 100)
    labels = np.ones(100, bool)
    none = calibrate(values, labels, SPINE)
    assert none.threshold is None
    assert "0 failed" in none.note
    margin = calibrate(values, labels, LEFT)
    assert margin.threshold == pytest.approx(np.percentile(values, 0.5))
    assert margin.accepted
    assert "good images" in margin.note


def make_samples() -> list[Sample]:
    rng = np.random.default_rng(3)
    samples = []
    for number in range(260):
        view = "AP" if number % 4 == 0 else "PA"
        sex = "F" if number < 30 else "M"
        value = rng.uniform(0, 0.15)
        border = 0.09 if view == "AP" else 0.05
        samples.append(
            Sample(
                {"spine_offset": value},
                {"spine": value <= border},
                Circumstances(age_years=40, sex=sex, view=view),
                f"Patient{number}",
            )
        )
    return samples


@pytest.fixture(scope="module")
def profile() -> SiteProfile:
    return calibrated_profile(
        make_samples(),
        RULES,
        CalibrationSettings(resamples=20),
        name="north",
        author="R. Reader",
        created=datetime(2026, 1, 2, tzinfo=UTC),
    )


def test_strata_have_thresholds_of_their_own_and_small_ones_fall_back(profile):
    by_view = {
        view: profile.threshold(SPINE, Circumstances(view=view, sex="M", age_years=30))
        for view in ("AP", "PA")
    }
    assert by_view["AP"].value == pytest.approx(0.09, abs=0.005)
    assert by_view["PA"].value == pytest.approx(0.05, abs=0.005)
    assert "AP" in by_view["AP"].origin
    small = profile.threshold(SPINE, Circumstances(view="AP", sex="F"))
    assert small.value == profile.threshold(SPINE, Circumstances(view="AP")).value
    assert "F, AP not used" in small.origin
    assert "50 are needed" in small.origin
    unknown = profile.threshold(LEFT, Circumstances())
    assert unknown.value == LEFT.threshold
    assert unknown.origin.startswith("default")


def test_good_images_alone_never_replace_what_the_whole_knows_of_failed_ones():
    rng = np.random.default_rng(4)
    samples = []
    for number in range(160):
        cut = number % 8 == 0
        margin = rng.uniform(0, 0.01) if cut else rng.uniform(0.03, 0.09)
        view = "PA" if cut or number % 2 else "AP"
        samples.append(
            Sample(
                {"lung_margin_left": margin},
                {"lung": not cut},
                Circumstances(view=view),
            )
        )
    made = calibrated_profile(samples, RULES, CalibrationSettings(resamples=0))
    whole = made.threshold(LEFT, Circumstances())
    upright = made.threshold(LEFT, Circumstances(view="AP"))
    assert 0.01 < whole.value < 0.03
    assert upright.value == whole.value
    assert "0 failed" in upright.origin


def test_profiles_are_read_as_written_and_hold_no_patient(profile, tmp_path):
    path = write_profile(tmp_path / "north.json", profile)
    assert read_profile(path) == profile
    text = path.read_text()
    assert "Patient" not in text
    assert json.loads(text)["created"] == "2026-01-02T00:00:00+00:00"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format_version": "2.0"}, "format_version"),
        ({"treshold": 1}, "treshold"),
        ({"thresholds": [{"name": "spine_ofset"}]}, "spine_ofset"),
        ({"thresholds": [{"name": "spine_offset", "used": True}]}, "no threshold"),
        ({"thresholds": [{"name": "spine_offset"}] * 2}, "two thresholds"),
        ({"thresholds": [{"name": "spine_offset", "stratum": {"sex": "Smith"}}]}, "Smith"),
        ({"thresholds": [{"name": "spine_offset", "accuracy": 3}]}, "accuracy"),
        ({"data": [{"sha256": "abc"}]}, "64"),
        ({"revision": 0}, "revision"),
    ],
)
def test_damaged_profiles_are_refused_with_the_place(change, words, tmp_path):
    path = tmp_path / "site.json"
    path.write_text(json.dumps({"name": "north", **change}))
    with pytest.raises(SettingsError, match=words):
        read_profile(path)


def test_a_profile_changes_the_assessment():
    from MedImageMetricLib.radiograph.assessment import assess
    from MedImageMetricLib.radiograph.detections import Detections, Region

    mask = np.zeros((100, 100), bool)
    mask[:, 50:54] = True
    found = Detections((100, 100), spine=Region(mask), circumstances=Circumstances(view="AP"))
    strict = SiteProfile(
        thresholds=(
            CalibratedThreshold("spine_offset", Stratum(view="AP"), True, 0.01, samples=60),
        )
    )
    assert assess(found).condition("spine_offset").state == "satisfied"
    one = assess(found, profile=strict).condition("spine_offset")
    assert one.state == "not_satisfied"
    assert "AP" in one.threshold.origin


def write_table(path, rows) -> None:
    with open(path, "w", newline="") as stream:
        table = csv.DictWriter(stream, list(rows[0]))
        table.writeheader()
        table.writerows(rows)


def test_a_failed_lung_is_charged_to_its_nearest_edge(tmp_path):
    rows = []
    for number in range(80):
        cut = number % 4 == 0
        rows.append(
            {
                "lung_margin_left": 0.001 * (number % 9) if cut else 0.03 + 0.001 * number,
                "lung_margin_right": 0.05,
                "lung_satisfied": "no" if cut else "yes",
            }
        )
    write_table(tmp_path / "t.csv", rows)
    made = calibrated_profile(read_samples(tmp_path / "t.csv", RULES), RULES)
    by_name = {one.name: one for one in made.thresholds}
    assert by_name["lung_margin_left"].samples == 80
    assert 0.008 <= by_name["lung_margin_left"].threshold <= 0.031
    assert by_name["lung_margin_right"].samples == 60


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"spine_offset": "0.1", "spine_satisfied": "perhaps"}, "row 2: spine_satisfied"),
        ({"spine_offset": "wide", "spine_satisfied": "yes"}, "row 2: spine_offset"),
        ({"spine_offset": "nan", "spine_satisfied": "yes"}, "row 2: spine_offset"),
        ({"spine_offset": "0.1", "spine_satisfied": "yes", "sex": "Smith"}, "sex"),
        ({"offset": "0.1", "ok": "yes"}, "expected values"),
    ],
)
def test_wrong_tables_are_refused_with_the_place(row, words, tmp_path):
    write_table(tmp_path / "t.csv", [row])
    with pytest.raises(InputError, match=words):
        read_samples(tmp_path / "t.csv", RULES)


def test_the_command_makes_a_profile_and_a_report(tmp_path, capsys):
    rows = [
        {
            "patient": one.patient,
            "view": one.circumstances.view,
            "spine_offset": one.values["spine_offset"],
            "spine_satisfied": "yes" if one.labels["spine"] else "no",
        }
        for one in make_samples()
    ]
    write_table(tmp_path / "Miller.csv", rows)
    words = ["calibrate", str(tmp_path / "Miller.csv"), "-o", str(tmp_path / "out")]
    assert main([*words, "--name", "north", "--resamples", "2"]) == 0
    made = read_profile(tmp_path / "out" / "site_profile.json")
    assert made.revision == 1
    assert made.data[0].samples == 260
    used = {one.stratum.view: one.threshold for one in made.thresholds if one.used}
    assert used["AP"] == pytest.approx(0.09, abs=0.005)
    page = (tmp_path / "out" / "report.html").read_text()
    assert "spine" in page
    for text in (page, (tmp_path / "out" / "site_profile.json").read_text()):
        assert "Patient1" not in text
        assert "Miller" not in text
    assert "spine_offset" in capsys.readouterr().out
    again = [*words[:2], "-o", str(tmp_path / "next"), "--resamples", "2"]
    before = str(tmp_path / "out" / "site_profile.json")
    assert main([*again, "--previous", before]) == 0
    later = read_profile(tmp_path / "next" / "site_profile.json")
    assert (later.revision, later.name) == (2, "north")


def test_the_command_refuses_what_holds_no_samples(tmp_path, capsys):
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    assert main(["calibrate", str(tmp_path / "t.csv"), "-o", str(tmp_path / "out")]) == 1
    assert "expected values" in capsys.readouterr().err
