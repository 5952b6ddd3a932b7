"""Models that come as one file: small ones of every family, compared with the diffusers folder they came from."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from generation.engine import families, single_file, weights
from generation.engine.base import Unreadable
from generation.engine.checkpoints import Checkpoint
from generation.engine.diffusion import DiffusionEngine
from generation.engine.families import FAMILIES, STABLE_DIFFUSION_1, STABLE_DIFFUSION_2, STABLE_DIFFUSION_XL, Family
from tests import compvis, small

WITHOUT = {"feature_extractor": None, "image_encoder": None}


@pytest.fixture(scope="module", params=FAMILIES, ids=[family.folder for family in FAMILIES])
def family(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(scope="module")
def pipeline(family: Family) -> Any:
    return small.pipeline(family)


@pytest.fixture(scope="module")
def folder(pipeline: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("diffusers") / "small"
    pipeline.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module", params=["safetensors", "ckpt"])
def file(request: pytest.FixtureRequest, pipeline: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("file") / f"small.{request.param}"
    return compvis.save(compvis.weights(pipeline), path)


def read(file: Path, folder: Path, **options: Any) -> Any:
    return single_file.read(file, folder, dtype=torch.float32, **WITHOUT, **options)


def parts_of(pipeline: Any) -> list[str]:
    return [name for name, part in pipeline.components.items() if isinstance(part, torch.nn.Module)]


def test_the_family_is_read_off_the_tensors(file: Path, family: Family) -> None:
    assert families.of_file(weights.shapes(file)) is family


def test_every_tensor_of_the_file_is_read(file: Path, folder: Path, pipeline: Any) -> None:
    found = read(file, folder)
    assert parts_of(found) == parts_of(pipeline)
    for part in parts_of(pipeline):
        before, after = getattr(pipeline, part).state_dict(), getattr(found, part).state_dict()
        assert after.keys() == before.keys()
        assert all(torch.equal(after[name], before[name]) for name in before), part


def test_a_picture_of_the_file_is_that_of_the_folder(file: Path, folder: Path, pipeline: Any) -> None:
    options = {"num_inference_steps": 3, "height": 64, "width": 64, "negative_prompt": "a dog"}
    pictures = [
        one("a fox", generator=torch.Generator().manual_seed(1), **options).images[0]
        for one in (read(file, folder), type(pipeline).from_pretrained(folder), pipeline)
    ]
    assert np.asarray(pictures[0]).std() > 5, "there is something to see"
    assert len({picture.tobytes() for picture in pictures}) == 1


def test_merges_that_leave_a_word_out_of_the_text_encoder_s_names_are_read(tmp_path: Path) -> None:
    pipeline = small.pipeline(STABLE_DIFFUSION_1)
    pipeline.save_pretrained(tmp_path / "folder")
    renamed = {
        name.replace("transformer.text_model.", "transformer."): t for name, t in compvis.weights(pipeline).items()
    }
    for name in ("merge.safetensors", "merge.ckpt"):
        found = read(compvis.save(renamed, tmp_path / name), tmp_path / "folder").text_encoder.state_dict()
        assert all(torch.equal(found[key], value) for key, value in pipeline.text_encoder.state_dict().items())


# What ships for each family

PUBLISHED = {
    STABLE_DIFFUSION_1: {"unet": 859_520_964, "vae": 83_653_863, "text_encoder": 123_060_480},
    STABLE_DIFFUSION_2: {"unet": 865_910_724, "vae": 83_653_863, "text_encoder": 340_387_840},
    STABLE_DIFFUSION_XL: {
        "unet": 2_567_463_684, "vae": 83_653_863, "text_encoder": 123_060_480, "text_encoder_2": 694_659_840,
    },
}  # fmt: skip
"""Parameters of each part, as published."""


def empty_parts(family: Family) -> dict[str, Any]:
    """The parts as the configuration has them, without weights."""
    config = family.config
    with torch.device("meta"):
        parts = {
            "unet": UNet2DConditionModel.from_config(UNet2DConditionModel.load_config(config / "unet")),
            "vae": AutoencoderKL.from_config(AutoencoderKL.load_config(config / "vae")),
            "text_encoder": CLIPTextModel(CLIPTextConfig.from_pretrained(config / "text_encoder")),
        }
        if family is STABLE_DIFFUSION_XL:
            second = CLIPTextConfig.from_pretrained(config / "text_encoder_2")
            parts["text_encoder_2"] = CLIPTextModelWithProjection(second)
    return parts


def test_the_configuration_that_ships_is_that_of_the_family(family: Family) -> None:
    parts = empty_parts(family)
    sizes = {name: sum(tensor.numel() for tensor in part.parameters()) for name, part in parts.items()}
    assert sizes == PUBLISHED[family]
    assert parts["unet"].config.cross_attention_dim == family.text_width
    assert len(parts["unet"].state_dict()) == family.unet_tensors
    assert parts["unet"].config.sample_size * 8 == family.side


@pytest.mark.parametrize("padding", ["<|endoftext|>", "!"])
def test_the_tokenizer_is_clip_s(padding: str) -> None:
    tokenizer = single_file.clip_tokenizer(padding)
    words = [49406, 320, 1125, 539, 320, 2368, 49407]
    assert tokenizer("a photo of a cat").input_ids == words
    padded = tokenizer("a photo of a cat", padding="max_length").input_ids
    assert padded == words + [49407 if padding == "<|endoftext|>" else 0] * 70
    assert len(tokenizer) == 49408


# How it was trained


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(file, folder) of a Stable Diffusion 2."""
    place, pipeline = tmp_path_factory.mktemp("two"), small.pipeline(STABLE_DIFFUSION_2)
    pipeline.save_pretrained(place / "folder")
    return compvis.save(compvis.weights(pipeline), place / "two.safetensors"), place / "folder"


@pytest.mark.parametrize(
    ("name", "said", "expected"),
    [
        ("512-base-ema.safetensors", "", "epsilon"),
        ("768-v-ema.safetensors", "", "v_prediction"),
        ("v2-1_768-ema-pruned.safetensors", "", "v_prediction"),
        ("photo17681.safetensors", "", "epsilon"),
        ("768-v-ema.safetensors", "epsilon", "epsilon"),
        ("two.safetensors", "v_prediction", "v_prediction"),
    ],
)
def test_what_a_stable_diffusion_2_predicts_is_said_or_read_off_its_name(
    two: tuple[Path, Path], tmp_path: Path, name: str, said: str, expected: str
) -> None:
    file = shutil.copy(two[0], tmp_path / name)
    assert read(Path(file), two[1], prediction_type=said).scheduler.config.prediction_type == expected


def test_a_name_with_768_says_nothing_of_another_family(tmp_path: Path) -> None:
    pipeline = small.pipeline(STABLE_DIFFUSION_1)
    pipeline.save_pretrained(tmp_path / "folder")
    file = compvis.save(compvis.weights(pipeline), tmp_path / "mix-768-v.safetensors")
    assert read(file, tmp_path / "folder").scheduler.config.prediction_type == "epsilon"


def test_a_stable_diffusion_xl_may_say_itself_how_it_was_trained(tmp_path: Path) -> None:
    pipeline = small.pipeline(STABLE_DIFFUSION_XL)
    pipeline.save_pretrained(tmp_path / "folder")
    marked = compvis.weights(pipeline) | {"v_pred": torch.tensor([]), "ztsnr": torch.tensor([])}
    config = read(compvis.save(marked, tmp_path / "v.safetensors"), tmp_path / "folder").scheduler.config
    assert (config.prediction_type, config.rescale_betas_zero_snr) == ("v_prediction", True)


# Pickles


class Payload:
    """What a hostile pickle holds."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("executed-by-a-pickle"),))


@pytest.mark.parametrize("name", ["hostile.ckpt", "hostile.CKPT"])
def test_a_pickle_with_a_payload_is_refused_and_never_executed(
    pipeline: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"state_dict": {**compvis.weights(pipeline), "more": Payload()}}, tmp_path / name)
    with pytest.raises(Unreadable, match=r"hostile cannot be loaded: it would execute .*pathlib"):
        DiffusionEngine("cpu").load(Checkpoint("hostile", tmp_path / name))
    assert not Path("executed-by-a-pickle").exists()


def test_numbers_that_trainers_write_down_do_no_harm_and_are_not_read(tmp_path: Path) -> None:
    file = tmp_path / "trained.ckpt"
    torch.save({"state_dict": {"a": torch.zeros(2, 3)}, "loss": np.float64(0.25), "epoch": np.int64(3)}, file)
    assert torch.serialization.get_unsafe_globals_in_checkpoint(file), "torch alone refuses it"
    assert weights.shapes(file) == {"a": (2, 3)}


def test_a_pickle_of_before_2020_is_refused_with_what_to_do(tmp_path: Path) -> None:
    torch.save({"a": torch.zeros(2)}, tmp_path / "old.ckpt", _use_new_zipfile_serialization=False)
    with pytest.raises(Unreadable, match=r"old cannot be loaded: .*since 2020.*convert"):
        DiffusionEngine("cpu").load(Checkpoint("old", tmp_path / "old.ckpt"))
