"""Tiny models for the safety catch: real ones of diffusers, at random weights, told what to flag."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

THRESHOLDS = {"everything": -2.0, "nothing": 2.0}
"""Of a cosine, from which on a picture is flagged."""


def build(folder: Path, flags: str | float) -> Path:
    """Write such a model, 1.2 MB.

    Args:
        flags: a key of THRESHOLDS, or a threshold.
    """
    import torch
    from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
    from transformers import CLIPConfig, CLIPImageProcessor

    small = {"hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 1}
    vision = {**small, "image_size": 224, "patch_size": 112}
    text = {**small, "vocab_size": 8, "bos_token_id": 0, "eos_token_id": 1}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        checker: Any = StableDiffusionSafetyChecker(
            CLIPConfig(projection_dim=8, text_config=text, vision_config=vision)
        )
        checker.concept_embeds.data[:] = torch.randn(8)
    checker.concept_embeds_weights.data.fill_(THRESHOLDS.get(str(flags), flags))
    checker.special_care_embeds_weights.data.fill_(THRESHOLDS["nothing"])
    checker.save_pretrained(folder)
    CLIPImageProcessor().save_pretrained(folder)
    return folder


def rewrite(folder: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Change the tensors in the model's file."""
    from safetensors.torch import load_file, save_file

    file = folder / "model.safetensors"
    save_file(change(load_file(file)), file, metadata={"format": "pt"})


OLD_PROCESSOR = {
    "crop_size": 224, "do_center_crop": True, "do_convert_rgb": True, "do_normalize": True, "do_resize": True,
    "feature_extractor_type": "CLIPFeatureExtractor", "image_mean": [0.48145466, 0.4578275, 0.40821073],
    "image_std": [0.26862954, 0.26130258, 0.27577711], "resample": 3, "size": 224,
}  # fmt: skip


def make_old(folder: Path) -> None:
    """The model as it has lain on the hub since 2022: other names of tensors, a processor that says less."""
    rewrite(folder, lambda tensors: {_old(name): tensor for name, tensor in tensors.items()})
    (folder / "preprocessor_config.json").write_text(json.dumps(OLD_PROCESSOR))


def _old(name: str) -> str:
    return f"vision_model.{name}" if name.startswith("vision_model.") else name


def likenesses(folder: Path, pictures: list[Image.Image]) -> list[float]:
    """The cosine of each picture, which the threshold is held against; asked of the model without our code."""
    import torch
    from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker, cosine_distance
    from transformers import CLIPImageProcessor

    checker: Any = StableDiffusionSafetyChecker.from_pretrained(folder)
    pixels = CLIPImageProcessor.from_pretrained(folder)(pictures, return_tensors="pt").pixel_values
    with torch.no_grad():
        seen = checker.visual_projection(checker.vision_model(pixels)[1])
        return [float(row[0]) for row in cosine_distance(seen, checker.concept_embeds)]
