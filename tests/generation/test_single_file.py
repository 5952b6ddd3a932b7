"""Models that come as one file: small ones in CompVis' layout, compared with the diffusers folder they came from."""

import sys
import types
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import AutoencoderKL, PNDMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel

from generation.engine import single_file
from generation.engine.base import Unreadable
from generation.engine.checkpoints import Checkpoint
from generation.engine.diffusion import DiffusionEngine
from tests import compvis


@pytest.fixture(scope="module")
def pipeline() -> Any:
    """Stable Diffusion 1's parts with few channels and random weights."""
    torch.manual_seed(0)
    text = CLIPTextConfig(
        vocab_size=49408, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        max_position_embeddings=77, projection_dim=32, hidden_act="quick_gelu", bos_token_id=0, eos_token_id=2,
    )  # fmt: skip
    return StableDiffusionPipeline(
        unet=UNet2DConditionModel(
            sample_size=8, block_out_channels=(32, 32, 32, 32), cross_attention_dim=32, attention_head_dim=4
        ),
        vae=AutoencoderKL(
            block_out_channels=(32, 32, 32, 32), layers_per_block=2, scaling_factor=0.18215,
            down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
        ),
        text_encoder=CLIPTextModel(text),
        tokenizer=single_file.clip_tokenizer(),
        scheduler=PNDMScheduler.from_pretrained(single_file.STABLE_DIFFUSION_1 / "scheduler"),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(pipeline: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("diffusers") / "small"
    pipeline.save_pretrained(folder)
    return folder


@pytest.fixture(params=["safetensors", "ckpt"])
def file(request: pytest.FixtureRequest, pipeline: Any, tmp_path: Path) -> Path:
    path = tmp_path / f"small.{request.param}"
    weights = compvis.weights(pipeline)
    if request.param == "safetensors":
        save_file(weights, path)
    else:
        _save_like_the_original(weights, path)
    return path


def _save_like_the_original(weights: compvis.Weights, path: Path) -> None:
    """As v1.4's model.ckpt: a pickle that names a class of pytorch_lightning, which nobody has installed here."""
    name = "pytorch_lightning.callbacks.model_checkpoint"
    modules = {part: types.ModuleType(part) for part in ("pytorch_lightning", "pytorch_lightning.callbacks", name)}
    stand_in = type("ModelCheckpoint", (), {"__module__": name})
    modules[name].ModelCheckpoint = stand_in  # type: ignore[attr-defined]
    sys.modules.update(modules)
    try:
        torch.save({"state_dict": weights, "global_step": 470000, "callbacks": {stand_in: {"best": None}}}, path)
    finally:
        for part in modules:
            del sys.modules[part]


def test_every_tensor_of_the_file_is_read(file: Path, folder: Path, pipeline: Any) -> None:
    read = single_file.read(file, folder, dtype=torch.float32, safety_checker=None, feature_extractor=None)
    for part in ("unet", "vae", "text_encoder"):
        expected = getattr(pipeline, part).state_dict()
        found = getattr(read, part).state_dict()
        assert found.keys() == expected.keys()
        assert all(torch.equal(found[name], expected[name]) for name in expected), part


def test_a_picture_of_the_file_is_that_of_the_folder(file: Path, folder: Path, pipeline: Any) -> None:
    read = single_file.read(file, folder, dtype=torch.float32, safety_checker=None, feature_extractor=None)
    pictures = [
        one("a fox", num_inference_steps=3, height=64, width=64, generator=torch.Generator().manual_seed(1)).images[0]
        for one in (read, pipeline)
    ]
    assert pictures[0].tobytes() == pictures[1].tobytes()


def test_the_configuration_that_ships_is_stable_diffusion_1() -> None:
    """859.5, 83.7 and 123.1 million parameters, as published."""
    config = single_file.STABLE_DIFFUSION_1
    with torch.device("meta"):
        parts = [
            UNet2DConditionModel.from_config(UNet2DConditionModel.load_config(config / "unet")),
            AutoencoderKL.from_config(AutoencoderKL.load_config(config / "vae")),
            CLIPTextModel(CLIPTextConfig.from_pretrained(config / "text_encoder")),
        ]
    sizes = [sum(tensor.numel() for tensor in part.parameters()) for part in parts]
    assert sizes == [859_520_964, 83_653_863, 123_060_480]


def test_the_tokenizer_is_clip_s() -> None:
    tokenizer = single_file.clip_tokenizer()
    assert tokenizer("a photo of a cat").input_ids == [49406, 320, 1125, 539, 320, 2368, 49407]
    assert len(tokenizer) == 49408


class Payload:
    """What a hostile pickle holds."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("executed-by-a-pickle"),))


def test_a_pickle_with_a_payload_is_refused_and_never_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"state_dict": {"weight": Payload()}}, tmp_path / "hostile.ckpt")
    with pytest.raises(Unreadable, match=r"hostile cannot be loaded: it would execute .*pathlib"):
        DiffusionEngine("cpu").load(Checkpoint("hostile", tmp_path / "hostile.ckpt"))
    assert not Path("executed-by-a-pickle").exists()
