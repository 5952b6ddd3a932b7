"""From the numbers of samples to what training takes: latents and token ids."""

# diffusers has no types: mypy takes its placeholders for a missing torch for the classes.
# mypy: allow-untyped-calls, disable-error-code=attr-defined

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL import Image

from demo_model.compose import Composer
from demo_model.parallel import Team

if TYPE_CHECKING:
    from diffusers import AutoencoderTiny
    from transformers import CLIPTokenizer

TOGETHER = 4  # pictures that are encoded at once: more need more memory, and are no faster


class Encoder:
    """Draws samples and encodes them.

    Args:
        vae: frozen: latents that were made before stay right.
    """

    def __init__(self, composer: Composer, vae: AutoencoderTiny, tokenizer: CLIPTokenizer, team: Team) -> None:
        self.composer, self.tokenizer, self.team = composer, tokenizer, team
        self.vae = vae.to(team.device, memory_format=torch.channels_last).eval().requires_grad_(False)

    def __call__(self, numbers: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
        samples = [self.composer.sample(number) for number in numbers]
        pictures = [sample.picture for sample in samples]
        parts = [self.latents(pictures[at : at + TOGETHER]) for at in range(0, len(pictures), TOGETHER)]
        return torch.cat(parts), token_ids(self.tokenizer, [sample.caption for sample in samples])

    @torch.no_grad()
    def latents(self, pictures: list[Image.Image]) -> torch.Tensor:
        with self.team.mixed():
            encoded: torch.Tensor = self.vae.encode(pixels(pictures).to(self.team.device)).latents
        return encoded.float().cpu()


def pixels(pictures: list[Image.Image]) -> torch.Tensor:
    """Of shape (pictures, 3, height, width), from -1 to 1."""
    stacked = torch.from_numpy(np.stack([np.asarray(picture) for picture in pictures]))
    scaled = stacked.permute(0, 3, 1, 2).float().div(127.5).sub(1)
    return scaled.contiguous(memory_format=torch.channels_last)


def token_ids(tokenizer: CLIPTokenizer, texts: list[str]) -> torch.Tensor:
    """Of shape (texts, LENGTH): padded, and cut off where they are too long."""
    encoded = tokenizer(texts, padding="max_length", truncation=True, return_tensors="pt")
    ids: torch.Tensor = encoded.input_ids
    return ids
