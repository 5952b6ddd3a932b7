"""Measure a demo model, and draw its sheet of 48 prompts.

    python -m demo_model.evaluate [--model DIR] [--work DIR] [--out DIR] [--subjects FILE] [--few]

Prints the measures as JSON and writes them, with the sheet, into the out folder. --subjects names a file with the
names of those subjects that the model knows, one a line. --few makes it a fifth as long, for a look in between.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import nn

from demo_model import classifier, measures, packages
from demo_model.compose import Composer
from demo_model.data import WORK, load
from demo_model.sampling import Artist
from demo_model.sheets import sheet
from demo_model.subjects import SUBJECTS

MODEL = Path(__file__).parent / "model"
SHEET = """
a penguin on a pink background
a sunflower on grass
a rocket in the night sky
a red apple on a blue background
two cats on a blue background
blue backdrop, cat in front
a lion in the desert
an owl at night
a whale under water
a castle at sunset
a car in the city
a snowman in the snow
a sailboat on the beach
a robot and a balloon on a white background
a small frog in a meadow
a big strawberry
three stars on a black background
a pizza on a wooden table
a cup of coffee, brown background
a unicorn in front of a purple wall
a dinosaur in the desert
a bee and a rose
a ufo in outer space
a ghost in the moonlight
a teddy bear on an orange background
a guitar against a yellow backdrop
a green wall, panda in front
a red circle on a yellow background
a blue square on a white background
a photo of a tiger
kitten on a turquoise background
a puppy in the snow
two rockets in space
an elephant next to a mouse
a birthday cake on a red and yellow gradient
a turtle on the sand
a parrot in front of a cyan wall
a crown, high quality
a light bulb on a gray background
a bicycle in the street
a cactus in the desert
a house in winter
a dragon on a red background
an octopus at the bottom of the sea
a smiley
a diamond on a black background
a tree in a field
a gift, a balloon and a cake
""".strip().splitlines()


def measure(
    artist: Artist, folder: Path, pictures: list[Image.Image], judge: nn.Sequential, subjects: list[int], part: float
) -> dict[str, Any]:
    """All of it.

    Args:
        folder: the model's, which loading is measured with.
        pictures: of all subjects.
        judge: the classifier.
        subjects: which of them the model knows.
        part: of the full number of pictures.
    """
    fresh = Composer(pictures, seed=classifier.TEST_SEED)

    def many(full: int) -> int:
        return max(1, round(full * part))

    found: dict[str, Any] = {"date": time.strftime("%Y-%m-%d"), "model": str(folder), "subjects": len(subjects)}
    found["background as asked"] = measures.backgrounds(artist, subjects, many(200))
    found["subject recognised"], found["never recognised"] = measures.recognised(artist, judge, subjects, many(3))
    found["classifier on real pictures"] = round(classifier.accuracy(judge, pictures, many(2000)), 3)
    found["two counted"] = measures.counted(artist, subjects, many(100))
    found["two counted on real pictures"] = measures.counting_itself(fresh, many(200))
    found["negative prompt obeyed"] = measures.avoided(artist, subjects, many(50))
    found["image-to-image in order"] = measures.in_order(artist, fresh, many(100))
    found["frame, levels of 255"] = measures.framed(artist, subjects, many(60))
    found["frame on real pictures"] = measures.framed_itself(fresh, many(60))
    for threads in (1, 2):
        found[f"seconds a picture, threads {threads}"] = measures.seconds_each(artist, threads)
    found["seconds to load, first and best"] = measures.seconds_to_load(folder)
    return found


def known(path: Path | None) -> list[int]:
    """The places of the subjects that the file names; all without one."""
    if not path:
        return list(range(len(SUBJECTS)))
    names = {line.strip() for line in path.read_text(encoding="utf-8").splitlines()}
    return [place for place, subject in enumerate(SUBJECTS) if names & {*subject.names, *subject.keywords}]


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser("python -m demo_model.evaluate", description="Measure a demo model.")
    parser.add_argument(
        "--model", type=Path, default=MODEL, metavar="DIR", help="the diffusers folder (the shipped one)"
    )
    parser.add_argument("--work", type=Path, default=WORK, metavar="DIR", help=f"the work folder ({WORK})")
    parser.add_argument("--subjects", type=Path, metavar="FILE", help="what it knows, one name a line (all)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="for measured.json and sheet.png (the work folder)")
    parser.add_argument("--few", action="store_true", help="a fifth of the pictures")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    artist = Artist(options.model)
    try:
        emoji = load(options.work)
    except packages.WrongPackage as error:
        sys.exit(str(error))
    judge = classifier.load_or_learn(options.work / "classifier.pt", emoji)
    part = 0.2 if options.few else 1.0
    found = measure(artist, options.model, emoji, judge, known(options.subjects), part)
    text = json.dumps(found, indent=2)
    out: Path = options.out or options.work
    out.mkdir(parents=True, exist_ok=True)
    (out / "measured.json").write_text(text + "\n", encoding="utf-8")
    print(text)
    pictures = artist.draw(SHEET)
    sheet([picture.resize((128, 128)) for picture in pictures], 8).save(out / "sheet.png")


if __name__ == "__main__":
    main()
