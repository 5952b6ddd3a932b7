"""LoRA files in models of every family, and in two that stay loaded."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from generation.engine.checkpoints import Checkpoint
from generation.engine.diffusion import DiffusionEngine
from generation.engine.families import FAMILIES, STABLE_DIFFUSION_XL, Family
from generation.engine.loras import NoLora
from generation.engine.recipe import Recipe
from library.png import pixels_of
from tests import small
from tests.lora_files import LAYOUTS, make

RECIPE = Recipe(prompt="a fox", seed=7, width=64, height=64, steps=2, guidance_scale=4.0, sampler="DDIM")


@pytest.fixture(scope="module", params=FAMILIES, ids=[family.folder for family in FAMILIES])
def family(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(scope="module")
def model(family: Family, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("families") / "small"
    small.pipeline(family).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folder(family: Family, model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same changes in every layout."""
    folder = tmp_path_factory.mktemp("lora")
    second = ("text_encoder_2",) if family is STABLE_DIFFUSION_XL else ()
    for layout in LAYOUTS:
        make(folder / f"{layout}.safetensors", model, layout, parts=("unet", "text_encoder", *second))
    return folder


@pytest.fixture(scope="module")
def engine(model: Path, folder: Path) -> DiffusionEngine:
    engine = DiffusionEngine("cpu", loras=folder)
    engine.load(Checkpoint("small", model))
    return engine


def picture(engine: DiffusionEngine, prompt: str = "a fox") -> str:
    made = engine.generate(replace(RECIPE, prompt=prompt), first=1, size=1, on_step=lambda *_: None)
    return pixels_of(made[0])


def test_all_layouts_change_a_picture_in_the_same_way(engine: DiffusionEngine) -> None:
    plain = picture(engine)
    [changed] = {picture(engine, f"a fox <lora:{layout}:0.8>") for layout in LAYOUTS}
    assert changed != plain
    assert picture(engine) == plain


def test_each_text_encoder_is_changed(engine: DiffusionEngine, family: Family, model: Path, folder: Path) -> None:
    parts = ["text_encoder", *(["text_encoder_2"] if family is STABLE_DIFFUSION_XL else [])]
    made = {picture(engine)}
    for part in parts:
        kinds = (part,) if part == "text_encoder" else ("text_encoder", part)
        make(folder / f"{part}.safetensors", model, "peft", parts=kinds, seed=3)
        made.add(picture(engine, f"a fox <lora:{part}:1>"))
    assert len(made) == 1 + len(parts)


def test_a_model_that_waits_keeps_its_files_and_the_other_one_refuses_them(
    engine: DiffusionEngine, model: Path, tiny_model: Path
) -> None:
    changed = picture(engine, "a fox <lora:peft:0.8>")
    engine.load(Checkpoint("tiny", tiny_model))
    plain = picture(engine)
    with pytest.raises(NoLora, match=r"^peft\.safetensors cannot be used with this model"):
        picture(engine, "a fox <lora:peft:0.8>")
    assert picture(engine) == plain
    engine.load(Checkpoint("small", model))
    assert picture(engine, "a fox <lora:peft:0.8>") == changed
