"""Families, told apart by names and shapes alone, and what is refused, each with a sentence."""

import json
from pathlib import Path
from typing import Any

import pytest

from generation.engine import families, folders, weights
from generation.engine.base import Unreadable
from generation.engine.checkpoints import Checkpoint
from generation.engine.diffusion import DiffusionEngine
from generation.engine.families import FAMILIES, STABLE_DIFFUSION_1, STABLE_DIFFUSION_2, STABLE_DIFFUSION_XL, Family
from tests import compvis, small
from tests.generation.test_single_file import empty_parts


@pytest.fixture(scope="module")
def shapes() -> dict[Family, dict[str, tuple[int, ...]]]:
    """Of a small file of each family."""
    return {
        family: {name: tuple(tensor.shape) for name, tensor in compvis.weights(small.pipeline(family)).items()}
        for family in FAMILIES
    }


def as_large_as_real(family: Family, path: Path) -> Path:
    """A .safetensors file with the names and shapes of a real one; its weights are a hole in the file."""
    header: dict[str, Any] = {}
    end = 0
    for name, tensor in compvis.unet_weights(empty_parts(family)["unet"]).items():
        size = 2 * tensor.numel()
        header[name] = {"dtype": "F16", "shape": list(tensor.shape), "data_offsets": [end, end + size]}
        end += size
    others = [*family.encoders, families.VAE]
    for name in [f"{beginning}some.weight" for beginning in others]:
        header[name] = {"dtype": "F16", "shape": [1], "data_offsets": [end, end + 2]}
        end += 2
    text = json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(8 + len(text) + end)
    return path


@pytest.mark.parametrize("family", FAMILIES, ids=[family.folder for family in FAMILIES])
def test_a_file_of_real_size_is_known_by_its_shapes(family: Family, tmp_path: Path) -> None:
    found = weights.shapes(as_large_as_real(family, tmp_path / "some.safetensors"))
    assert families.of_file(found) is family
    assert families.text_width(found) == family.text_width


@pytest.mark.parametrize("family", FAMILIES, ids=[family.folder for family in FAMILIES])
def test_a_file_of_another_size_than_its_family_s_is_refused(family: Family, tmp_path: Path) -> None:
    file = compvis.save(compvis.weights(small.pipeline(family)), tmp_path / "odd.safetensors")
    with pytest.raises(Unreadable, match=f"built like {family.name}, but of another width"):
        DiffusionEngine("cpu").load(Checkpoint("odd", file))


FIRST = "model.diffusion_model.input_blocks.0.0.weight"


@pytest.mark.parametrize(
    ("family", "change", "sentence"),
    [
        (STABLE_DIFFUSION_1, {FIRST: (320, 9, 3, 3)}, "for inpainting, which needs more than a prompt"),
        (STABLE_DIFFUSION_1, {FIRST: (320, 8, 3, 3)}, "for editing by instruction"),
        (STABLE_DIFFUSION_2, {FIRST: (320, 5, 3, 3)}, "for depth"),
        (STABLE_DIFFUSION_2, {FIRST: (320, 7, 3, 3)}, "for enlarging"),
        (STABLE_DIFFUSION_2, {"model.diffusion_model.label_emb.0.0.weight": (1280, 2048)}, "an unCLIP model"),
        (STABLE_DIFFUSION_XL, {"edm_mean": (1, 4, 1, 1)}, "Playground v2.5"),
        (STABLE_DIFFUSION_XL, {"conditioner.embedders.0.model.text_projection": (1280, 1280)}, "the refiner"),
    ],
)
def test_kinds_that_need_more_than_a_prompt_are_refused_by_what_they_are(
    shapes: dict[Family, Any], family: Family, change: dict[str, tuple[int, ...]], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        families.of_file({**shapes[family], **change})


@pytest.mark.parametrize(
    ("part", "sentence"),
    [
        ("cond_stage_model.", "no text encoder"),
        ("first_stage_model.", "no VAE"),
        ("model.diffusion_model.middle_block.1.", "a cut-down Stable Diffusion 1"),
    ],
)
def test_a_part_of_a_model_is_no_model(shapes: dict[Family, Any], part: str, sentence: str) -> None:
    left = {name: shape for name, shape in shapes[STABLE_DIFFUSION_1].items() if not name.startswith(part)}
    with pytest.raises(ValueError, match=sentence):
        families.of_file(left)


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (["lora_unet_down_blocks_0.lora_down.weight"], r"a LoRA, not a model: it belongs into models/lora/"),
        (["unet.down_blocks.0.attn1.to_q.lora_A.weight"], "a LoRA"),
        (["control_model.time_embed.0.weight"], "a ControlNet"),
        (["decoder.conv_in.weight", "encoder.conv_in.weight"], "a VAE alone"),
        (["model.diffusion_model.joint_blocks.0.x_block.mlp.fc1.weight"], "a newer family"),
        (["double_blocks.0.img_attn.qkv.weight"], "a newer family"),
        (["emb_params"], "no UNet in CompVis' layout"),
        ([], "no UNet in CompVis' layout"),
    ],
)
def test_what_is_something_else_is_called_by_its_name(names: list[str], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        families.of_file(dict.fromkeys(names, (4, 4)))


# Folders


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    small.pipeline(STABLE_DIFFUSION_1).save_pretrained(tmp_path / "folder")
    return tmp_path / "folder"


def change_index(folder: Path, **changes: Any) -> None:
    index = folder / "model_index.json"
    index.write_text(json.dumps({**json.loads(index.read_text()), **changes}))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"_class_name": "FluxPipeline"}, "names FluxPipeline; here are StableDiffusionPipeline and StableDiff"),
        ({"_class_name": "StableDiffusionXLImg2ImgPipeline"}, "names StableDiffusionXLImg2ImgPipeline"),
        ({"_class_name": ["pipeline", "Own"]}, "names .*pipeline.*Own"),
        ({"_class_name": None}, "names no pipeline"),
        ({"unet": ["antigravity", "UNet2DConditionModel"]}, "its unet is .*antigravity"),
        ({"unet": ["own", "Own"]}, "its unet is"),
        ({"vae": ["diffusers", "UNet2DConditionModel"]}, "its vae is"),
        ({"tokenizer": "x"}, "its tokenizer is x, which is not known here"),
        ({"scheduler": ["diffusers", {"x": 1}]}, "its scheduler is"),
        ({"text_encoder": [None, None]}, "names no text_encoder"),
    ],
)
def test_a_folder_that_names_what_is_not_known_is_refused(folder: Path, changes: Any, sentence: str) -> None:
    change_index(folder, **changes)
    with pytest.raises(Unreadable, match=f"^odd cannot be loaded: .*{sentence}"):
        DiffusionEngine("cpu").load(Checkpoint("odd", folder))


@pytest.mark.parametrize("place", ["None.py", "unet/diffusers.py", "pipeline.py", "own.py"])
def test_code_in_a_folder_is_never_executed(folder: Path, tmp_path: Path, place: str) -> None:
    (folder / place).write_text(f"open({str(tmp_path / 'executed')!r}, 'w')")
    change_index(folder, image_encoder=["own", "Own"], more=["own", "Own"])
    try:
        DiffusionEngine("cpu").load(Checkpoint("odd", folder))
    except Unreadable as error:
        assert "custom code" in str(error)  # noqa: PT017  both are well
    assert not (tmp_path / "executed").exists()


def test_a_folder_s_family_is_that_of_its_size(folder: Path, tiny_model: Path) -> None:
    assert folders.family_of(tiny_model) is None
    unet = folder / "unet" / "config.json"
    for family in (STABLE_DIFFUSION_1, STABLE_DIFFUSION_2):
        unet.write_text(json.dumps({**json.loads(unet.read_text()), "cross_attention_dim": family.text_width}))
        assert folders.family_of(folder) is family
    assert folders.family_of(STABLE_DIFFUSION_XL.config) is STABLE_DIFFUSION_XL
