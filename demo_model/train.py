"""Make the demo model, or go on making it.

    python -m demo_model.train [--work DIR] [--processes N] [--device cpu|cuda] [--samples N] [--autoencoder DIR]

Three stages: the autoencoder; the text encoder and the UNet; the decoder once more. In the work folder: packages/
(see data.py), tokenizer/, vae/ (the autoencoder), pool-*/ (latents), checkpoint.pt, curve.jsonl, sheets/ and model/,
a diffusers folder that is written anew with every checkpoint. Stopped at any moment, it goes on from its last
checkpoint. With more --samples than last time it goes on, too.
"""

# diffusers has no types: mypy takes its placeholders for a missing torch for the classes.
# mypy: allow-untyped-calls, disable-error-code=attr-defined

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

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

SAMPLES = 1_500_000
SMALL = 200_000  # so many are of half the size, which is twice as fast, and teaches the words
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
    parser.add_argument("--batch", type=int, default=16, help="of each process, twice that at half the size (16)")
    parser.add_argument("--autoencoder", type=Path, metavar="DIR", help="take this one instead of training one")
    parser.add_argument("--polish", action="store_true", help="go on with the last stage, the decoder, now")
    options = parser.parse_args(arguments)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    torch.set_num_threads(1)
    try:
        prepare(options.work, options.autoencoder)
    except packages.WrongPackage as error:
        sys.exit(str(error))
    team = options.work, options.processes, options.device
    if options.polish:
        parallel.run(*team, polish, options.work, Composer(load(options.work)))
    else:
        parallel.run(*team, train, options.work, Plan(options.samples), options.batch)


def prepare(work: Path, given: Path | None) -> None:
    """Whatever comes before the autoencoder: the pictures, the tokenizer."""
    work.mkdir(parents=True, exist_ok=True)
    tokenizer.load_or_learn(work / "tokenizer", Composer(load(work), size=16))  # for the words, so small
    if given and not (work / "vae").exists():
        autoencoder.finish(Team(), autoencoder.load(given), Composer(load(work)), work / "vae")


def train(team: Team, work: Path, plan: Plan, batch: int) -> None:
    """All of it, in each of the processes: what is done already takes no time."""
    composer = Composer(load(work))
    if not (work / "vae").exists():
        autoencoder.train(team, network.autoencoder(), composer, work / "vae", autoencoder.BOTH)
    team.agree(0)  # the leading process has written it
    learn_to_draw(team, work, plan, batch, composer)
    polish(team, work, composer)


def learn_to_draw(team: Team, work: Path, plan: Plan, batch: int, composer: Composer) -> None:
    """The text encoder and the UNet, first at half the size."""
    from transformers import CLIPTokenizer

    torch.manual_seed(0)
    words, vae = CLIPTokenizer.from_pretrained(work / "tokenizer"), autoencoder.load(work / "vae")
    learner = Learner(plan, network.text_encoder(words), network.unet(SIZE), token_ids(words, [""]), team)
    diffusion.resume(learner, work)
    scale = float(vae.config.scaling_factor)
    for size, until in ((SIZE // 2, min(SMALL, plan.samples)), (SIZE, plan.samples)):
        encode = Encoder(Composer(composer.pictures, size=size), vae, words, team)
        shape = (network.LATENT_CHANNELS, size // network.FACTOR, size // network.FACTOR)
        pool = Pool(work / f"pool-{size}", shape, encode, team.rank, team.size)

        def report(size: int = size) -> None:
            made = export.pipeline(learner, vae, words, size)
            export.write(made, work / "model")
            write_sheet(made, work / "sheets", learner.samples)

        diffusion.train(learner, pool, until, batch * (SIZE // size), scale, work, report)


def polish(team: Team, work: Path, composer: Composer) -> None:
    """Only the decoder, on whole pictures and latents that are not quite right; then the model has it."""
    vae = autoencoder.load(work / "vae")
    autoencoder.train(team, vae, composer, work / "vae", autoencoder.DECODER)
    if team.leads:
        vae.half().save_pretrained(work / "model" / "vae")


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
    sheet([picture.resize((192, 192)) for picture in pictures], 8).save(path)


if __name__ == "__main__":
    main()
