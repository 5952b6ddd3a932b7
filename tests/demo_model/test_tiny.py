from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import ImageStat
from PIL.Image import Image

from demo_model import tiny

if TYPE_CHECKING:
    from diffusers import StableDiffusionPipeline


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    tiny.build(folder)
    return folder


@pytest.fixture(scope="module")
def pipeline(folder: Path) -> StableDiffusionPipeline:
    from diffusers import StableDiffusionPipeline

    pipeline = StableDiffusionPipeline.from_pretrained(folder, local_files_only=True)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def draw(pipeline: StableDiffusionPipeline, prompt: str, *, seed: int = 1, steps: int = 4) -> Image:
    import torch

    generator = torch.Generator().manual_seed(seed)
    made = pipeline(prompt, generator=generator, num_inference_steps=steps, width=64, height=64)
    picture: Image = made.images[0]
    return picture


def contents(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def is_varied(picture: Image) -> bool:
    """The grey values deviate by more than 5 of 255: no flat colour."""
    return ImageStat.Stat(picture.convert("L")).stddev[0] > 5


def test_the_tiny_model_is_under_2_mb(folder: Path) -> None:
    assert sum(len(content) for content in contents(folder).values()) < 2_000_000


def test_building_it_again_gives_the_same_files(folder: Path, tmp_path: Path) -> None:
    tiny.build(tmp_path / "again")
    assert contents(tmp_path / "again") == contents(folder)


def test_it_makes_a_picture_from_an_emoji_and_chinese_prompt(pipeline: StableDiffusionPipeline) -> None:
    picture = draw(pipeline, "🦊 一只红色的狐狸")
    assert picture.size == (64, 64)
    assert is_varied(picture)


@pytest.mark.parametrize("prompt", ["", "\x00", "👩‍👩‍👧", "<|endoftext|>", "日本語" * 200])
def test_every_prompt_becomes_77_tokens(pipeline: StableDiffusionPipeline, prompt: str) -> None:
    tokens = pipeline.tokenizer(prompt, padding="max_length", truncation=True).input_ids
    assert len(tokens) == 77


def test_the_same_seed_gives_the_same_pixels(pipeline: StableDiffusionPipeline) -> None:
    assert draw(pipeline, "a cat", seed=1).tobytes() == draw(pipeline, "a cat", seed=1).tobytes()


def test_another_seed_gives_other_pixels(pipeline: StableDiffusionPipeline) -> None:
    assert draw(pipeline, "a cat", seed=1).tobytes() != draw(pipeline, "a cat", seed=2).tobytes()


def test_another_prompt_gives_other_pixels(pipeline: StableDiffusionPipeline) -> None:
    assert draw(pipeline, "a cat").tobytes() != draw(pipeline, "a dog").tobytes()


def test_50_steps_still_give_a_picture(pipeline: StableDiffusionPipeline) -> None:
    assert is_varied(draw(pipeline, "a cat", steps=50))


def test_building_leaves_the_random_numbers_of_the_caller_alone() -> None:
    import torch

    torch.manual_seed(1)
    undisturbed = torch.rand(1)
    torch.manual_seed(1)
    tiny.random_pipeline()
    assert torch.equal(torch.rand(1), undisturbed)


def test_a_folder_with_something_in_it_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(SystemExit, match="exists and is not an empty folder"):
        tiny.main([str(tmp_path)])
    assert contents(tmp_path) == {Path("mine.txt"): b"mine"}


def test_without_a_folder_the_command_shows_its_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        tiny.main([])
    assert exit_.value.code == 2
    assert "usage: python -m demo_model.tiny [-h] DIR" in capsys.readouterr().err
