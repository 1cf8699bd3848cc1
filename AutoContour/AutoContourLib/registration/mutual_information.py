"""Rigid refinement by Mattes' mutual information, over grids from coarse to fine (SimpleITK)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import ndimage

from AutoContourLib.registration.offset import offset_of
from AutoContourLib.registration.rigid_settings import RigidSettings
from AutoContourLib.registration.similarity import much_smaller, score_at
from MedImageLib.resampling import image_of
from MedImageLib.volume import Volume


def by_information(
    fixed: Volume,
    moving: Volume,
    start: np.ndarray,
    settings: RigidSettings,
    spacings_mm: tuple[float, ...],
) -> np.ndarray:
    """Mattes' mutual information over grids from coarse to fine; the start where it fails."""
    return all_by_information(fixed, moving, [start], settings, spacings_mm)[0]


def all_by_information(
    fixed: Volume,
    moving: Volume,
    starts: Sequence[np.ndarray],
    settings: RigidSettings,
    spacings_mm: tuple[float, ...],
) -> list[np.ndarray]:
    """The same from several starts; the images are thinned once."""
    matrices = list(starts)
    turned = much_smaller(moving, fixed)
    if turned:
        fixed, moving = moving, fixed
        matrices = [np.linalg.inv(one) for one in matrices]
    center = fixed.geometry.center_mm
    for spacing in spacings_mm:
        still, free = (image_of(thinned(image, spacing)) for image in (fixed, moving))
        matrices = [_climbed(still, free, one, center, settings, spacing) for one in matrices]
    return [np.linalg.inv(one) for one in matrices] if turned else matrices


def _climbed(
    still: Any,
    free: Any,
    matrix: np.ndarray,
    center_mm: np.ndarray,
    settings: RigidSettings,
    spacing_mm: float,
) -> np.ndarray:
    """Where gradient ascent on two SimpleITK images ends; center_mm: of the rotation."""
    import SimpleITK as sitk

    transform = sitk.VersorRigid3DTransform()
    transform.SetCenter(center_mm.tolist())
    transform.SetMatrix(matrix[:3, :3].ravel().tolist(), 1e-5)
    transform.SetTranslation(offset_of(matrix, center_mm).translation_mm)
    method = sitk.ImageRegistrationMethod()
    method.SetNumberOfThreads(1)
    method.SetMetricAsMattesMutualInformation(32)
    count = int(np.prod(still.GetSize()))
    method.SetMetricSamplingStrategy(method.RANDOM)
    method.SetMetricSamplingPercentage(min(1.0, settings.samples / count), settings.seed + 1)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(
        learningRate=spacing_mm / 2,
        minStep=spacing_mm / 400,
        numberOfIterations=settings.iterations,
        relaxationFactor=0.6,
    )
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetInitialTransform(transform, inPlace=True)
    try:
        method.Execute(still, free)
    except RuntimeError:
        # No common voxel: this start leads nowhere.
        return matrix
    made = np.eye(4)
    made[:3, :3] = np.array(transform.GetMatrix()).reshape(3, 3)
    center = np.array(transform.GetCenter())
    made[:3, 3] = center + transform.GetTranslation() - made[:3, :3] @ center
    return made


def thinned(volume: Volume, spacing_mm: float) -> Volume:
    """Smoothed and thinned by whole steps towards a spacing, voxel centers kept."""
    own = np.array(volume.geometry.spacing_mm[::-1])
    step = np.maximum(1, np.round(spacing_mm / own)).astype(int)
    step = np.minimum(step, np.maximum(1, np.array(volume.array.shape) // 4))
    sigma = np.where(step > 1, 0.4 * step, 0.0)
    thin = volume.array
    # Each axis is thinned before the next one is smoothed, which leaves little to smooth.
    for axis in range(3):
        if step[axis] > 1:
            thin = ndimage.gaussian_filter1d(thin, sigma[axis], axis=axis, mode="nearest")
            thin = thin[tuple(slice(None, None, step[n] if n == axis else 1) for n in range(3))]
    geometry = replace(volume.geometry, shape=thin.shape, spacing_mm=tuple((own * step)[::-1]))
    return replace(volume, array=np.ascontiguousarray(thin), geometry=geometry)


def flipped_score(
    fixed: Volume, moving: Volume, matrix: np.ndarray, settings: RigidSettings
) -> float:
    """Score of the best offset of the moving image mirrored left to right, near to `matrix`.

    fixed, moving: of `comparable`.
    """
    axis = int(np.abs(np.array(moving.geometry.direction)[0]).argmax())
    mirrored = moving.with_array(np.ascontiguousarray(np.flip(moving.array, 2 - axis)))
    # Mirroring both images about their middles turns the offset into its mirror image.
    through = np.diag([-1.0, 1.0, 1.0, 1.0])
    own, other = np.eye(4), np.eye(4)
    own[:3, 3], other[:3, 3] = fixed.geometry.center_mm, moving.geometry.center_mm
    reflected = other @ through @ np.linalg.inv(other) @ matrix @ own @ through @ np.linalg.inv(own)
    score = score_at(fixed, mirrored, settings.samples, settings.seed)
    spacings = settings.spacings_mm[:1]
    ends = all_by_information(fixed, mirrored, (matrix, reflected), settings, spacings)
    return max(score(end) for end in ends)
