"""What a request means where it leaves a setting out: the operator's word, else the model's own, else the usual."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings

from generation.engine import checkpoints
from generation.engine.loras import FOLDER
from generation.engine.samplers import SAMPLERS


def choice() -> checkpoints.Choice:
    """The models that would be tried now."""
    return checkpoints.choose(
        settings.PLAYGROUND_MODEL,
        settings.PLAYGROUND_MODELS,
        settings.PLAYGROUND_DEMO_MODEL,
        settings.PLAYGROUND_CACHE / "hub",
    )


def lora_folder() -> Path:
    """Where the LoRA files lie."""
    return Path(settings.PLAYGROUND_MODELS) / FOLDER


def values(named: Mapping[str, Any]) -> dict[str, Any]:
    """The defaults by their names in a Recipe.

    Args:
        named: what the model names for itself (`Checkpoint.defaults`).
    """
    width, height = settings.PLAYGROUND_SIZE or (named.get("width", 512), named.get("height", 512))
    sampler = named.get("sampler")
    return {
        "width": width,
        "height": height,
        "steps": settings.PLAYGROUND_STEPS or named.get("steps", 50),
        "guidance_scale": settings.PLAYGROUND_GUIDANCE_SCALE or named.get("guidance_scale", 7.5),
        "sampler": sampler if sampler in SAMPLERS else "PLMS",
        "downsampling_factor": settings.PLAYGROUND_DOWNSAMPLING_FACTOR,
    }
