"""How large groups are, on devices that take a given time for a step."""

import time
from typing import Any

import pytest
from PIL import Image

from generation.engine.measuring import measure
from generation.engine.recipe import Recipe

RECIPE = Recipe(prompt="", seed=0, width=64, height=64, steps=20)


class Device:
    """An engine whose steps are pauses; it notes how many pictures it was asked for together."""

    def __init__(self, step: dict[int, float]) -> None:
        import torch

        self.device = torch.device("cpu")
        self.asked: set[int] = set()
        self._step = step

    def generate(
        self, recipe: Recipe, *, first: int, size: int, on_step: Any, source: None = None
    ) -> list[Image.Image]:
        self.asked.add(size)
        for step in range(1, recipe.steps + 1):
            time.sleep(self._step[size])
            on_step(step, recipe.steps, list)
        return []


@pytest.mark.parametrize(
    ("step", "size"),
    [
        ({1: 0.02, 3: 0.06}, 1),
        ({1: 0.02, 3: 0.03, 6: 0.06}, 3),
        ({1: 0.02, 3: 0.03, 6: 0.04, 12: 0.08}, 6),
        ({1: 0.02, 3: 0.02, 6: 0.02, 12: 0.02, 24: 0.02}, 24),
    ],
)
def test_groups_grow_as_long_as_each_picture_takes_clearly_less(step: dict[int, float], size: int) -> None:
    measured = measure(Device(step), RECIPE)  # type: ignore[arg-type]
    assert measured.group_size == size
    usual = min(size, 3)
    assert measured.seconds * RECIPE.megapixels == pytest.approx(step[usual] / usual, rel=0.3)


@pytest.mark.parametrize(
    ("device", "recipe"),
    [(Device({1: 0.35}), RECIPE), (Device({1: 0.01}), Recipe(prompt="", seed=0, width=2**15, height=2**15))],
    ids=["a step would take too long", "they do not fit"],
)
def test_larger_groups_are_not_even_tried_where(device: Device, recipe: Recipe) -> None:
    assert measure(device, recipe).group_size == 1  # type: ignore[arg-type]
    assert device.asked == {1}
