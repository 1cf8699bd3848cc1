"""The rigid offset as six numbers: translations in mm, rotations in degrees, center stated.

A fixed point x lies at R (x − center) + center + translation in the moving image, LPS mm; R turns
about the patient's x axis first, then y, then z, all fixed axes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from MedImageLib.errors import GeometryError
from MedImageLib.writing.atomic import finished_file

Triple = tuple[float, float, float]


@dataclass(frozen=True)
class RigidOffset:
    """translation_mm, rotation_deg: about and along LPS x, y, z. center_mm: LPS, of rotation."""

    translation_mm: Triple = (0.0, 0.0, 0.0)
    rotation_deg: Triple = (0.0, 0.0, 0.0)
    center_mm: Triple = (0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        for name in ("translation_mm", "rotation_deg", "center_mm"):
            values = tuple(float(v) for v in getattr(self, name))
            if len(values) != 3 or not np.isfinite(values).all():
                raise GeometryError(f"RigidOffset.{name} is {values}; give three finite numbers.")
            object.__setattr__(self, name, values)

    @property
    def moving_from_fixed(self) -> np.ndarray:
        """4 × 4 matrix of the offset, LPS mm."""
        matrix = np.eye(4)
        turn = Rotation.from_euler("xyz", self.rotation_deg, degrees=True).as_matrix()
        center = np.array(self.center_mm)
        matrix[:3, :3] = turn
        matrix[:3, 3] = center + np.array(self.translation_mm) - turn @ center
        return matrix

    @property
    def turn_deg(self) -> float:
        """The whole rotation as one angle."""
        turn = Rotation.from_euler("xyz", self.rotation_deg, degrees=True)
        return float(np.degrees(turn.magnitude()))


def offset_of(moving_from_fixed: np.ndarray, center_mm: np.ndarray) -> RigidOffset:
    """Six numbers of a rigid 4 × 4 matrix about a center. Raises GeometryError for others."""
    matrix = np.asarray(moving_from_fixed, float)
    turn = matrix[:3, :3]
    if (
        matrix.shape != (4, 4)
        or not np.isfinite(matrix).all()
        or not np.allclose(turn @ turn.T, np.eye(3), atol=1e-4)
        or np.linalg.det(turn) < 0
    ):
        raise GeometryError(f"Not a rigid 4 × 4 matrix: {matrix.tolist()}.")
    center = np.asarray(center_mm, float)
    angles = Rotation.from_matrix(turn).as_euler("xyz", degrees=True)
    translation = matrix[:3, 3] + turn @ center - center
    return RigidOffset(tuple(translation), tuple(angles), tuple(center))


def mean_offset(matrices: Sequence[np.ndarray], center_mm: np.ndarray) -> np.ndarray:
    """The mean of rigid 4 × 4 matrices that lie near one another, taken about a center."""
    first = np.asarray(matrices[0], float)
    turns = Rotation.from_matrix([matrix[:3, :3] @ first[:3, :3].T for matrix in matrices])
    mean = np.eye(4)
    mean[:3, :3] = turns.mean().as_matrix() @ first[:3, :3]
    center = np.asarray(center_mm, float)
    places = [matrix[:3, :3] @ center + matrix[:3, 3] for matrix in matrices]
    mean[:3, 3] = np.mean(places, axis=0) - mean[:3, :3] @ center
    return mean


def write_offset_transform(offset: RigidOffset, path: Path | str) -> Path:
    """Write an ITK transform (.tfm or .h5) that 3D Slicer loads: fixed points to moving ones."""
    import SimpleITK as sitk

    path = Path(path)
    if path.suffix not in (".tfm", ".h5"):
        raise GeometryError(f"{path.name}: a transform file ends in .tfm or .h5.")
    transform = sitk.VersorRigid3DTransform()
    transform.SetCenter(offset.center_mm)
    transform.SetMatrix(offset.moving_from_fixed[:3, :3].ravel().tolist())
    transform.SetTranslation(offset.translation_mm)
    with finished_file(path) as temporary:
        sitk.WriteTransform(transform, str(temporary))
    return path
