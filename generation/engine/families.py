"""The families of Stable Diffusion, told apart by what a model is made of, never by what it is called."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CONFIGS = Path(__file__).parent / "configs"

Shapes = Mapping[str, tuple[int, ...]]
"""Name of a tensor -> its shape."""

UNET, VAE = "model.diffusion_model.", "first_stage_model."  # how a single file names its parts
CLIP, OPEN_CLIP = "cond_stage_model.transformer.", "cond_stage_model.model."
FIRST, SECOND = "conditioner.embedders.0.transformer.", "conditioner.embedders.1.model."
REFINER = "conditioner.embedders.0.model."

LATENTS = 4
"""Channels that a UNet takes which starts from nothing but noise."""


@dataclass(frozen=True)
class Family:
    """
    Attributes:
        text_width: of the embeddings that the UNet takes.
        unet_tensors: how many its UNet has.
        side: px of the pictures it learned from.
        encoders: the text encoders of a single file, by the beginning of their tensors' names.
        words: what it is good at.
        pipeline: its class in diffusers.
        folder: of its configuration, in configs/.
    """

    name: str
    text_width: int
    unet_tensors: int
    side: int
    encoders: tuple[str, ...]
    words: str
    folder: str
    pipeline: str = "StableDiffusionPipeline"

    @property
    def config(self) -> Path:
        """A diffusers folder without weights."""
        return CONFIGS / self.folder


STABLE_DIFFUSION_1 = Family(
    name="Stable Diffusion 1",
    text_width=768,
    unet_tensors=686,
    side=512,
    encoders=(CLIP,),
    words="Quick, and with the most variants for every style. Pictures of about 512 px.",
    folder="stable-diffusion-1",
)
STABLE_DIFFUSION_2 = Family(
    name="Stable Diffusion 2",
    text_width=1024,
    unet_tensors=686,
    side=512,
    encoders=(OPEN_CLIP,),
    words="Landscapes and plain photographs. It listens well to what should not be there.",
    folder="stable-diffusion-2",
)
STABLE_DIFFUSION_XL = Family(
    name="Stable Diffusion XL",
    text_width=2048,
    unet_tensors=1680,
    side=1024,
    encoders=(FIRST, SECOND),
    words="The finest details and the best understanding of prompts, at about 1024 px. Slower, and hungry for memory.",
    folder="stable-diffusion-xl",
    pipeline="StableDiffusionXLPipeline",
)
FAMILIES = (STABLE_DIFFUSION_1, STABLE_DIFFUSION_2, STABLE_DIFFUSION_XL)

PIPELINES: Mapping[str, Mapping[str, Any]] = {
    "StableDiffusionPipeline": {"safety_checker": None, "requires_safety_checker": False},
    "StableDiffusionXLPipeline": {"add_watermarker": False},
}
"""diffusers' classes that are used here, and what each is told to do without."""

LARGER_SIDE = 768
"""px that the Stable Diffusion 2 models with v-prediction learned from."""


def of_file(shapes: Shapes) -> Family:
    """The family of a single file in CompVis' layout.

    Raises:
        ValueError: it is of none, or of a kind that cannot be used here; the text says which.
    """
    if other := _other_kind(shapes):
        raise ValueError(other)
    family = next((one for one in FAMILIES if all(_has(shapes, part) for part in one.encoders)), None)
    if family is None:
        raise ValueError("it has a UNet, but no text encoder: that is only a part of a model.")
    if not _has(shapes, VAE):
        raise ValueError("it has no VAE: that is only a part of a model.")
    tensors = sum(name.startswith(UNET) for name in shapes)
    if tensors < family.unet_tensors:
        raise ValueError(f"it is a cut-down {family.name}, which cannot be read here.")
    return family


def predicts(family: Family, name: str) -> str:
    """What a single file's UNet predicts, where nobody says it: of Stable Diffusion 2 both kinds are around.

    Args:
        name: the file's; those that learned from 768 px, and only those, say so in it.
    """
    is_larger = family is STABLE_DIFFUSION_2 and re.search(rf"(?<!\d){LARGER_SIDE}(?!\d)", name)
    return "v_prediction" if is_larger else "epsilon"


def of_width(text_width: int | None) -> Family | None:
    return next((family for family in FAMILIES if family.text_width == text_width), None)


def text_width(shapes: Shapes) -> int | None:
    """Of the embeddings that a single file's UNet takes."""
    found = (shape for name, shape in shapes.items() if name.startswith(UNET) and name.endswith(".attn2.to_k.weight"))
    return next((shape[1] for shape in found), None)


def _other_kind(shapes: Shapes) -> str:
    """What the file is instead of a model that can be used here; empty for one that may be."""
    first = shapes.get(f"{UNET}input_blocks.0.0.weight")
    if first is None:
        return _without_a_unet(shapes)
    if _has(shapes, REFINER):
        return "it is the refiner of Stable Diffusion XL, which only goes over what the base model has made."
    if "edm_mean" in shapes:
        return "it is Playground v2.5, whose way of sampling is not here."
    if first[1] != LATENTS:
        kinds = {9: "inpainting", 8: "editing by instruction", 5: "depth", 7: "enlarging"}
        return f"it is a model for {kinds.get(first[1], 'another purpose')}, which needs more than a prompt."
    if _has(shapes, OPEN_CLIP) and _has(shapes, f"{UNET}label_emb."):
        return "it is an unCLIP model, which needs a picture besides the prompt."
    return ""


def _without_a_unet(shapes: Shapes) -> str:
    if any(name.startswith(("lora_", "base_model.model.")) or ".lora_" in name for name in shapes):
        return "it is a LoRA, not a model: it belongs into models/lora/."
    if any(name.startswith(("control_model.", "controlnet_")) for name in shapes):
        return "it is a ControlNet, not a model."
    if any(name.startswith(("decoder.", "encoder.", VAE)) for name in shapes):
        return "it is a VAE alone: that is only a part of a model."
    if any("joint_blocks." in name or "double_blocks." in name for name in shapes):
        return "it is of a newer family than the ones known here: Stable Diffusion 1, 2 and XL."
    return "it has no UNet in CompVis' layout, so it is no Stable Diffusion 1, 2 or XL."


def _has(shapes: Shapes, beginning: str) -> bool:
    return any(name.startswith(beginning) for name in shapes)
