"""Make the demo model, or go on making it.

    python -m demo_model.train [--work DIR] [--processes N] [--device cpu|cuda] [--samples N] [--size PX] [--start DIR]

Three stages: the autoencoder; the text encoder and the UNet; the decoder once more. In the work folder: packages/
(see data.py), tokenizer/, vae/ (the autoencoder), pool/ (latents), checkpoint.pt, curve.jsonl, sheets/ and model/,
a diffusers folder that is written anew with every checkpoint. Stopped at any moment, it goes on from its last
checkpoint. With more --samples than last time it goes on, too.
"""

# diffusers has no types: mypy takes its placeholders for a missing torch for the classes.
# mypy: allow-untyped-calls, disable-error-code=attr-defined

from __future__ import annotations

import argparse
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from PIL import Image

from demo_model import autoencoder, diffusion, export, network, packages, parallel, tokenizer
from demo_model.compose import SIZE, Composer
from demo_model.data import WORK, load
from demo_model.diffusion import Learner, Plan
from demo_model.drawing import Encoder, token_ids
from demo_model.parallel import Team
from demo_model.pool import Pool
from demo_model.sampling import seeded
from demo_model.sheets import sheet

if TYPE_CHECKING:
    from diffusers import UNet2DConditionModel
    from transformers import CLIPTextModel, CLIPTokenizer

SAMPLES = 1_000_000
SHEET_EVERY = 50_000  # samples
SHEET = (
    "a red apple on a blue background",
    "a cat on a yellow background",
    "a rocket in space",
    "a fox in the snow",
    "two bananas on a black background",
    "a robot and a balloon on a white background",
    "a castle at night",
    "green backdrop, penguin in front",
    "a red circle on a yellow background",
    "a house in a meadow",
    "a car at the beach",
    "a unicorn",
    "three stars on a purple background",
    "a pizza on an orange background",
    "an elephant in the desert",
    "a guitar at sunset",
)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser("python -m demo_model.train", description="Make the demo model, or go on.")
    parser.add_argument("--work", type=Path, default=WORK, metavar="DIR", help=f"the work folder ({WORK})")
    parser.add_argument("--processes", type=int, default=2, help="one per core of a CPU (2), one for a GPU")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--samples", type=int, default=SAMPLES, help=f"for the UNet to see, in all ({SAMPLES:,})")
    parser.add_argument("--batch", type=int, default=32, help="of each process (32)")
    parser.add_argument("--size", type=int, default=SIZE, choices=network.CHANNELS, help=f"of the pictures ({SIZE})")
    parser.add_argument("--start", type=Path, metavar="DIR", help="begin with the weights of this model")
    parser.add_argument("--polish", action="store_true", help="go on with the last stage, the decoder, now")
    options = parser.parse_args(arguments)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    torch.set_num_threads(1)
    try:
        composer = Composer(load(options.work), size=options.size)
    except packages.WrongPackage as error:
        sys.exit(str(error))
    prepare(options.work, composer, options.start)
    team = options.work, options.processes, options.device
    if options.polish:
        parallel.run(*team, polish, options.work, composer)
    else:
        parallel.run(*team, train, options.work, composer, Plan(options.samples), options.batch, options.start)


def prepare(work: Path, composer: Composer, start: Path | None) -> None:
    """Whatever comes before training: the tokenizer, and the autoencoder if there is one to begin with."""
    if start and not (work / "tokenizer").exists():
        shutil.copytree(start / "tokenizer", work / "tokenizer")
    tokenizer.load_or_learn(work / "tokenizer", replace(composer, size=16))  # for the words, so small
    if start and not (work / "vae").exists():
        autoencoder.finish(Team(), autoencoder.load(start / "vae"), composer, work / "vae")


def train(team: Team, work: Path, composer: Composer, plan: Plan, batch: int, start: Path | None) -> None:
    """All of it, in each of the processes: what is done already takes no time."""
    if not (work / "vae").exists():
        autoencoder.train(team, network.autoencoder(), composer, work / "vae", autoencoder.BOTH)
    team.agree(0)  # the leading process has written it
    learn_to_draw(team, work, composer, plan, batch, start)
    polish(team, work, composer)


def learn_to_draw(team: Team, work: Path, composer: Composer, plan: Plan, batch: int, start: Path | None) -> None:
    """The text encoder and the UNet."""
    from transformers import CLIPTokenizer

    torch.manual_seed(0)
    words, vae = CLIPTokenizer.from_pretrained(work / "tokenizer"), autoencoder.load(work / "vae")
    learner = Learner(plan, *networks(words, composer.size, start), token_ids(words, [""]), team)
    diffusion.resume(learner, work)
    side = composer.size // network.FACTOR
    encode = Encoder(composer, vae, words, team)
    pool = Pool(work / "pool", (network.LATENT_CHANNELS, side, side), encode, team.rank, team.size)

    def report() -> None:
        made = export.pipeline(learner, vae, words, composer.size)
        export.write(made, work / "model")
        write_sheet(made, work / "sheets", learner.samples)

    diffusion.train(learner, pool, plan.samples, batch, float(vae.config.scaling_factor), work, report)


def networks(words: CLIPTokenizer, size: int, start: Path | None) -> tuple[CLIPTextModel, UNet2DConditionModel]:
    """New ones, or those of the model to begin with."""
    from diffusers import UNet2DConditionModel
    from transformers import CLIPTextModel

    if not start:
        return network.text_encoder(words), network.unet(size, network.CHANNELS[size])
    text: CLIPTextModel = CLIPTextModel.from_pretrained(start / "text_encoder", dtype=torch.float32)
    unet: UNet2DConditionModel = UNet2DConditionModel.from_pretrained(start / "unet", torch_dtype=torch.float32)
    return text, unet


def polish(team: Team, work: Path, composer: Composer) -> None:
    """Only the decoder, on whole pictures and latents that are not quite right; then the model has it."""
    vae = autoencoder.load(work / "vae")
    autoencoder.train(team, vae, composer, work / "vae", autoencoder.DECODER)
    if team.leads:
        vae.half().save_pretrained(work / "model" / "vae")
        export.forget_where_from(work / "model")


def write_sheet(made: Any, folder: Path, samples: int) -> None:
    """The same prompts and seeds each time; once for every SHEET_EVERY samples."""
    path = folder / f"{samples // SHEET_EVERY * SHEET_EVERY:07}.png"
    if path.exists():
        return
    folder.mkdir(exist_ok=True)
    pictures: list[Image.Image] = []
    for at in range(0, len(SHEET), 4):
        prompts = list(SHEET[at : at + 4])
        with torch.autocast("cpu", dtype=torch.bfloat16):
            seeds = seeded(at, len(prompts))
            pictures += made(prompts, num_inference_steps=20, guidance_scale=4, generator=seeds).images
    sheet([picture.resize((128, 128)) for picture in pictures], 8).save(path)


if __name__ == "__main__":
    main()
