"""The measures, on drawers of which it is known how well they draw; then all of them on a model."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from demo_model import classifier, evaluate, measures, tiny
from demo_model.captions import ON_COLOUR_HELD_OUT, tidy
from demo_model.colours import COLOURS, OTHER_NAMES, RGB, held_out
from demo_model.compose import Composer, Place, paste
from demo_model.sampling import Artist
from demo_model.subjects import SUBJECTS, with_article

ALL = range(len(SUBJECTS))
COLOUR = re.compile("|".join(COLOURS))


class Drawer:
    """Draws discs before what `background` makes of a prompt; paints over by mixing with another colour."""

    size = 64

    def __init__(self, background: Callable[[str, str], str], discs: int = 2, further: tuple[float, ...] = ()) -> None:
        self.background, self.discs = background, discs
        self.further = dict(zip((0.2, 0.5, 0.8), further, strict=False))
        self.prompts: list[str] = []

    def draw(self, prompts: list[str], seed: int = 0, unwanted: list[str] | None = None) -> list[Image.Image]:
        self.prompts += prompts
        return [self.one(*both) for both in zip(prompts, unwanted or [""] * len(prompts), strict=True)]

    def one(self, prompt: str, unwanted: str) -> Image.Image:
        picture = Image.new("RGB", (self.size, self.size), RGB[self.background(prompt, unwanted)])
        for number in range(self.discs):
            picture.paste((128, 255, 0), (6 + 30 * number, 20, 26 + 30 * number, 40))
        return picture

    def paint_over(self, source: Image.Image, prompt: str, strength: float, seed: int) -> Image.Image:
        return Image.blend(source, Image.new("RGB", source.size, (255, 0, 255)), self.further[strength])


def as_asked(prompt: str, unwanted: str) -> str:
    """The last colour of the prompt: subjects that have a colour in their name come before the background's."""
    return COLOUR.findall(prompt)[-1]


def obedient(prompt: str, unwanted: str) -> str:
    return "white" if "blue" in unwanted else "blue"


def stubborn(prompt: str, unwanted: str) -> str:
    return "blue"


def test_backgrounds_are_asked_for_in_held_out_pairs_and_wordings_only() -> None:
    drawer = Drawer(as_asked)
    assert measures.backgrounds(drawer, ALL, 200) > 0.97
    assert len(drawer.prompts) == 200
    held = [(subject, colour) for subject in ALL for colour in range(len(COLOURS)) if held_out(subject, colour)]
    possible = {
        tidy(wording.format(x=with_article(SUBJECTS[subject].name), c=COLOURS[colour]))
        for subject, colour in held
        for wording in ON_COLOUR_HELD_OUT
    }
    assert set(drawer.prompts) <= possible


def test_a_drawer_that_knows_one_colour_gets_a_twelfth_of_the_backgrounds() -> None:
    assert measures.backgrounds(Drawer(stubborn), ALL, 200) < 0.2


@pytest.mark.parametrize(("discs", "share"), [(1, 0), (2, 1), (3, 0)])
def test_two_things_are_counted(discs: int, share: float) -> None:
    narrow = Drawer(as_asked, discs)
    narrow.size = 96
    assert measures.counted(narrow, ALL, 20) == pytest.approx(share, abs=0.15)


def test_what_the_negative_prompt_names_must_go() -> None:
    assert measures.avoided(Drawer(obedient), ALL, 10) == 1
    assert measures.avoided(Drawer(stubborn), ALL, 10) == 0


def test_image_to_image_must_go_further_with_more_strength(small_composer: Composer) -> None:
    assert measures.in_order(Drawer(stubborn, further=(0.1, 0.5, 0.9)), small_composer, 8) == 1
    assert measures.in_order(Drawer(stubborn, further=(0.1, 0.9, 0.5)), small_composer, 8) == 0


def test_subjects_are_recognised_by_a_classifier_that_learned_them(pictures: list[Image.Image]) -> None:
    """Two emoji of which one is a disc and the other a bar, so that few pictures are enough."""
    shown = [Image.new("RGBA", (256, 256)) for _ in range(2)]
    shown[0].paste((255, 255, 255, 255), (0, 100, 256, 156))
    shown[1].paste((255, 255, 255, 255), (100, 0, 156, 256))
    stacked, subjects = classifier.single(Composer(shown, seed=1, size=64), 300)
    judge = classifier.learn(stacked, subjects)

    class Knows(Drawer):
        def one(self, prompt: str, unwanted: str) -> Image.Image:
            picture = Image.new("RGB", (64, 64), RGB["blue"])
            which = [subject.name for subject in SUBJECTS[:2]].index(prompt.split(" ")[1])
            paste(np.random.default_rng(0), picture, shown[which], Place(0.7, 0.5, 0.5), turn=False)
            return picture

    assert measures.recognised(Knows(stubborn), judge, [0, 1], 5) == (1.0, [])
    share, missed = measures.recognised(Drawer(stubborn, discs=0), judge, [0, 1], 5)
    assert share == 0.5
    assert len(missed) == 1


def test_counting_real_pictures_says_what_counting_can_do(small_composer: Composer) -> None:
    assert measures.counting_itself(small_composer, 20) > 0.8


def test_the_names_of_colours_do_not_hide_in_other_words() -> None:
    assert not set(OTHER_NAMES.values()) & set(COLOURS)


def test_every_measure_is_taken_of_a_model(tmp_path: Path, pictures: list[Image.Image]) -> None:
    folder = tmp_path / "tiny"
    tiny.build(folder)
    defaults = json.loads((folder / "playground.json").read_text())
    (folder / "playground.json").write_text(json.dumps(defaults | {"steps": 5}))  # so that a strength of 0.2 is a step
    torch.set_num_threads(1)
    judge = classifier.network().eval()
    found = evaluate.measure(Artist(folder), folder, pictures, judge, [0, 1, 2], part=0.03)
    json.dumps(found)
    assert found["subjects"] == 3
    shares = [name for name, value in found.items() if isinstance(value, float) and 0 <= value <= 1]
    assert {
        "background as asked",
        "subject recognised",
        "classifier on real pictures",
        "two counted",
        "two counted on real pictures",
        "negative prompt obeyed",
        "image-to-image in order",
    } <= set(shares)
    assert found["seconds a picture, threads 1"] > 0
    assert found["seconds to load, first and best"][0] >= found["seconds to load, first and best"][1] > 0


def test_known_subjects_are_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("red apple\nautomobile\nsomething else\n")
    assert [SUBJECTS[place].name for place in evaluate.known(tmp_path / "names.txt")] == ["apple", "car"]
    assert evaluate.known(None) == list(ALL)


def test_the_sheet_has_48_prompts() -> None:
    assert len(evaluate.SHEET) == len(set(evaluate.SHEET)) == 48
