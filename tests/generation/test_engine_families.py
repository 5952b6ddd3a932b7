"""What the engine does, it does with every family: groups, samplers, weights, previews, sources."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from generation.engine.checkpoints import Checkpoint
from generation.engine.diffusion import DiffusionEngine
from generation.engine.families import FAMILIES, STABLE_DIFFUSION_XL, Family
from generation.engine.recipe import Recipe
from generation.engine.samplers import SAMPLERS
from tests import small

RECIPE = Recipe(prompt="a fox", seed=7, width=64, height=64, steps=2, guidance_scale=4.0, sampler="DDIM")


def open_engine(folder: Path, dtype: torch.dtype = torch.float32) -> DiffusionEngine:
    engine = DiffusionEngine("cpu")
    engine.dtype = dtype
    engine.load(Checkpoint("small", folder))
    return engine


@pytest.fixture(scope="module", params=FAMILIES, ids=[family.folder for family in FAMILIES])
def family(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(scope="module")
def folder(family: Family, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("families") / "small"
    small.pipeline(family).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def engine(folder: Path) -> DiffusionEngine:
    return open_engine(folder)


def make(engine: DiffusionEngine, size: int = 1, source: Image.Image | None = None, **changes: Any) -> list[bytes]:
    recipe = replace(RECIPE, **changes)
    pictures = engine.generate(recipe, first=1, size=size, on_step=lambda *_: None, source=source)
    assert {picture.size for picture in pictures} == {recipe.output_size}
    return [picture.tobytes() for picture in pictures]


def difference(one: bytes, other: bytes) -> float:
    """The mean of the absolute differences of two pictures' values, each 0 to 255."""
    return float(np.abs(np.frombuffer(one, np.uint8).astype(int) - np.frombuffer(other, np.uint8)).mean())


def test_a_picture_is_that_of_diffusers_own_pipeline(engine: DiffusionEngine, folder: Path, family: Family) -> None:
    import diffusers

    pipeline: Any = getattr(diffusers, family.pipeline).from_pretrained(folder, dtype=torch.float32)
    pipeline.scheduler = diffusers.DDIMScheduler.from_config(pipeline.scheduler.config)
    options = {"num_inference_steps": 2, "guidance_scale": 4.0, "width": 64, "height": 64}
    for negative in ("", "snow"):
        generator = torch.Generator().manual_seed(7)
        [expected] = pipeline("a fox", negative_prompt=negative or None, generator=generator, **options).images
        [found] = make(engine, negative_prompt=negative)
        [other] = make(engine, negative_prompt="a ship")
        assert difference(found, expected.tobytes()) < 0.1 < difference(other, expected.tobytes())


def test_a_group_made_again_has_the_same_pixels_and_no_two_pictures_alike(engine: DiffusionEngine) -> None:
    group = make(engine, size=3)
    assert make(engine, size=3) == group
    assert len(set(group)) == 3


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_sampler_works_with_and_without_a_source(engine: DiffusionEngine, sampler: str) -> None:
    source = Image.new("RGB", (64, 64), "red")
    assert len(make(engine, sampler=sampler)) == 1
    assert len(make(engine, sampler=sampler, source=source, strength=0.6, steps=4)) == 1


def test_without_a_step_to_run_it_is_the_source_as_the_latents_hold_it(engine: DiffusionEngine) -> None:
    source = Image.new("RGB", (64, 64), "red")
    [first, second] = make(engine, size=2, source=source, strength=0.01)
    assert first == second != source.tobytes()


@pytest.mark.parametrize("words", ["a (fox:1.4)", "a (fox:0.5)", "a fox [snow]", "a fox [(snow:1.3)]"])
def test_weights_and_brackets_change_the_picture(engine: DiffusionEngine, words: str) -> None:
    assert make(engine, prompt=words) != make(engine)


def test_without_guidance_there_are_no_negative_words(engine: DiffusionEngine) -> None:
    assert make(engine, guidance_scale=1.0) == make(engine, guidance_scale=1.0, negative_prompt="(snow:1.3)")


def test_there_is_a_preview_of_every_picture(engine: DiffusionEngine) -> None:
    seen: list[list[Image.Image]] = []
    engine.generate(RECIPE, first=1, size=2, on_step=lambda _step, _steps, preview: seen.append(preview()))
    assert [len(pictures) for pictures in seen] == [2, 2]


def test_a_vae_that_overflows_in_16_bits_makes_pictures_and_previews_all_the_same(tmp_path: Path) -> None:
    """Stable Diffusion XL's does. This one's first layers go beyond fp16's 65,504 before they are evened out."""
    pipeline = small.pipeline(STABLE_DIFFUSION_XL)
    for half in (pipeline.vae.encoder, pipeline.vae.decoder):
        half.conv_in.weight.data *= 3e5
    pipeline.save_pretrained(tmp_path / "loud")
    exact, half_as_exact = open_engine(tmp_path / "loud"), open_engine(tmp_path / "loud", torch.float16)
    source = Image.effect_noise((64, 64), 90).convert("RGB")
    for options in ({}, {"source": source, "strength": 0.5, "steps": 4}, {"source": source, "strength": 0.01}):
        [expected], [found] = make(exact, **options), make(half_as_exact, **options)  # type: ignore[arg-type]
        assert np.frombuffer(expected, np.uint8).std() > 5
        assert difference(expected, found) < 3
    seen: list[list[Image.Image]] = []
    half_as_exact.generate(RECIPE, first=1, size=1, on_step=lambda _step, _steps, preview: seen.append(preview()))
    assert len(seen[-1]) == 1
