"""Phases of known curves: shifted, noisy, few frames, many beats, flat, with gaps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from CardiacLVLib.measures.phases import DIASTOLE, SYSTOLE, PhaseSettings, find_phases
from MedImageLib.errors import InputError, SettingsError


def beat(frames: int, systole: float = 0.36, depth: float = 800.0) -> np.ndarray:
    """Areas of one beat that begins at end diastole and ends its systole at frame × share."""
    t = np.arange(frames) / frames
    fall = 0.5 - 0.5 * np.cos(np.pi * np.clip(t / systole, 0, 1))
    rise = 0.5 - 0.5 * np.cos(np.pi * np.clip((t - systole) / (0.98 - systole), 0, 1))
    return 1800 - depth * np.where(t <= systole, fall, 1 - rise)


def runs(phase: tuple[int | None, ...]) -> int:
    """Number of cyclic changes from one phase to the other."""
    return sum(a != b for a, b in zip(phase, (*phase[1:], phase[0]), strict=True))


@pytest.mark.parametrize("frames", [8, 12, 13, 16, 20, 25, 30, 40])
@pytest.mark.parametrize("shift", [0, 1, 5, -3])
def test_exact_curves_at_any_start(frames, shift):
    curve = beat(frames)
    ed, es = int(curve.argmax()), int(curve.argmin())
    found = find_phases(np.roll(curve, shift))
    for told, truth in ((found.ed_frame, ed + shift), (found.es_frame, es + shift)):
        away = (told - truth) % frames
        assert min(away, frames - away) <= 1
    assert found.degree == min(11, frames - 1)
    assert runs(found.phase) == 2


def test_the_intervals_are_open_at_the_left():
    found = find_phases([10.0, 8, 5, 4, 6, 9])
    assert (found.ed_frame, found.es_frame) == (0, 3)
    assert found.phase == (DIASTOLE, SYSTOLE, SYSTOLE, SYSTOLE, DIASTOLE, DIASTOLE)


def test_two_frames_are_end_diastole_and_end_systole():
    found = find_phases([700.0, 1500.0])
    assert (found.ed_frame, found.es_frame, found.degree) == (1, 0, 1)
    assert found.phase == (SYSTOLE, DIASTOLE)


@settings(max_examples=150, deadline=None)
@given(
    frames=st.integers(2, 45),
    systole=st.floats(0.25, 0.55),
    noise=st.floats(0, 60),
    shift=st.integers(0, 44),
    beats=st.integers(1, 3),
    seed=st.integers(0, 10_000),
)
def test_one_run_of_each_phase_in_every_beat(frames, systole, noise, shift, beats, seed):
    rng = np.random.default_rng(seed)
    curve = np.roll(np.tile(beat(frames, systole), beats), shift)
    found = find_phases(curve + rng.normal(0, noise, len(curve)), beats=beats)
    if found.phase[0] is None:
        assert not found.ed_frames
        return
    assert runs(found.phase) == 2 * beats
    assert len(found.ed_frames) == len(found.es_frames) == beats
    assert all(found.phase[frame] == DIASTOLE for frame in found.ed_frames)
    assert all(found.phase[frame] == SYSTOLE for frame in found.es_frames)


def test_noise_moves_the_ends_little():
    rng = np.random.default_rng(3)
    away = []
    for _ in range(60):
        shift = int(rng.integers(0, 20))
        found = find_phases(np.roll(beat(20), shift) + rng.normal(0, 25, 20))
        for told, truth in ((found.ed_frame, shift), (found.es_frame, 7 + shift)):
            apart = (told - truth) % 20
            away.append(min(apart, 20 - apart))
    assert np.mean(away) < 0.8
    assert np.percentile(away, 95) <= 2


def test_beats_are_counted():
    three = np.tile(beat(15), 3)
    found = find_phases(np.roll(three, 4))
    assert len(found.ed_frames) == 3
    assert np.ptp([(frame - 4) % 15 for frame in found.es_frames]) <= 1
    assert len(find_phases(beat(45)).ed_frames) == 1


def test_beats_of_unlike_length_by_their_starts():
    curve = np.concatenate([beat(14), beat(20)])
    found = find_phases(np.roll(curve, 5), beat_starts=(5, 19))
    assert sorted(found.es_frames) == [10, 26]
    with pytest.raises(SettingsError, match="must rise"):
        find_phases(curve, beat_starts=(9, 4))
    with pytest.raises(SettingsError, match="1 to 17"):
        find_phases(curve, beats=30)


def test_flat_curves_have_no_phases():
    rng = np.random.default_rng(0)
    undefined = 0
    for _ in range(40):
        found = find_phases(1500 + rng.normal(0, 60, 20))
        undefined += found.ed_frame is None
    assert undefined >= 36
    still = find_phases(np.full(20, 900.0))
    assert still.phase == (None,) * 20
    assert [remark.code for remark in still.remarks] == ["phases-undefined"]
    weak = find_phases(beat(20, depth=200) + rng.normal(0, 6, 20))
    assert weak.ed_frame is not None


@pytest.mark.parametrize("gone", [[0], [19], [0, 1, 19], [7], [6, 7, 8], [3, 12, 18]])
def test_missing_frames_are_bridged(gone):
    curve = beat(20)
    curve[gone] = np.nan
    found = find_phases(curve)
    assert found.missing == tuple(gone)
    assert found.remarks[0].code == "frames-without-area"
    # The fit must not run away where nothing holds it.
    assert np.abs(found.polynomial - beat(20)).max() < 300
    assert abs(found.es_frame - 7) <= 1
    assert min(found.ed_frame, 20 - found.ed_frame) <= 2


def test_nothing_measured():
    found = find_phases([np.nan, 5.0, np.nan])
    assert found.phase == (None,) * 3
    assert "phases-undefined" in {remark.code for remark in found.remarks}
    with pytest.raises(InputError, match="1 frame"):
        find_phases([3.0])


def test_fits_that_differ_are_said():
    curve = beat(20)
    curve[14] = 2600
    found = find_phases(curve, PhaseSettings(flat_noise=0))
    agreeing = find_phases(beat(20))
    assert agreeing.ed_apart_frames <= 1
    assert agreeing.residual < 15
    assert agreeing.periodic_residual < 15
    assert not agreeing.remarks
    assert found.residual > agreeing.residual
    rest = find_phases(beat(20), PhaseSettings(harmonics=1, apart_frames=0))
    assert rest.es_apart_frames > 0
    assert "phase-fits-differ" in {remark.code for remark in rest.remarks}


def test_drawn_curves_meet_the_fits_at_the_frames():
    found = find_phases(np.tile(beat(12), 2), beats=2)
    for frame in range(24):
        (at,) = np.flatnonzero(found.fine_frame == frame)
        assert found.fine_polynomial[at] == pytest.approx(found.polynomial[frame])
        assert found.fine_periodic[at] == pytest.approx(found.periodic[frame])
