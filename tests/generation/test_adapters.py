"""LoRA files at work in the tiny model: real files, in every layout."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from generation.engine import adapters
from generation.engine.checkpoints import choose
from generation.engine.diffusion import DiffusionEngine
from generation.engine.loras import NoLora
from generation.engine.recipe import Recipe
from library.png import pixels_of
from tests.lora_files import LAYOUTS, make

RECIPE = Recipe(prompt="a fox", seed=7, width=64, height=64, steps=3, sampler="DDIM")

Picture = Callable[..., str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "lora").mkdir()
    return tmp_path / "lora"


@pytest.fixture
def engine(tiny_model: Path, folder: Path) -> DiffusionEngine:
    engine = DiffusionEngine("cpu", loras=folder)
    engine.load(choose("", Path("none"), tiny_model).checkpoints[0])
    return engine


@pytest.fixture
def picture(engine: DiffusionEngine) -> Picture:
    """Makes a picture; its pixels."""

    def picture(prompt: str = "a fox", **settings: object) -> str:
        recipe = replace(RECIPE, prompt=prompt, **settings)  # type: ignore[arg-type]
        source = None
        if recipe.strength:
            from PIL import Image

            source = Image.new("RGB", (64, 64), "teal")
        made = engine.generate(recipe, first=1, size=1, on_step=lambda *_: None, source=source)
        return pixels_of(made[0])

    return picture


def loaded(engine: DiffusionEngine) -> set[str]:
    return set().union(*engine._pipeline.get_list_adapters().values())


def is_as_it_was_read(engine: DiffusionEngine) -> bool:
    parts = (engine._pipeline.unet, engine._pipeline.text_encoder)
    return not any("lora" in name or "base_layer" in name for part in parts for name in part.state_dict())


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_file_changes_the_picture_by_its_weight(
    engine: DiffusionEngine, folder: Path, tiny_model: Path, picture: Picture, layout: str
) -> None:
    make(folder / "ink.safetensors", tiny_model, layout)
    plain = picture()
    assert picture("a fox <lora:ink:0>") == plain
    assert loaded(engine) == set()
    whole, half, other_way = (picture(f"a fox <lora:ink:{weight}>") for weight in (1, 0.5, -1))
    assert len({plain, whole, half, other_way}) == 4
    assert picture("a <lora:ink> fox") == whole  # the words are the same, and 1 is the usual weight
    assert picture() == plain


def test_all_layouts_mean_the_same(folder: Path, tiny_model: Path, picture: Picture) -> None:
    for layout in LAYOUTS:
        make(folder / f"{layout}.safetensors", tiny_model, layout)
    assert len({picture(f"a fox <lora:{layout}:0.8>") for layout in LAYOUTS}) == 1


def test_a_files_own_scale_is_kept(folder: Path, tiny_model: Path, picture: Picture) -> None:
    make(folder / "usual.safetensors", tiny_model)
    make(folder / "half.safetensors", tiny_model, alpha=2)
    assert picture("a fox <lora:half:1>") == picture("a fox <lora:usual:0.5>")


def test_files_work_together_and_apart(folder: Path, tiny_model: Path, picture: Picture) -> None:
    """Also where they change other parts of the model."""
    make(folder / "ink.safetensors", tiny_model, seed=1)
    make(folder / "snow.safetensors", tiny_model, seed=2, parts=("unet",))
    make(folder / "words.safetensors", tiny_model, seed=3, parts=("text_encoder",))
    prompts = [
        "",
        "<lora:ink>",
        "<lora:snow>",
        "<lora:words>",
        "<lora:ink:0.5><lora:snow:0.5>",
        "<lora:snow><lora:words>",
    ]
    first = [picture(f"a fox {prompt}") for prompt in prompts]
    assert len(set(first)) == len(prompts)
    assert [picture(f"a fox {prompt}") for prompt in reversed(prompts)] == first[::-1]


def test_the_next_picture_without_it_is_the_same_as_in_a_fresh_model(
    engine: DiffusionEngine, folder: Path, tiny_model: Path, picture: Picture
) -> None:
    make(folder / "ink.safetensors", tiny_model)
    plain, over_a_source = picture(), picture(strength=0.8)
    changed = picture("a fox <lora:ink>", strength=0.8)
    assert changed != over_a_source
    assert (picture(), picture(strength=0.8)) == (plain, over_a_source)
    engine.load(choose("", Path("none"), tiny_model).checkpoints[0])
    assert (picture(), picture("a fox <lora:ink>", strength=0.8)) == (plain, changed)


def test_weights_of_words_are_read_by_the_changed_text_encoder(
    folder: Path, tiny_model: Path, picture: Picture
) -> None:
    make(folder / "words.safetensors", tiny_model, parts=("text_encoder",))
    assert picture("a (fox:1.4)") != picture("a (fox:1.4) <lora:words>")


def test_a_file_stays_loaded_while_it_is_used_and_its_memory_comes_back_afterwards(
    engine: DiffusionEngine, folder: Path, tiny_model: Path, picture: Picture
) -> None:
    make(folder / "ink.safetensors", tiny_model, seed=1)
    make(folder / "snow.safetensors", tiny_model, seed=2)
    plain = picture()
    ink = picture("a fox <lora:ink>")
    picture("a fox <lora:snow>")
    both = loaded(engine)
    assert len(both) == 2
    for _ in range(adapters.KEPT_FOR):
        picture("a fox <lora:ink>", steps=1)
    assert loaded(engine) == both
    picture("a fox <lora:ink>", steps=1)
    assert len(loaded(engine)) == 1
    assert picture("a fox <lora:ink>") == ink
    for _ in range(adapters.KEPT_FOR + 1):
        picture(steps=1)
    assert is_as_it_was_read(engine)
    assert (picture(), picture("a fox <lora:ink>")) == (plain, ink)


def test_another_file_of_that_name_is_read_anew(folder: Path, tiny_model: Path, picture: Picture) -> None:
    make(folder / "ink.safetensors", tiny_model, seed=1)
    first = picture("a fox <lora:ink>")
    make(folder / "ink.safetensors", tiny_model, seed=2)
    second = picture("a fox <lora:ink>")
    make(folder / "ink.safetensors", tiny_model, seed=1)
    assert first != second
    assert picture("a fox <lora:ink>") == first


@pytest.fixture
def other_family(tmp_path: Path, tiny_model: Path) -> Path:
    """A model with a wider text encoder, as those of the next family have."""
    from diffusers import UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    folder = tmp_path / "other"
    UNet2DConditionModel.from_config(
        {**UNet2DConditionModel.load_config(tiny_model / "unet"), "cross_attention_dim": 24}
    ).save_pretrained(folder / "unet")
    config = CLIPTextConfig.from_pretrained(tiny_model / "text_encoder")
    config.hidden_size, config.intermediate_size = 24, 48
    CLIPTextModel(config).save_pretrained(folder / "text_encoder")
    return folder


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("parts", [("unet",), ("text_encoder",), ("unet", "text_encoder")])
def test_a_file_for_another_family_is_refused_and_leaves_no_trace(
    engine: DiffusionEngine,
    folder: Path,
    tiny_model: Path,
    other_family: Path,
    picture: Picture,
    layout: str,
    parts: tuple[str, ...],
) -> None:
    make(folder / "ink.safetensors", tiny_model)
    make(folder / "wide.safetensors", other_family, layout, parts=parts)
    plain, ink = picture(), picture("a fox <lora:ink>")
    for _ in range(2):
        with pytest.raises(NoLora, match=r"^wide\.safetensors cannot be used with this model"):
            picture("a fox <lora:ink><lora:wide>")
    assert len(loaded(engine)) == 1
    assert (picture(), picture("a fox <lora:ink>")) == (plain, ink)


def elsewhere(name: str) -> str:
    """A place that the larger families have, and this model has not."""
    return re.sub("down_blocks_1", "down_blocks_7", name)


def of_another_kind(name: str) -> str:
    return name.replace("lora_down", "hada_w1_a").replace("lora_up", "hada_w1_b")


@pytest.mark.parametrize("rename", [elsewhere, of_another_kind, str.upper])
def test_a_file_that_fits_only_in_part_is_refused(
    engine: DiffusionEngine, folder: Path, tiny_model: Path, picture: Picture, rename: Callable[[str], str]
) -> None:
    from safetensors.torch import load_file, save_file

    path = make(folder / "ink.safetensors", tiny_model)
    save_file({rename(name): tensor for name, tensor in load_file(path).items()}, path)
    with pytest.raises(NoLora, match=r"^ink\.safetensors cannot be used"):
        picture("a fox <lora:ink>")
    assert is_as_it_was_read(engine)


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x80\x04\x95" + bytes(100), b"\xff" * 64])
def test_a_broken_file_is_named(engine: DiffusionEngine, folder: Path, picture: Picture, content: bytes) -> None:
    (folder / "ink.safetensors").write_bytes(content)
    with pytest.raises(NoLora, match=r"^ink\.safetensors is broken"):
        picture("a fox <lora:ink>")
    assert is_as_it_was_read(engine)


def test_a_file_with_other_tensors_is_no_lora(folder: Path, tiny_model: Path, picture: Picture) -> None:
    (folder / "vae.safetensors").write_bytes((tiny_model / "vae" / "diffusion_pytorch_model.safetensors").read_bytes())
    with pytest.raises(NoLora, match=r"^vae\.safetensors cannot be used"):
        picture("a fox <lora:vae>")


def test_a_file_that_is_gone_is_named(folder: Path, tiny_model: Path, picture: Picture) -> None:
    make(folder / "ink.safetensors", tiny_model)
    picture("a fox <lora:ink>")
    (folder / "ink.safetensors").unlink()
    with pytest.raises(NoLora, match="There is no LoRA file called ink here"):
        picture("a fox <lora:ink>")
