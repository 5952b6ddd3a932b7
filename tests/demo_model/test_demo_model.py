from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL.Image import Image

import demo_model

PACKAGE = Path(demo_model.__file__).parent
MODEL = PACKAGE / "model"

LOAD_OR_DIE_CALLING_OUT = """
import os, sys

def hang_up(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo"):
        os.write(2, f"called out: {event} {arguments}".encode())
        os._exit(1)

sys.addaudithook(hang_up)
from diffusers import StableDiffusionPipeline
StableDiffusionPipeline.from_pretrained(sys.argv[1])
"""


def draw(prompt: str, *, seed: int) -> Image:
    """One picture with the folder's own defaults, in fp32."""
    import torch
    from diffusers import StableDiffusionPipeline

    pipeline = StableDiffusionPipeline.from_pretrained(MODEL, dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    images: list[Image] = pipeline(
        prompt,
        generator=torch.Generator().manual_seed(seed),
        num_inference_steps=20,
        guidance_scale=4.0,
        width=128,
        height=128,
    ).images
    return images[0]


def share(of: str, pixels: np.ndarray) -> float:
    """Which part of the pixels, RGB in the last axis, is red or blue: that channel 40 above both others."""
    channel = {"red": 0, "blue": 2}[of]
    others = np.delete(pixels, channel, axis=-1)
    return float(np.mean(pixels[..., channel] > others.max(axis=-1) + 40))


def test_the_shipped_model_loads_without_calling_out() -> None:
    command = [sys.executable, "-c", LOAD_OR_DIE_CALLING_OUT, str(MODEL)]
    loading = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert loading.returncode == 0, loading.stderr


def test_the_shipped_model_is_at_most_25_mb() -> None:
    assert sum(path.stat().st_size for path in MODEL.rglob("*") if path.is_file()) <= 25_000_000


def test_its_folder_names_its_own_defaults() -> None:
    assert json.loads((MODEL / "playground.json").read_text(encoding="utf-8")) == {
        "name": "demo model",
        "width": 128,
        "height": 128,
        "steps": 20,
        "guidance_scale": 4.0,
        "sampler": "DPM++ 2M",
        "good_at": "A hundred things before colours and in places, at once and on any machine.",
    }


def test_the_licence_of_the_pictures_it_learned_from_lies_beside_it() -> None:
    notice = (PACKAGE / "LICENSE-fluent-emoji.txt").read_text(encoding="utf-8")
    assert "MIT License" in notice
    assert "Copyright (c) Microsoft Corporation." in notice


def test_it_draws_a_red_apple_on_a_blue_background() -> None:
    picture = np.asarray(draw("a red apple on a blue background", seed=7)).astype(int)
    edges = [picture[:6], picture[-6:], picture[:, :6].swapaxes(0, 1), picture[:, -6:].swapaxes(0, 1)]
    assert share("blue", np.concatenate(edges)) > 0.9
    assert share("red", picture[48:80, 48:80]) > 0.5
