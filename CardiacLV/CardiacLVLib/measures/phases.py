"""Systole and diastole of every frame from the cavity areas alone (CN 109003270 A).

A polynomial of degree 11 is fitted to the areas; its highest and lowest frames are end diastole
and end systole. Frames in (ED, ES] are systole 0, frames in (ES, ED] diastole 1, cyclic: one run
of each in every beat, by construction. A periodic fit stands beside it to judge it by.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.polynomial import chebyshev

from MedImageLib.errors import InputError, Remark, SettingsError
from MedImageLib.settings import check_settings, setting

SYSTOLE, DIASTOLE = 0, 1
FINE = 8
"""Samples of the drawn curves per frame."""
_FRAMES_OF_A_BEAT = 6  # at least, for beats to be counted from the curve
_PERIODIC_SHARE = 0.9


@dataclass(frozen=True)
class PhaseSettings:
    """How the area curve is fitted and when it is too flat to be told apart."""

    degree: int = setting(11, help="Degree of the polynomial.", minimum=1, maximum=20)
    harmonics: int = setting(4, help="Harmonics of the periodic fit.", minimum=1, maximum=10)
    flat_share: float = setting(
        0.04, help="Least change of the area over its mean.", minimum=0, maximum=1
    )
    flat_noise: float = setting(
        4.5, help="Least change of the area over its noise.", minimum=0, maximum=100
    )
    apart_frames: int = setting(
        1, help="Frames that both fits may differ without a remark.", minimum=0, maximum=60
    )

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True, eq=False)
class BeatPhases:
    """Phases of M frames and the fits that they follow from; areas in the unit given.

    phase: per frame 0 systole, 1 diastole; all None where undefined. ed_frames, es_frames: one
    of each per beat, alternating; empty where undefined. polynomial, periodic: both fits at the
    frames; all NaN where nothing could be fitted. fine_frame, fine_polynomial, fine_periodic:
    the fits as curves, at fractions of frames. degree: of the polynomial, lower than asked for
    where frames are few. residual, periodic_residual: root mean square over the frames
    measured. ed_apart_frames, es_apart_frames: largest cyclic distance of what both fits call
    end diastole and end systole. missing: frames without an area.
    """

    phase: tuple[int | None, ...]
    ed_frames: tuple[int, ...]
    es_frames: tuple[int, ...]
    polynomial: np.ndarray
    periodic: np.ndarray
    fine_frame: np.ndarray
    fine_polynomial: np.ndarray
    fine_periodic: np.ndarray
    degree: int
    residual: float | None
    periodic_residual: float | None
    ed_apart_frames: int | None
    es_apart_frames: int | None
    missing: tuple[int, ...]
    remarks: tuple[Remark, ...]

    @property
    def ed_frame(self) -> int | None:
        """End diastole of the beat with the largest area; None where undefined."""
        return max(self.ed_frames, key=lambda f: self.polynomial[f]) if self.ed_frames else None

    @property
    def es_frame(self) -> int | None:
        """End systole of the beat with the smallest area; None where undefined."""
        return min(self.es_frames, key=lambda f: self.polynomial[f]) if self.es_frames else None


@dataclass(frozen=True, eq=False)
class _Fits:
    polynomial: np.ndarray
    periodic: np.ndarray
    fine_frame: np.ndarray
    fine_polynomial: np.ndarray
    fine_periodic: np.ndarray
    degree: int
    free: int  # measured frames beyond the unknowns of the periodic fit


def find_phases(
    areas: Sequence[float] | np.ndarray,
    settings: PhaseSettings | None = None,
    beats: int | None = None,
    beat_starts: Sequence[int] | None = None,
) -> BeatPhases:
    """Phases of the frames of a cine that covers whole beats, evenly sampled.

    areas: (M,) cavity areas or volumes, M ≥ 2, NaN where a frame was not measured. beats: how
    many beats of equal length the frames cover; counted from the curve when None. beat_starts:
    first frames of the beats, rising, where they are known; the last beat runs on to the first
    start. Raises InputError for fewer than two frames, SettingsError for starts that do not rise.

    >>> curve = 20 + 8 * np.cos(2 * np.pi * np.arange(10) / 10)
    >>> found = find_phases(curve)
    >>> found.ed_frame, found.es_frame, found.phase
    (0, 5, (1, 0, 0, 0, 0, 0, 1, 1, 1, 1))
    """
    settings = settings or PhaseSettings()
    values = np.asarray(areas, float).ravel()
    if len(values) < 2:
        raise InputError(
            f"The cine has {len(values)} frame(s); phases need at least 2, one beat or more."
        )
    known = np.isfinite(values)
    remarks = []
    missing = tuple(int(n) for n in np.flatnonzero(~known))
    if missing:
        remarks.append(
            Remark(
                "frames-without-area",
                f"{len(missing)} of {len(values)} frames have no cavity area "
                f"({', '.join(map(str, missing))}, from 0); the fit bridges them.",
            )
        )
    starts = _beat_starts(values, known, beats, beat_starts)
    if known.sum() < 2 * len(starts):
        return _undefined(len(values), None, missing, remarks, "too few frames have a cavity area")
    fits = _fit(values, known, starts, settings)
    amplitude = float(np.ptp(fits.polynomial))
    rest = (values - fits.periodic)[known]
    noise = float(np.sqrt((rest**2).sum() / fits.free)) if fits.free >= 3 else 0.0
    flat = max(settings.flat_share * abs(values[known].mean()), settings.flat_noise * noise)
    if amplitude <= flat:
        reason = f"the area changes by {amplitude:.3g} only, less than {flat:.3g}"
        return _undefined(len(values), fits, missing, remarks, reason)
    ed, es = _alternating(fits.polynomial, len(starts))
    ed_other, es_other = _alternating(fits.periodic, len(starts))
    apart = [_apart(a, b, len(values)) for a, b in ((ed, ed_other), (es, es_other))]
    if max(apart) > settings.apart_frames:
        remarks.append(
            Remark(
                "phase-fits-differ",
                f"Polynomial and periodic fit place end diastole {apart[0]} and end systole "
                f"{apart[1]} frame(s) apart; look at the curve.",
            )
        )
    return BeatPhases(
        phase=_phases(ed, es, len(values)),
        ed_frames=ed,
        es_frames=es,
        polynomial=fits.polynomial,
        periodic=fits.periodic,
        fine_frame=fits.fine_frame,
        fine_polynomial=fits.fine_polynomial,
        fine_periodic=fits.fine_periodic,
        degree=fits.degree,
        residual=float(np.sqrt(((values - fits.polynomial)[known] ** 2).mean())),
        periodic_residual=float(np.sqrt((rest**2).mean())),
        ed_apart_frames=apart[0],
        es_apart_frames=apart[1],
        missing=missing,
        remarks=tuple(remarks),
    )


def _undefined(
    frames: int,
    fits: _Fits | None,
    missing: tuple[int, ...],
    remarks: list[Remark],
    reason: str,
) -> BeatPhases:
    none = np.full(frames, np.nan)
    empty = np.zeros(0)
    return BeatPhases(
        phase=(None,) * frames,
        ed_frames=(),
        es_frames=(),
        polynomial=fits.polynomial if fits else none,
        periodic=fits.periodic if fits else none,
        fine_frame=fits.fine_frame if fits else empty,
        fine_polynomial=fits.fine_polynomial if fits else empty,
        fine_periodic=fits.fine_periodic if fits else empty,
        degree=fits.degree if fits else 0,
        residual=None,
        periodic_residual=None,
        ed_apart_frames=None,
        es_apart_frames=None,
        missing=missing,
        remarks=(*remarks, Remark("phases-undefined", f"No phases are told: {reason}.")),
    )


def _beat_starts(
    values: np.ndarray, known: np.ndarray, beats: int | None, starts: Sequence[int] | None
) -> tuple[int, ...]:
    frames = len(values)
    if starts is not None:
        given = tuple(int(start) for start in starts)
        if not given or min(np.diff([*given, given[0] + frames])) < 2 or not 0 <= given[0] < frames:
            raise SettingsError(
                f"beat_starts is {given}; it must rise within 0 … {frames - 1}, at least 2 frames "
                "from beat to beat."
            )
        return given
    if beats is None:
        beats = _counted_beats(values, known)
    if not 1 <= beats <= frames // 2:
        raise SettingsError(f"beats is {beats}; {frames} frames can hold 1 to {frames // 2}.")
    return tuple(round(n * frames / beats) for n in range(beats))


def _counted_beats(values: np.ndarray, known: np.ndarray) -> int:
    """The largest number of equal beats that explains nearly all change of the curve."""
    frames = len(values)
    if known.sum() < 2:
        return 1
    filled = np.interp(np.arange(frames), np.flatnonzero(known), values[known], period=frames)
    power = np.abs(np.fft.rfft(filled - filled.mean())) ** 2
    for beats in range(frames // _FRAMES_OF_A_BEAT, 1, -1):
        if power[::beats].sum() > _PERIODIC_SHARE * power.sum() > 0:
            return beats
    return 1


def _fit(
    values: np.ndarray, known: np.ndarray, starts: tuple[int, ...], settings: PhaseSettings
) -> _Fits:
    """Both fits of each beat, put together."""
    frames = len(values)
    polynomial, periodic = np.empty(frames), np.empty(frames)
    fine_frame, fine_polynomial, fine_periodic = [], [], []
    degrees, free = [], 0
    for start, end in zip(starts, (*starts[1:], starts[0] + frames), strict=True):
        at = np.arange(start, end)
        beat, seen = values[at % frames], known[at % frames]
        length = len(at)
        fine = np.arange((length - 1) * FINE + 1) / FINE
        count = int(seen.sum())
        degree = max(min(settings.degree, count - 1), 0)
        harmonics = max(min(settings.harmonics, (count - 1) // 2), 0)
        waves = _waves(np.arange(length), length, harmonics)
        weights = np.linalg.lstsq(waves[seen], beat[seen], rcond=None)[0]
        other = waves @ weights
        # A high degree runs away where nothing holds it: the periodic fit stands in for gaps.
        # On −1 … 1 the Chebyshev polynomials keep degree 11 well conditioned.
        place = 2 * np.arange(length) / max(length - 1, 1) - 1
        coefficients = chebyshev.chebfit(place, np.where(seen, beat, other), degree)
        one = chebyshev.chebval(place, coefficients)
        polynomial[at % frames], periodic[at % frames] = one, other
        fine_frame.append(start + fine)
        fine_polynomial.append(chebyshev.chebval(2 * fine / max(length - 1, 1) - 1, coefficients))
        fine_periodic.append(_waves(fine, length, harmonics) @ weights)
        degrees.append(degree)
        free += count - waves.shape[1]
    return _Fits(
        polynomial,
        periodic,
        np.concatenate(fine_frame),
        np.concatenate(fine_polynomial),
        np.concatenate(fine_periodic),
        min(degrees),
        free,
    )


def _waves(frame: np.ndarray, period: int, harmonics: int) -> np.ndarray:
    turn = 2 * np.pi * frame[:, None] * np.arange(1, harmonics + 1) / period
    return np.concatenate([np.ones((len(frame), 1)), np.cos(turn), np.sin(turn)], axis=1)


def _alternating(curve: np.ndarray, beats: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Frames ED₁ < ES₁ < ED₂ < … (cyclic) with the largest sum of falls, so many of each."""
    frames = len(curve)
    highest = int(np.argmax(curve))
    if beats == 1:
        return (highest,), (int(np.argmin(curve)),)
    best: tuple[float, tuple[int, ...]] = (-np.inf, ())
    # The first ED may be any frame of the first beat's length around the highest one.
    reach = -(-frames // beats)
    for first in range(highest - reach // 2, highest + reach // 2 + 1):
        turned = np.roll(curve, -first)
        score = np.full(frames, -np.inf)
        score[0] = turned[0]
        back: list[np.ndarray] = []
        for number in range(1, 2 * beats):
            # Best earlier choice strictly before each frame.
            running = np.maximum.accumulate(score)
            origin = np.where(score == running, np.arange(frames), 0)
            origin = np.maximum.accumulate(origin)
            sign = -1 if number % 2 else 1
            score = np.concatenate([[-np.inf], running[:-1]]) + sign * turned
            back.append(np.concatenate([[0], origin[:-1]]))
        last = int(np.argmax(score))
        if score[last] > best[0]:
            path = [last]
            for origin in reversed(back):
                path.append(int(origin[path[-1]]))
            best = (float(score[last]), tuple((p + first) % frames for p in reversed(path)))
    return best[1][0::2], best[1][1::2]


def _phases(ed: tuple[int, ...], es: tuple[int, ...], frames: int) -> tuple[int, ...]:
    phase = np.full(frames, DIASTOLE)
    for begin, end in zip(ed, es, strict=True):
        steps = np.arange(1, (end - begin) % frames + 1)
        phase[(begin + steps) % frames] = SYSTOLE
    return tuple(int(value) for value in phase)


def _apart(one: tuple[int, ...], other: tuple[int, ...], frames: int) -> int:
    """Largest cyclic distance from a frame of one to the nearest of the other."""
    away = np.abs(np.subtract.outer(one, other)) % frames
    return int(np.minimum(away, frames - away).min(axis=1).max())
