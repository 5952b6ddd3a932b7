"""Train the autoencoder: pictures to latents of an eighth of their size, and back.

First both halves. Later, when latents have been made, only the decoder: it may still get better, and the latents
stay right.
"""

# diffusers has no types: mypy takes its placeholders for a missing torch for the classes.
# mypy: allow-untyped-calls, disable-error-code=attr-defined

from __future__ import annotations

import json
import math
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

from demo_model.compose import Composer
from demo_model.drawing import Encoder, pixels
from demo_model.parallel import Team

if TYPE_CHECKING:
    from diffusers import AutoencoderTiny
    from PIL import Image

WARM_UP = 100  # steps
MEASURED = 256  # pictures, for the scale of the latents


@dataclass(frozen=True)
class Plan:
    steps: int
    batch: int  # of each process
    crop: int  # px; 0 for whole pictures
    rate: float
    noise: float = 0.06  # added to the latents, because the UNet's are never quite right
    decoder_only: bool = False


BOTH = Plan(steps=6000, batch=8, crop=96, rate=7e-4)
DECODER = Plan(steps=2000, batch=4, crop=0, rate=3e-4, decoder_only=True)


def load(folder: Path) -> AutoencoderTiny:
    from diffusers import AutoencoderTiny

    vae: AutoencoderTiny = AutoencoderTiny.from_pretrained(folder)
    return vae


def train(team: Team, vae: AutoencoderTiny, composer: Composer, folder: Path, plan: Plan) -> None:
    """Go on from the last checkpoint, or from the weights that `vae` has, and write the result into `folder`."""
    vae.to(team.device, memory_format=torch.channels_last).requires_grad_(True)
    vae.encoder.requires_grad_(not plan.decoder_only)
    learned = [one for one in vae.parameters() if one.requires_grad]
    averages = [one.detach().clone() for one in learned]
    optimiser = torch.optim.AdamW(learned, plan.rate, betas=(0.9, 0.99), weight_decay=1e-4)
    checkpoint = folder.with_name(folder.name + ("-decoder.pt" if plan.decoder_only else ".pt"))
    step = restore(checkpoint, learned, averages, optimiser)
    saved, errors = time.monotonic(), []
    for now in range(step, plan.steps):
        for group in optimiser.param_groups:
            group["lr"] = plan.rate * pace(now, plan.steps)
        pictures = pixels(drawn(composer, now * team.size + team.rank, plan)).to(team.device)
        loss, error = losses(vae, pictures, plan, team, torch.Generator().manual_seed(now * team.size + team.rank))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        optimiser.step()
        if team.meets(now + 1):
            team.average(learned)
        errors.append(error)
        with torch.no_grad():
            sluggishness = min(0.998, (1 + now) / (10 + now))
            torch._foreach_lerp_(averages, [one.detach() for one in learned], 1 - sluggishness)
        if team.leads and now % 50 == 49:
            note(folder, now + 1, float(torch.stack(errors).mean()))
            errors = []
        if team.leads and (time.monotonic() - saved > 240 or now + 1 == plan.steps):
            saved = time.monotonic()
            state = {"step": now + 1, "learned": learned, "averages": averages, "optimiser": optimiser.state_dict()}
            torch.save(state, checkpoint.with_suffix(".half"))
            checkpoint.with_suffix(".half").replace(checkpoint)
    with torch.no_grad():
        for one, average in zip(learned, averages, strict=True):
            one.copy_(average)
    finish(team, vae, composer, folder)


def restore(
    checkpoint: Path, learned: list[torch.nn.Parameter], averages: list[torch.Tensor], optimiser: torch.optim.Optimizer
) -> int:
    """Put the checkpoint's numbers in place, if there is one; gives the number of steps made."""
    if not checkpoint.exists():
        return 0
    state = torch.load(checkpoint, weights_only=True)
    with torch.no_grad():
        for one, saved in zip([*learned, *averages], [*state["learned"], *state["averages"]], strict=True):
            one.copy_(saved)
    optimiser.load_state_dict(state["optimiser"])
    return int(state["step"])


def finish(team: Team, vae: AutoencoderTiny, composer: Composer, folder: Path) -> None:
    """Write the autoencoder with the scale of its latents, which a frozen encoder keeps."""
    if not team.leads:
        return
    from transformers import CLIPTokenizer

    measure = Encoder(composer, vae, CLIPTokenizer.from_pretrained(folder.with_name("tokenizer")), team)
    pictures = [composer.sample(number).picture for number in range(MEASURED)]
    parts = [measure.latents(pictures[at : at + 32]) for at in range(0, MEASURED, 32)]
    vae.register_to_config(scaling_factor=round(1 / float(torch.cat(parts).std()), 4))
    half = folder.with_suffix(".half")
    vae.to(torch.float32).save_pretrained(half)
    shutil.rmtree(folder, ignore_errors=True)
    half.rename(folder)


def pace(step: int, steps: int) -> float:
    """The learning rate's share: warm-up, then half a cosine down."""
    return min(1.0, (step + 1) / WARM_UP) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / steps)))


def drawn(composer: Composer, turn: int, plan: Plan) -> list[Image.Image]:
    """New pictures for each turn, each cropped at another place; the crop's edges count like a picture's."""
    chance = np.random.default_rng(turn)
    pictures = [composer.sample(turn * plan.batch + place).picture for place in range(plan.batch)]
    side = plan.crop or composer.size
    corners = chance.integers(0, composer.size - side + 1, (plan.batch, 2))
    boxes = [(int(x), int(y), int(x) + side, int(y) + side) for x, y in corners]
    return [picture.crop(box) for picture, box in zip(pictures, boxes, strict=True)]


def losses(
    vae: AutoencoderTiny, pictures: torch.Tensor, plan: Plan, team: Team, chance: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """What is minimised, and the mean squared error, of colours from 0 to 1."""
    with team.mixed():
        latents = vae.encode(pictures).latents.float()
        noise = torch.randn(latents.shape, generator=chance).to(team.device)
        back = vae.decode(latents + plan.noise * noise).sample.float()
    difference = (back - pictures) / 2
    fine = difference - functional.avg_pool2d(difference, 3, 1, 1, count_include_pad=False)
    coarse = functional.avg_pool2d(difference, 4)
    loss = difference.abs().mean() + fine.abs().mean() + 0.5 * coarse.abs().mean()
    if not plan.decoder_only:  # latents with mean 0 and deviation 1 suit the noise that is added to them later
        loss = loss + 0.02 * (latents.mean((0, 2, 3)).pow(2).mean() + (latents.std((0, 2, 3)) - 1).pow(2).mean())
    return loss, difference.detach().pow(2).mean()


def note(folder: Path, step: int, error: float) -> None:
    line = {"step": step, "psnr": round(-10 * math.log10(error), 2), "clock": time.strftime("%H:%M:%S", time.gmtime())}
    with folder.with_name(folder.name + ".jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
