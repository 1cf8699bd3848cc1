"""The learned start: views at known places, fits of points, drawn offsets, files."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import nn

from AutoContourLib.registration.start_network import (
    PointNetwork,
    StartCard,
    StartModel,
    StartNetworkSettings,
    coarse_view,
    learned_start,
    load_start_model,
    rigid_fit,
    save_start_model,
)
from AutoContourLib.registration.start_training import (
    StartCase,
    StartTraining,
    draw_batch,
    draw_pair,
    pair_loss,
)
from MedImageLib.errors import ModelError
from MedImageLib.geometry import Geometry
from MedImageLib.phantom.deformation import grid_points, rigid_matrix
from MedImageLib.volume import Volume

SMALL = StartNetworkSettings(view_voxels=16, view_mm=10.0, points=4, channels=(4, 8, 8))
TRAINING = StartTraining(
    name="small", index="-", network=SMALL, cut_share=0.0, recolored=0.0, batch=2, shift_mm=30.0
)
PLACE = np.array([22.0, -15.0, 30.0])


def ball(center: np.ndarray, grid: Geometry) -> Volume:
    distance = ((grid_points(grid) - center) ** 2).sum(axis=-1)
    return Volume(np.exp(-distance / (2 * 12.0**2)).astype(np.float32), grid, modality="CT")


@pytest.fixture(scope="module")
def image():
    return ball(PLACE, Geometry((30, 32, 28), (5.0, 5.0, 5.5), (-70.0, -80.0, -75.0)))


def center_of(view: np.ndarray) -> np.ndarray:
    """Center of mass in mm from the view's middle, x, y, z."""
    at = np.array(ndimage.center_of_mass(np.where(view > 0.1, view, 0)))[::-1]
    return (at - (view.shape[0] - 1) / 2) * SMALL.view_mm


def test_a_view_shows_things_where_they_are(image):
    view = coarse_view(image, SMALL)
    np.testing.assert_allclose(center_of(view), PLACE - image.geometry.center_mm, atol=1.5)


def test_a_turned_view_has_turned_axes(image):
    turn = rigid_matrix(np.array([10.0, -20, 30]), np.zeros(3), np.zeros(3))[:3, :3]
    view = coarse_view(image, SMALL, turn, np.array([5.0, 0, 0]))
    expected = turn.T @ (PLACE - [5.0, 0, 0])
    np.testing.assert_allclose(center_of(view), expected, atol=1.5)


def test_the_truth_of_a_drawn_pair_takes_one_view_to_the_other(image):
    move = rigid_matrix(np.array([0.0, 5, -8]), np.array([12.0, 4, -9]), np.zeros(3))
    other = ball((move @ [*PLACE, 1])[:3], image.geometry)
    case = StartCase("one", 0, image, ((other, move),))
    for seed in range(6):
        one, two, matrix = draw_pair(case, TRAINING, np.random.default_rng(seed))
        expected = matrix[:3, :3] @ center_of(one) + matrix[:3, 3]
        np.testing.assert_allclose(center_of(two), expected, atol=3.0)


def test_points_that_were_moved_are_fitted_exactly():
    generator = torch.Generator().manual_seed(1)
    points = 50 * torch.randn(2, 9, 3, generator=generator)
    truth = rigid_matrix(np.array([30.0, -50, 110]), np.array([5.0, 60, -7]), np.zeros(3))
    matrix = torch.from_numpy(truth).float()
    moved = points @ matrix[:3, :3].T + matrix[:3, 3]
    # A point without weight may be anywhere.
    moved[:, 0] += 500
    weights = torch.ones(2, 9)
    weights[:, 0] = 0
    turn, shift = rigid_fit(points, moved, weights)
    np.testing.assert_allclose(turn[1], matrix[:3, :3], atol=1e-5)
    np.testing.assert_allclose(shift[1], matrix[:3, 3], atol=1e-3)


class KnowsThePoints(nn.Module):
    """Names fixed points of the first half of the views and their truth in the second."""

    def __init__(self, turns: torch.Tensor, shifts: torch.Tensor, off_mm: float) -> None:
        super().__init__()
        first = 60 * torch.randn(1, 8, 3, generator=torch.Generator().manual_seed(2))
        first = first.expand(len(turns), -1, -1)
        second = first @ turns.transpose(1, 2) + shifts[:, None] + off_mm
        self.places = torch.cat([first, second])

    def forward(self, views: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.places, torch.ones(self.places.shape[:2])


def test_the_loss_is_least_at_the_truth(image):
    views, turns, shifts = draw_batch(
        [StartCase("one", 0, image)], TRAINING, np.random.default_rng(0)
    )
    at_truth = float(pair_loss(KnowsThePoints(turns, shifts, 0.0), views, turns, shifts))
    beside = float(pair_loss(KnowsThePoints(turns, shifts, 10.0), views, turns, shifts))
    assert at_truth < 0.35  # 1 mm each is the floor of the smooth distance
    assert beside > at_truth + 2.5


def test_a_network_learns_where_a_ball_is_and_is_read_back(image, tmp_path):
    torch.manual_seed(0)
    network = PointNetwork(SMALL)
    optimizer = torch.optim.Adam(network.parameters(), 1e-2)
    cases = [StartCase("one", 0, image)]
    losses = []
    for step in range(12):
        batch = draw_batch(cases, TRAINING, np.random.default_rng(step))
        loss = pair_loss(network, *batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert np.mean(losses[-3:]) < np.mean(losses[:3])
    card = StartCard(name="small", version="1.0", network=SMALL)
    save_start_model(tmp_path, network, card)
    again = load_start_model(tmp_path)
    view = torch.from_numpy(coarse_view(image, SMALL))[None, None]
    for kept, read in zip(network.eval()(view), again.network(view), strict=True):
        torch.testing.assert_close(kept, read)


def test_points_that_disagree_give_no_start(image):
    class Scattered(nn.Module):
        settings = SMALL

        def forward(self, views: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            generator = torch.Generator().manual_seed(5)
            return 300 * torch.randn(2, 8, 3, generator=generator), torch.ones(2, 8)

    model = StartModel(StartCard(name="x", version="1"), Scattered(), "")  # type: ignore[arg-type]
    assert learned_start(image, image, model) is None


def test_a_folder_without_a_model_is_named(tmp_path):
    with pytest.raises(ModelError):
        load_start_model(tmp_path / "none")


def test_settings_name_what_is_out_of_range():
    with pytest.raises(Exception, match="view_voxels"):
        dataclasses.replace(SMALL, view_voxels=4)


def test_the_shipped_model_gives_an_exact_rotation(image):
    """SimpleITK takes no rotation that is not one to ten digits."""
    turn = rigid_matrix(np.array([4.0, -6, 9]), np.array([5.0, 2, -3]), np.zeros(3))
    matrix = turn @ image.geometry.lps_from_index
    moved = dataclasses.replace(
        image, geometry=Geometry.from_lps_matrix(matrix, image.geometry.shape)
    )
    model = load_start_model()
    np.testing.assert_allclose(learned_start(image, image, model), np.eye(4), atol=1e-4)
    found = learned_start(image, moved, model)
    assert found is not None
    np.testing.assert_allclose(found[:3, :3] @ found[:3, :3].T, np.eye(3), atol=1e-12)
