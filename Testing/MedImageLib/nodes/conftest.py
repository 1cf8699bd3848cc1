"""An empty scene with all logics, and random grids."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from MedImageLib.geometry import Geometry


@pytest.fixture
def application():
    pytest.importorskip("slicer")
    from MedImageLib.headless import HeadlessApplication

    with HeadlessApplication() as application:
        yield application


@pytest.fixture
def scene(application):
    return application.scene


@st.composite
def geometries(draw, min_size: int = 1, max_size: int = 6) -> Geometry:
    """Grids in any position: rotated by any angles, left-handed or not, of unequal spacing."""
    size = st.integers(min_size, max_size)
    angles = [draw(st.floats(-180, 180)) for _ in range(3)]
    axes = Rotation.from_euler("zyx", angles, degrees=True).as_matrix()
    if draw(st.booleans()):
        axes = axes * np.array([1.0, -1.0, 1.0])
    return Geometry(
        shape=(draw(size), draw(size), draw(size)),
        spacing_mm=tuple(draw(st.floats(0.2, 8.0)) for _ in range(3)),
        origin_mm=tuple(draw(st.floats(-500, 500)) for _ in range(3)),
        direction=axes,
    )


OBLIQUE = Geometry(
    (9, 11, 13),
    (1.5, 0.9, 2.2),
    (31.0, -47.0, 120.5),
    Rotation.from_euler("zyx", (25, -40, 15), degrees=True).as_matrix(),
)
LEFT_HANDED = Geometry(
    (9, 11, 13),
    (1.5, 0.9, 2.2),
    (31.0, -47.0, 120.5),
    np.array(OBLIQUE.direction) * np.array([1.0, 1.0, -1.0]),
)


@pytest.fixture(params=[OBLIQUE, LEFT_HANDED, Geometry((9, 11, 13), (1.5, 0.9, 2.2))])
def grid(request) -> Geometry:
    return request.param


@pytest.fixture
def grids():
    """The strategy of random grids, for tests that draw themselves."""
    return geometries
