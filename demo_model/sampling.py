"""Pictures from a model's folder, by its own defaults."""

# diffusers has no types: mypy takes its placeholders for a missing torch for the classes.
# mypy: allow-untyped-calls, disable-error-code=attr-defined

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import torch
from PIL import Image

TOGETHER = 4  # pictures that are drawn at once; more are not faster on a CPU


class Artist:
    """A loaded model that draws in fp32, as the site does on a CPU."""

    def __init__(self, folder: Path) -> None:
        os.environ["HF_HUB_OFFLINE"] = "1"
        from diffusers import StableDiffusionImg2ImgPipeline, StableDiffusionPipeline

        self.defaults: dict[str, Any] = json.loads((folder / "playground.json").read_text(encoding="utf-8"))
        self.pipeline: Any = StableDiffusionPipeline.from_pretrained(folder, dtype=torch.float32)
        self.painter: Any = StableDiffusionImg2ImgPipeline(**self.pipeline.components, requires_safety_checker=False)
        self.pipeline.set_progress_bar_config(disable=True)
        self.painter.set_progress_bar_config(disable=True)

    @property
    def size(self) -> int:
        return int(self.defaults["width"])

    def draw(self, prompts: list[str], seed: int = 0, unwanted: list[str] | None = None) -> list[Image.Image]:
        """One picture for each prompt, with seeds from `seed` on."""
        pictures: list[Image.Image] = []
        for at in range(0, len(prompts), TOGETHER):
            some = prompts[at : at + TOGETHER]
            pictures += self.pipeline(
                some,
                negative_prompt=unwanted[at : at + TOGETHER] if unwanted else None,
                generator=seeded(seed + at, len(some)),
                num_inference_steps=self.defaults["steps"],
                guidance_scale=self.defaults["guidance_scale"],
                width=self.size,
                height=self.size,
            ).images
        return pictures

    def paint_over(self, source: Image.Image, prompt: str, strength: float, seed: int) -> Image.Image:
        """Image-to-image."""
        pictures: list[Image.Image] = self.painter(
            prompt,
            image=source.resize((self.size, self.size)),
            strength=strength,
            generator=seeded(seed, 1),
            num_inference_steps=self.defaults["steps"],
            guidance_scale=self.defaults["guidance_scale"],
        ).images
        return pictures[0]


def seeded(first: int, count: int) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed) for seed in range(first, first + count)]
