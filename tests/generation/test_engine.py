"""The diffusers adapter with the tiny model, in fp32 unless the test says so."""

import builtins
import pickle
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL.Image import Image

from generation.engine.base import Cancelled, OutOfMemory, Unreadable
from generation.engine.checkpoints import Checkpoint
from generation.engine.diffusion import DiffusionEngine
from generation.engine.measuring import GROUPS
from generation.engine.recipe import IN_TILES, Recipe

RECIPE = Recipe(prompt="a fox", seed=7, width=64, height=64, steps=4, guidance_scale=4.0, sampler="DPM++ 2M")


def open_engine(model: Path, dtype: str = "float32") -> DiffusionEngine:
    import torch

    engine = DiffusionEngine("cpu")
    engine.dtype = getattr(torch, dtype)
    engine.load(Checkpoint("tiny", model))
    return engine


@pytest.fixture(scope="module")
def engine(tiny_model: Path) -> DiffusionEngine:
    return open_engine(tiny_model)


def make(engine: DiffusionEngine, recipe: Recipe = RECIPE, *, first: int = 1, size: int = 1) -> list[Image]:
    return engine.generate(recipe, first=first, size=size, on_step=lambda *_: None)


def difference(one: Image, other: Image) -> float:
    """The mean of the absolute differences of two pictures' values, each 0 to 255."""
    return float(np.abs(np.asarray(one).astype(int) - np.asarray(other).astype(int)).mean())


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_same_seed_settings_and_group_give_equal_pixels(tiny_model: Path, dtype: str) -> None:
    first, again = (make(open_engine(tiny_model, dtype), size=3) for _ in range(2))
    assert [picture.tobytes() for picture in first] == [picture.tobytes() for picture in again]


def test_a_group_made_again_by_the_same_engine_has_equal_pixels(engine: DiffusionEngine) -> None:
    before = make(engine, size=3)
    make(engine, replace(RECIPE, prompt="something else", sampler="PLMS", steps=2))
    assert [picture.tobytes() for picture in make(engine, size=3)] == [picture.tobytes() for picture in before]


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_picture_made_alone_has_the_composition_it_has_in_a_group(tiny_model: Path, dtype: str) -> None:
    engine = open_engine(tiny_model, dtype)
    group = make(engine, size=3)
    for place, picture in enumerate(group):
        [alone] = make(engine, first=1 + place)
        assert difference(alone, picture) <= 2
        assert difference(alone, group[place - 1]) > 10  # its neighbour is another picture


def test_the_picture_at_a_position_is_the_first_of_its_own_seed(engine: DiffusionEngine) -> None:
    assert make(engine, first=3)[0].tobytes() == make(engine, replace(RECIPE, seed=RECIPE.seed + 2))[0].tobytes()


@pytest.mark.parametrize(("factor", "size"), [(4, (128, 256)), (8, (64, 128))])
def test_pictures_are_rgb_and_of_the_recipes_output_size(
    engine: DiffusionEngine, factor: int, size: tuple[int, int]
) -> None:
    recipe = replace(RECIPE, width=64, height=128, steps=1, downsampling_factor=factor)
    assert [(picture.mode, picture.size) for picture in make(engine, recipe, size=2)] == [("RGB", size)] * 2


@pytest.mark.parametrize("other", [{"prompt": "a ship"}, {"negative_prompt": "fog"}, {"guidance_scale": 6.0}])
def test_words_and_guidance_change_the_picture(engine: DiffusionEngine, other: dict[str, object]) -> None:
    assert make(engine, replace(RECIPE, **other))[0].tobytes() != make(engine)[0].tobytes()  # type: ignore[arg-type]


def test_without_guidance_the_negative_prompt_means_nothing(engine: DiffusionEngine) -> None:
    unguided = replace(RECIPE, guidance_scale=1.0)
    assert make(engine, unguided)[0].tobytes() == make(engine, replace(unguided, negative_prompt="fog"))[0].tobytes()


@pytest.mark.parametrize(("sampler", "differs"), [("DDIM", True), ("Euler", False)])
def test_eta_is_the_noise_of_ddim_only(engine: DiffusionEngine, sampler: str, differs: bool) -> None:
    recipe = replace(RECIPE, sampler=sampler)
    noisy = make(engine, replace(recipe, eta=1.0))[0]
    assert (noisy.tobytes() != make(engine, recipe)[0].tobytes()) == differs


def test_a_cancelled_job_stops_at_that_step_and_the_engine_stays_usable(engine: DiffusionEngine) -> None:
    before = make(engine)[0]
    seen: list[int] = []

    def cancel_at_two(step: int, *_: Any) -> None:
        seen.append(step)
        if step == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        engine.generate(RECIPE, first=1, size=3, on_step=cancel_at_two)
    assert seen == [1, 2]
    assert make(engine)[0].tobytes() == before.tobytes()


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("MemoryError", ""),
        ("OutOfMemoryError", "CUDA out of memory."),
        ("RuntimeError", "DefaultCPUAllocator: can't allocate memory: you tried to allocate 99 bytes."),
        ("RuntimeError", "MPS backend out of memory"),
    ],
)
def test_too_little_memory_is_told_from_other_errors(engine: DiffusionEngine, kind: str, words: str) -> None:
    import torch

    def run_out(*_: Any) -> None:
        raise (getattr(builtins, kind, None) or getattr(torch, kind))(words)

    with pytest.raises(OutOfMemory):
        engine.generate(RECIPE, first=1, size=1, on_step=run_out)
    assert make(engine)[0].size == (64, 64)


def test_decoding_in_tiles_makes_nearly_the_same_picture_and_is_for_that_one_alone(engine: DiffusionEngine) -> None:
    large = replace(RECIPE, width=768, height=640, steps=1)
    whole, tiled, again = (make(engine, recipe)[0] for recipe in (large, replace(large, decoding=IN_TILES), large))
    assert 0 < difference(tiled, whole) < 5
    assert again.tobytes() == whole.tobytes()
    assert make(engine, replace(large, decoding=IN_TILES))[0].tobytes() == tiled.tobytes()
    assert make(engine, replace(RECIPE, decoding=IN_TILES))[0].tobytes() == make(engine)[0].tobytes(), "it is one tile"


def test_a_model_for_which_there_is_no_memory_is_not_taken_for_a_broken_one(tiny_model: Path) -> None:
    engine = Narrow("cpu")
    engine.most = 0
    engine.load(Checkpoint("tiny", tiny_model))
    with pytest.raises(OutOfMemory, match=r"^tiny needs more memory than there is\.$"):
        engine.warm_up(RECIPE)


def test_other_errors_stay_what_they_are(engine: DiffusionEngine) -> None:
    with pytest.raises(ValueError, match="divisible by 8"):
        make(engine, replace(RECIPE, width=68))
    assert make(engine)[0].size == (64, 64)


def without_weights(folder: Path) -> None:
    (folder / "unet" / "diffusion_pytorch_model.safetensors").unlink()


def with_half_of_the_weights(folder: Path) -> None:
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[: weights.stat().st_size // 2])


def with_an_empty_index(folder: Path) -> None:
    (folder / "model_index.json").write_text("{}")


def with_pickled_weights(folder: Path) -> None:
    import torch

    without_weights(folder)
    torch.save({}, folder / "unet" / "diffusion_pytorch_model.bin")


@pytest.mark.parametrize(
    "spoil", [without_weights, with_half_of_the_weights, with_an_empty_index, with_pickled_weights]
)
def test_a_spoilt_folder_is_unreadable_in_one_sentence(
    tiny_model: Path, tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    folder = shutil.copytree(tiny_model, tmp_path / "spoilt")
    spoil(folder)
    with pytest.raises(Unreadable, match=r"^my model cannot be loaded: \S.{5,}$"):
        DiffusionEngine("cpu").load(Checkpoint("my model", folder))


@pytest.mark.parametrize("name", ["cut.safetensors", "empty.safetensors", "garbage.ckpt", "empty.ckpt"])
def test_a_spoilt_file_is_unreadable_in_one_sentence(tiny_model: Path, tmp_path: Path, name: str) -> None:
    weights = (tiny_model / "unet" / "diffusion_pytorch_model.safetensors").read_bytes()
    contents = {"cut": weights[: len(weights) // 2], "empty": b"", "garbage": b"no model at all" * 100}
    file = tmp_path / name
    file.write_bytes(contents[file.stem])
    with pytest.raises(Unreadable, match=r"^my model cannot be loaded: (?!.*import).{5,}$"):
        DiffusionEngine("cpu").load(Checkpoint("my model", file))


class Trap:
    """Writes a file when it is unpickled."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, tuple[Path, str]]:
        return Path.write_text, (self.target, "sprung")


def test_cve_2024_12029_a_checkpoint_that_would_run_code_is_refused_and_runs_none(tmp_path: Path) -> None:
    import torch

    file = tmp_path / "evil.ckpt"
    torch.save({"state_dict": Trap(tmp_path / "trap")}, file)
    with pytest.raises(Unreadable, match="evil"):
        DiffusionEngine("cpu").load(Checkpoint("evil", file))
    assert not (tmp_path / "trap").exists()
    pickle.loads(pickle.dumps(Trap(tmp_path / "trap")))
    assert (tmp_path / "trap").exists()  # the trap does work


def test_warming_up_measures_the_speed(engine: DiffusionEngine) -> None:
    measured = engine.warm_up(RECIPE)
    assert measured.group_size in (1, *GROUPS)
    assert 0 < measured.seconds < 1000


@pytest.mark.parametrize("factor", [4, 8, 16])
def test_warming_up_measures_what_fits_and_that_is_never_less_than_what_was_made(
    engine: DiffusionEngine, factor: int
) -> None:
    recipe = replace(RECIPE, downsampling_factor=factor)
    assert recipe.pixels <= engine.warm_up(recipe).max_pixels < 2**31


class Narrow(DiffusionEngine):
    """On a device with memory for so many pictures."""

    most = 1

    def generate(self, recipe: Recipe, *, first: int, size: int, **options: Any) -> list[Image]:
        if size > self.most:
            raise OutOfMemory
        return super().generate(recipe, first=first, size=size, **options)


@pytest.mark.parametrize(("most", "size"), [(1, 1), (2, 1), (5, 3)])
def test_a_group_for_which_there_is_no_memory_is_not_made(tiny_model: Path, most: int, size: int) -> None:
    engine = Narrow("cpu")
    engine.most = most
    engine.load(Checkpoint("tiny", tiny_model))
    speed = engine.warm_up(RECIPE)
    assert speed.group_size == size
    assert 0 < speed.seconds < 1000


def test_a_device_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match=r"^PLAYGROUND_DEVICE=cuda:99 cannot be used here"):
        DiffusionEngine("cuda:99")


def test_the_engine_works_without_torchvision(engine: DiffusionEngine) -> None:
    assert make(engine)
    assert "torchvision" not in sys.modules
