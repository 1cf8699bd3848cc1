"""Air and fluid of the pleural space brought into real frontal radiographs, with exact masks.

Air takes the place of lung along the wall: the markings go, the transmission rises, a thin pleural
line and a denser lung remain. Fluid lies low, climbs along the wall as a meniscus and absorbs as
soft tissue does. Planes are (j, i), 0 … 1, bright where dense, the patient's right on the left;
labels are 1 right lung, 2 left lung.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from MedImageLib.phantom.chest_shadow import LUNG, SOFT
from MedImageLib.settings import check_settings, setting

Generator = np.random.Generator
Draw = Callable[[np.ndarray, np.ndarray, bool], tuple[np.ndarray, np.ndarray]]

RIGHT_LUNG, LEFT_LUNG = 1, 2
HEALTHY_SHARE = 0.45
LYING_SHARE = 0.05
LUNG_HEIGHT_MM = 240.0  # sets the scale where no spacing is known
LUNG_DEPTH_MM = 150.0
LEAST_FLUID_MM = 15.0  # along the ray; less is not to be seen
LEAST_GRAY = 0.04  # of what fluid adds
LEAST_LUNG_PX = 400
LEAST_FLUID_SHARE = 0.02  # of the lung: what is smaller nobody sees, and it taught to see nothing
SMOOTH_MM = 5.0  # lung markings are finer
RIM_MM = 4.0  # outlined lungs end that far from the diaphragm at most


@dataclass(frozen=True)
class AirSettings:
    """Air about one lung and how the picture shows it."""

    width: float = setting(
        0.3, help="Width of the air at the apex, as a share of the lung's width.", minimum=0.0
    )
    at_base: float = setting(
        0.3, help="Width at the base over that at the apex.", minimum=0.0, maximum=1.0
    )
    gain: float = setting(0.3, help="Gray per unit of attenuation.", minimum=0.0)
    markings: float = setting(
        0.5, help="Share of fine structure that is not lung but ribs.", minimum=0.0, maximum=1.0
    )
    line: float = setting(0.06, help="Gray of the pleural line.", minimum=0.0)

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True)
class FluidSettings:
    """Fluid of one side and how the picture shows it."""

    height: float = setting(
        0.25, help="Level at the wall, as a share of the lung's height.", minimum=0.0, maximum=1.0
    )
    climb: float = setting(
        0.4, help="How much lower the middle lies, as a share of the height.", minimum=0.0
    )
    depth_mm: float = setting(
        110.0, help="Fluid along the ray where it is deepest.", unit="mm", minimum=0.0
    )
    gain: float = setting(0.3, help="Gray per unit of attenuation.", minimum=0.0)
    lying: bool = setting(False, help="Spread behind the whole lung of a lying patient.")

    def __post_init__(self) -> None:
        check_settings(self)


def with_air(
    image: np.ndarray, lung: np.ndarray, is_right: bool, settings: AirSettings
) -> tuple[np.ndarray, np.ndarray]:
    """A pneumothorax of one lung: the picture and the bool mask of the air."""
    down, depth = _height_share(lung), _from_wall(lung, is_right)
    widest = _width(lung)
    reach = settings.width * widest * (1 - (1 - settings.at_base) * np.clip(down, 0, 1))
    air = lung & (depth < reach)
    if not air.any():
        return image, air
    pixel_mm = _pixel_mm(lung)
    smooth = _smooth_inside(image, lung, SMOOTH_MM / pixel_mm)
    # Toward the wall the chest is thinner and holds less lung that air can replace.
    thickness = LUNG_DEPTH_MM * np.sqrt(np.clip(depth / (0.5 * widest), 0.05, 1))
    drop = settings.gain * LUNG * thickness
    edge = np.clip((reach - depth) * pixel_mm / 1.5, 0, 1) * air
    empty = smooth - drop + settings.markings * (image - smooth)
    result = image * (1 - edge) + empty * edge
    share = float(air.sum() / lung.sum())
    # The same blood in less room.
    compressed = settings.gain * LUNG * LUNG_DEPTH_MM * min(share / (1 - min(share, 0.8)), 1.0)
    rest = lung & ~air
    result = result + compressed * 0.7 * ndimage.gaussian_filter(rest.astype(np.float32), 1) * rest
    line = np.exp(-0.5 * (((depth - reach) * pixel_mm) / 0.8) ** 2) * lung
    # Seen where the ray meets the pleura edge on.
    return np.clip(result + settings.line * line, 0, 1).astype(np.float32), air


def with_fluid(
    image: np.ndarray, lung: np.ndarray, is_right: bool, settings: FluidSettings
) -> tuple[np.ndarray, np.ndarray]:
    """An effusion of one side: the picture and the bool mask of the fluid in the lung field."""
    from_base, across = 1 - _height_share(lung), _across_share(lung, is_right)
    # The level climbs at the wall, and a little at the mediastinum.
    sag = settings.climb * (1 - np.exp(-across / 0.22) + 0.25 * np.exp(-(1 - across) / 0.15))
    level = settings.height * np.clip(1 - sag, 0.1, None)
    if settings.lying:
        fluid_mm = 0.35 * settings.depth_mm * np.clip(1.1 - 0.7 * from_base, 0, 1)
    else:
        below = np.clip((level - from_base) / max(0.35 * settings.height, 0.03), 0, 1)
        fluid_mm = settings.depth_mm * np.sqrt(below)
    fluid_mm = ndimage.gaussian_filter(fluid_mm * lung, 1.0) * lung
    smooth = _smooth_inside(image, lung, SMOOTH_MM / _pixel_mm(lung))
    share = np.clip(fluid_mm / max(settings.depth_mm, 1), 0, 1)
    faded = smooth + (1 - 0.7 * share) * (image - smooth)
    ceiling = max(_gray_below(image, lung), float(smooth[lung].max()))
    room = np.maximum(ceiling - faded, 0.02)
    added = room * (1 - np.exp(-settings.gain * (SOFT - LUNG) * fluid_mm / room))
    mask = lung & (fluid_mm > LEAST_FLUID_MM) & (added > LEAST_GRAY)
    result = np.where(lung, faded + added, image).astype(np.float32)
    return result if settings.lying else _joined_below(result, mask, lung), mask


def pneumothorax_drawn(
    image: np.ndarray, label: np.ndarray, generator: Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A training picture and its label map (1 = air) from a real one with its lungs."""

    def one(plane: np.ndarray, lung: np.ndarray, is_right: bool) -> tuple[np.ndarray, np.ndarray]:
        settings = AirSettings(
            width=float(np.exp(generator.uniform(np.log(0.08), np.log(0.8)))),
            at_base=generator.uniform(0, 0.9),
            gain=generator.uniform(0.15, 0.4),
            markings=generator.uniform(0.3, 0.8),
            line=generator.uniform(0.02, 0.1),
        )
        return with_air(plane, lung, is_right, settings)

    return _on_a_side(image, label, generator, one)


def effusion_drawn(
    image: np.ndarray, label: np.ndarray, generator: Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A training picture and its label map (1 = fluid) from a real one with its lungs.

    Fluid too little to be seen is left out, picture and label alike.
    """

    def one(plane: np.ndarray, lung: np.ndarray, is_right: bool) -> tuple[np.ndarray, np.ndarray]:
        settings = FluidSettings(
            # The lowest part of a lung is its narrow corner: a low level there is not to be seen.
            height=float(np.exp(generator.uniform(np.log(0.15), np.log(0.75)))),
            climb=generator.uniform(0.1, 0.7),
            depth_mm=generator.uniform(60, 160),
            gain=generator.uniform(0.2, 0.45),
            lying=generator.random() < LYING_SHARE,
        )
        shown, fluid = with_fluid(plane, lung, is_right, settings)
        if np.count_nonzero(fluid) < LEAST_FLUID_SHARE * np.count_nonzero(lung):
            return plane, np.zeros_like(lung)
        return shown, fluid

    return _on_a_side(image, label, generator, one)


def _joined_below(image: np.ndarray, fluid: np.ndarray, lung: np.ndarray) -> np.ndarray:
    """No dark rim between fluid and diaphragm or wall: that border is what fluid hides."""
    reach = max(1, round(RIM_MM / _pixel_mm(lung)))
    near = ndimage.binary_dilation(fluid, iterations=reach) & ~(lung & ~fluid)
    closed = ndimage.grey_closing(image, size=2 * reach + 1)
    return np.where(near, np.maximum(image, closed), image)


def _on_a_side(
    image: np.ndarray, label: np.ndarray, generator: Generator, draw: Draw
) -> tuple[np.ndarray, np.ndarray]:
    """Nothing, one side, or now and then both."""
    result = np.zeros(label.shape, np.uint8)
    if generator.random() < HEALTHY_SHARE:
        return image, result
    both = generator.random() < 0.1
    first = int(generator.integers(0, 2))
    for number, value in enumerate((RIGHT_LUNG, LEFT_LUNG)):
        lung = label == value
        if (both or number == first) and np.count_nonzero(lung) >= LEAST_LUNG_PX:
            image, mask = draw(image, lung, value == RIGHT_LUNG)
            result[mask] = 1
    return image, result


def _height_share(lung: np.ndarray) -> np.ndarray:
    """0 at the highest row of the lung, 1 at its lowest; of shape (row, 1)."""
    rows = np.flatnonzero(lung.any(1))
    return ((np.arange(len(lung)) - rows[0]) / max(rows[-1] - rows[0], 1))[:, None]


def _across_share(lung: np.ndarray, is_right: bool) -> np.ndarray:
    """0 at the wall of each row, 1 at its medial end; (row, column)."""
    columns = np.arange(lung.shape[1])
    first = lung.argmax(1)[:, None]
    last = lung.shape[1] - 1 - lung[:, ::-1].argmax(1)[:, None]
    share = np.clip((columns - first) / np.maximum(last - first, 1), 0, 1)
    return share if is_right else 1 - share


def _from_wall(lung: np.ndarray, is_right: bool) -> np.ndarray:
    """Distance in pixels from the lateral and apical border, not from the medial and lower one."""
    rows = np.flatnonzero(lung.any(1))
    wall = np.zeros(lung.shape, bool)
    side = lung if is_right else lung[:, ::-1]
    outer = side[rows].argmax(1)
    columns = outer if is_right else lung.shape[1] - 1 - outer
    wall[rows, columns] = True
    apex = rows[: max(1, len(rows) // 12)]
    border = lung & ~ndimage.binary_erosion(lung)
    wall[apex] |= border[apex]
    return ndimage.distance_transform_edt(~wall)


def _width(lung: np.ndarray) -> float:
    return float(np.percentile(lung.sum(1)[lung.any(1)], 90))


def _pixel_mm(lung: np.ndarray) -> float:
    return LUNG_HEIGHT_MM / max(int(np.count_nonzero(lung.any(1))), 1)


def _smooth_inside(image: np.ndarray, mask: np.ndarray, deviation_px: float) -> np.ndarray:
    """Smoothed by what lies in the mask alone, so that the wall does not shine in."""
    weight = ndimage.gaussian_filter(mask.astype(np.float32), deviation_px)
    inner = ndimage.gaussian_filter(np.where(mask, image, 0).astype(np.float32), deviation_px)
    return np.where(mask, inner / np.maximum(weight, 1e-3), image)


def _gray_below(image: np.ndarray, lung: np.ndarray) -> float:
    """Gray of what lies just below the lung: liver or stomach wall."""
    below = ndimage.shift(lung.astype(np.uint8), (0.12 * lung.any(1).sum(), 0), order=0) > 0
    below &= ~lung
    return float(np.percentile(image[below], 60)) if below.any() else 0.8
