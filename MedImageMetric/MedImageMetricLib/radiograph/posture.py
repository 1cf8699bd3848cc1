"""Whether a shoulder stands so that its blade lies over the lung, told by the flank as a whole.

The border of a blade over a lung is faint, the shoulder beside it is not: where the glenoid, the
spine of the scapula and the clavicle lie tells how far the blade was turned out. Orientations of
edges in cells (after Dalal and Triggs, CVPR 2005) are weighed by a linear discriminant; what a
network sees on the outer strip of the lung is added, and a logistic curve makes a probability.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import ndimage

from MedImageLib.errors import ModelError
from MedImageLib.writing.atomic import finished_file

POSTURE = "posture.safetensors"
CELL_PX, BINS, SMOOTH_PX = 12, 9, 1.0
LEAST_STRENGTH = 0.01  # of edges in a neighborhood: even parts have no orientation
SPREAD_FLOOR = 1e-3  # of a feature over the samples


@dataclass(frozen=True, eq=False)
class Posture:
    """weights (feature,), offset: of the discriminant. strip_weight: of the network's mean
    probability on the outer strip. slope, intercept: of the logistic curve."""

    weights: np.ndarray
    offset: float
    strip_weight: float
    slope: float
    intercept: float

    def evidence(self, features: np.ndarray, strip: float | np.ndarray) -> np.ndarray:
        """Evidence (flank,) or of one flank, from its features and its mean on the strip."""
        return features @ self.weights + self.offset + self.strip_weight * strip

    def probability(self, own: float | np.ndarray, both: float | np.ndarray) -> np.ndarray:
        """That the blade lies plainly over the lung; both: mean evidence of the two flanks.

        Both arms are mostly held alike, so that each side has a say in the other.
        """
        return 1 / (1 + np.exp(-(self.slope * (own + both) / 2 + self.intercept)))


def posture_features(contrast: np.ndarray) -> np.ndarray:
    """Strengths of edges by cell and orientation, of a flank as `local_contrast` gives it."""
    smooth = ndimage.gaussian_filter(np.asarray(contrast, np.float32), SMOOTH_PX)
    down, across = np.gradient(smooth)
    strength = np.hypot(down, across)
    place = np.arctan2(down, across) % np.pi / np.pi * BINS
    lower = np.floor(place).astype(int)
    beyond = place - lower
    cells = []
    for number in range(BINS):
        share = (lower % BINS == number) * (1 - beyond) + ((lower + 1) % BINS == number) * beyond
        mean = ndimage.uniform_filter(strength * share, int(1.5 * CELL_PX))
        cells.append(mean[CELL_PX // 2 :: CELL_PX, CELL_PX // 2 :: CELL_PX])
    found = np.stack(cells)
    around = ndimage.uniform_filter((found**2).sum(0), 3)
    norm = np.sqrt(np.maximum(around, 0)) + LEAST_STRENGTH
    return (found / norm).ravel().astype(np.float32)


def fit_discriminant(
    features: np.ndarray, marked: np.ndarray, penalty: float
) -> tuple[np.ndarray, float]:
    """Weights and offset of a ridge discriminant; both kinds weigh alike.

    features: (flank, feature); marked: bool (flank,), of both kinds.
    """
    middle, spread = features.mean(0), features.std(0) + SPREAD_FLOOR
    scaled = (features - middle) / spread
    weight = np.where(marked, (~marked).sum() / marked.sum(), 1.0)
    target = np.where(marked, 1.0, -1.0)
    target = target - np.average(target, weights=weight)
    # Fewer flanks than features: the dual problem is the smaller one.
    products = scaled @ scaled.T / scaled.shape[1]
    dual = np.linalg.solve(products + penalty * np.diag(1 / weight), target)
    weights = scaled.T @ dual / scaled.shape[1] / spread
    return weights, float(-middle @ weights)


def fit_logistic(evidence: np.ndarray, marked: np.ndarray) -> tuple[float, float]:
    """Slope and intercept of the logistic curve of greatest likelihood, by Newton's method."""
    columns = np.column_stack([evidence, np.ones(len(evidence))])
    found = np.zeros(2)
    for _ in range(50):
        expected = 1 / (1 + np.exp(-columns @ found))
        spread = expected * (1 - expected)
        # A little of a ridge keeps perfectly told kinds finite.
        curvature = columns.T @ (columns * spread[:, None]) + 1e-6 * np.eye(2)
        step = np.linalg.solve(curvature, columns.T @ (marked - expected) - 1e-6 * found)
        found = found + step
        if np.abs(step).max() < 1e-9:
            break
    return float(found[0]), float(found[1])


def save_posture(folder: Path, posture: Posture, network_sha256: str) -> None:
    """Write posture.safetensors beside the weights of the network that it was fitted with."""
    from safetensors.numpy import save_file

    arrays = {
        "weights": np.asarray(posture.weights, np.float64),
        "numbers": np.array(
            [posture.offset, posture.strip_weight, posture.slope, posture.intercept]
        ),
    }
    with finished_file(folder / POSTURE) as temporary:
        save_file(arrays, temporary, metadata={"network_sha256": network_sha256})
        temporary.chmod(0o644)


def load_posture(folder: Path, network_sha256: str) -> Posture | None:
    """What lies beside the weights of the network; None where there is nothing.

    Raises ModelError when it is damaged or belongs to another network.
    """
    from safetensors import SafetensorError, safe_open

    path = folder / POSTURE
    if not path.is_file():
        return None
    try:
        with safe_open(path, "numpy") as stored:
            belongs = (stored.metadata() or {}).get("network_sha256")
            weights = stored.get_tensor("weights")
            offset, strip_weight, slope, intercept = map(float, stored.get_tensor("numbers"))
    except (SafetensorError, ValueError, OSError) as error:
        raise ModelError(f"{path}: cannot be read ({error}).") from error
    if belongs != network_sha256:
        raise ModelError(f"{path}: was fitted with other weights than lie beside it; train again.")
    return Posture(weights, offset, strip_weight, slope, intercept)
