"""Put the trained parts together as a diffusers folder in fp16, with its defaults and its notice."""

# diffusers has no types: mypy takes its placeholders for a missing torch for the classes.
# mypy: allow-untyped-calls, disable-error-code=attr-defined

from __future__ import annotations

import copy
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from demo_model import network
from demo_model.diffusion import Learner

if TYPE_CHECKING:
    from diffusers import AutoencoderTiny, StableDiffusionPipeline
    from transformers import CLIPTokenizer

NOTICE = Path(__file__).parent / "LICENSE-fluent-emoji.txt"
MOST_BYTES = 25_000_000
DEFAULTS = {
    "name": "demo model",
    "steps": 20,
    "guidance_scale": 4.0,
    "sampler": "DPM++ 2M",
    "good_at": "A hundred things before colours and in places, at once and on any machine.",
}


def pipeline(learner: Learner, vae: AutoencoderTiny, tokenizer: CLIPTokenizer, size: int) -> StableDiffusionPipeline:
    """With the running average of the weights, which draws better than the weights themselves.

    Args:
        size: of its pictures, in px, where nobody says another.
    """
    from diffusers import DPMSolverMultistepScheduler, StableDiffusionPipeline

    text, unet = copy.deepcopy(learner.text), copy.deepcopy(learner.unet)
    with torch.no_grad():
        for copied, average in zip([*text.parameters(), *unet.parameters()], learner.averages, strict=True):
            copied.copy_(average)
    unet.register_to_config(sample_size=size // network.FACTOR)
    made: StableDiffusionPipeline = StableDiffusionPipeline(
        vae=copy.deepcopy(vae),
        text_encoder=text,
        tokenizer=tokenizer,
        unet=unet,
        scheduler=DPMSolverMultistepScheduler.from_config(
            network.noise_schedule().config,
            timestep_spacing="leading",  # as Stable Diffusion has it: DDIM and PLMS go wrong with this class's own
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    made.set_progress_bar_config(disable=True)
    made.to("cpu", torch.float32)
    return made


def write(made: StableDiffusionPipeline, folder: Path) -> None:
    """Replace the folder by the pipeline, in fp16."""
    half = folder.with_name(folder.name + ".half")
    shutil.rmtree(half, ignore_errors=True)
    copy.deepcopy(made).to(torch.float16).save_pretrained(half)
    forget_where_from(half)
    size = made.unet.config.sample_size * network.FACTOR
    defaults = {"width": size, "height": size, **DEFAULTS}
    (half / "playground.json").write_text(json.dumps(defaults, indent=2) + "\n", encoding="utf-8")
    shutil.copy(NOTICE, half)
    shutil.rmtree(folder, ignore_errors=True)
    half.rename(folder)


def forget_where_from(folder: Path) -> None:
    """Libraries note the folder of this machine that a part was loaded from."""
    for path in folder.glob("*/config.json"):
        config = json.loads(path.read_text(encoding="utf-8"))
        config.pop("_name_or_path", None)
        path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def size_of(folder: Path) -> int:
    """In bytes, of all its files."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
