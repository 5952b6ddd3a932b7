"""What a picture looks like before it is done."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from generation.engine.checkpoints import choose
from generation.engine.diffusion import DiffusionEngine
from generation.engine.preview import Preview
from generation.engine.recipe import Recipe
from generation.engine.samplers import SAMPLERS
from tests.site import ROOT

RECIPE = Recipe(prompt="a red apple on a blue background", seed=7, width=128, height=128, steps=10, guidance_scale=4.0)


@pytest.fixture(scope="module")
def engine() -> DiffusionEngine:
    engine = DiffusionEngine("cpu")
    engine.load(choose("", Path("none"), ROOT / "demo_model" / "model").checkpoints[0])
    return engine


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_halfway_the_preview_shows_the_picture_that_comes_out(engine: DiffusionEngine, sampler: str) -> None:
    shown: dict[int, Image.Image] = {}

    def look(step: int, steps: int, preview: Any) -> None:
        if step == steps // 2:
            [shown[step]] = preview()

    steps = 20 if sampler == "PLMS" else RECIPE.steps  # in fewer it breaks this model's pictures, but not its guesses
    [picture] = engine.generate(replace(RECIPE, sampler=sampler, steps=steps), first=1, size=1, on_step=look)
    [preview] = shown.values()
    assert preview.size == (16, 16)
    seen, real = np.asarray(preview, float), np.asarray(picture.resize((16, 16), Image.Resampling.BOX), float)
    assert np.corrcoef(seen.ravel(), real.ravel())[0, 1] > 0.7  # noise alone: about 0


def test_a_group_has_a_preview_for_each_of_its_pictures(engine: DiffusionEngine) -> None:
    counts: list[int] = []
    engine.generate(RECIPE, first=1, size=3, on_step=lambda _step, _steps, preview: counts.append(len(preview())))
    assert set(counts) == {3}


def test_looking_changes_no_pixel(engine: DiffusionEngine) -> None:
    looked = engine.generate(RECIPE, first=1, size=1, on_step=lambda _step, _steps, preview: preview())
    unseen = engine.generate(RECIPE, first=1, size=1, on_step=lambda *_: None)
    assert looked[0].tobytes() == unseen[0].tobytes()


def test_a_model_whose_vae_cannot_be_understood_has_no_previews() -> None:
    preview = Preview(vae=object())
    assert preview.pictures() == []
