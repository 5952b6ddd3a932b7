"""What the demo model is trained on."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from demo_model import captions, data, packages
from demo_model.captions import ON_COLOUR, ON_COLOUR_HELD_OUT, SCENES
from demo_model.colours import COLOURS, OTHER_NAMES, allowed, held_out
from demo_model.compose import SIZE, Composer, Sample
from demo_model.subjects import SUBJECTS, plural, with_article

DRAWN_DIGEST = "11791907c0d1844ff4b5800fcfa5727a01c015a81d3e6707f05314daf34970a2"


@pytest.fixture(scope="module")
def samples(small_composer: Composer) -> list[Sample]:
    return [small_composer.sample(number) for number in range(3000)]


def test_every_picture_and_caption_is_bit_for_bit_the_same_again(composer: Composer) -> None:
    assert data.digest(composer) == DRAWN_DIGEST


def test_a_sample_depends_on_its_number_alone(pictures: list[Image.Image]) -> None:
    in_a_row = [Composer(pictures).sample(number) for number in range(6)]
    alone = Composer(pictures).sample(5)
    assert alone.caption == in_a_row[5].caption
    assert np.array_equal(np.asarray(alone.picture), np.asarray(in_a_row[5].picture))
    assert len({one.caption for one in in_a_row}) == 6


def test_another_seed_gives_other_pictures(pictures: list[Image.Image]) -> None:
    assert Composer(pictures, seed=1).caption(0) != Composer(pictures, seed=2).caption(0)


def test_pictures_have_the_size_asked_for(composer: Composer, small_composer: Composer) -> None:
    assert composer.sample(0).picture.size == (SIZE, SIZE) == (128, 128)
    assert small_composer.sample(0).picture.size == (64, 64)


def test_held_out_pairs_never_appear(samples: list[Sample]) -> None:
    pairs = {(subject, one.background) for one in samples if one.background is not None for subject in one.subjects}
    assert len(pairs) > 500
    assert not [pair for pair in pairs if held_out(*pair)]


def test_held_out_pairs_do_not_hide_in_gradients(samples: list[Sample]) -> None:
    """Each colour of a gradient is one that may stand behind the subject."""
    names = re.compile("|".join([*COLOURS, *OTHER_NAMES.values()]))
    plain = {other: colour for colour, other in OTHER_NAMES.items()}
    gradients = [one for one in samples if " gradient" in one.caption and one.subjects]
    assert len(gradients) > 30
    for sample in gradients:
        found = names.findall(sample.caption[sample.caption.index(" on ") :])
        named = {COLOURS.index(plain.get(word, word)) for word in found}
        assert named <= set(allowed(sample.subjects)), sample.caption


def test_one_pair_in_ten_is_held_out_and_no_subject_or_colour_is_left_out_whole() -> None:
    pairs = [(subject, colour) for subject in range(len(SUBJECTS)) for colour in range(len(COLOURS))]
    out = [pair for pair in pairs if held_out(*pair)]
    assert len(out) / len(pairs) == pytest.approx(0.1, abs=0.01)
    assert max(Counter(subject for subject, _ in out).values()) <= 2
    assert max(Counter(colour for _, colour in out).values()) <= len(SUBJECTS) // 10 + 1


def test_held_out_wordings_never_appear(samples: list[Sample]) -> None:
    patterns = [
        re.compile(re.escape(one).replace(r"\{x\}", ".+").replace(r"\{c\}", r"\w+")) for one in ON_COLOUR_HELD_OUT
    ]
    for sample in samples:
        assert not [one.pattern for one in patterns if one.fullmatch(sample.caption)], sample.caption


def test_held_out_wordings_are_made_of_words_that_were_in_training() -> None:
    known = {word for wording in ON_COLOUR for word in re.findall(r"\w+", wording)}
    assert {word for wording in ON_COLOUR_HELD_OUT for word in re.findall(r"\w+", wording)} <= known


def test_captions_come_in_the_wordings_that_people_use(samples: list[Sample]) -> None:
    written = "\n".join(sample.caption for sample in samples)
    for pattern in (
        r"^a red apple",
        r"^two \w+ on a blue background",
        r"backdrop, .* in front$",
        r" in the night sky$",
        r"^a (small|little|tiny) ",
        r"\bkitten\b",
        r"^3 ",
        r" and (a|an) ",
        r"^(a|an) (red|blue|green) (circle|square|triangle)",
        r" gradient",
        r"\bgrey\b",
        r"^show me ",
    ):
        assert re.search(pattern, written, re.MULTILINE), pattern


def test_all_subjects_colours_and_scenes_appear(samples: list[Sample]) -> None:
    assert {subject for one in samples for subject in one.subjects} == set(range(len(SUBJECTS)))
    assert {one.background for one in samples} == {None, *range(len(COLOURS))}
    written = "\n".join(one.caption for one in samples)
    for wordings in SCENES.values():
        assert any(wording in written for wording in wordings)
    assert {len(one.subjects) for one in samples} == {0, 1, 2, 3}


def test_a_caption_names_what_is_pasted(samples: list[Sample]) -> None:
    for sample in samples:
        for subject in sample.subjects:
            names = SUBJECTS[subject].names + SUBJECTS[subject].keywords
            assert any(name in sample.caption or plural(name) in sample.caption for name in names), sample.caption


@pytest.mark.parametrize(
    ("name", "several"),
    [
        ("cat", "cats"),
        ("fox", "foxes"),
        ("butterfly", "butterflies"),
        ("monkey", "monkeys"),
        ("mouse", "mice"),
        ("fish", "fish"),
        ("cherry", "cherries"),
        ("slice of pizza", "slices of pizza"),
        ("teddy", "teddies"),
    ],
)
def test_plurals(name: str, several: str) -> None:
    assert plural(name) == several


@pytest.mark.parametrize(
    ("name", "written"),
    [("cat", "a cat"), ("owl", "an owl"), ("unicorn", "a unicorn"), ("umbrella", "an umbrella"), ("ufo", "a ufo")],
)
def test_articles(name: str, written: str) -> None:
    assert with_article(name) == written


def test_orange_has_its_article() -> None:
    assert captions.tidy("a cat on a orange background") == "a cat on an orange background"


def test_no_two_subjects_share_a_name() -> None:
    names = Counter(name for subject in SUBJECTS for name in {*subject.names, *subject.keywords})
    assert not [name for name, count in names.items() if count > 1]
    assert len(SUBJECTS) >= 100


def test_a_package_that_is_not_the_pinned_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / packages.PICTURES.archive).write_bytes(b"something else")
    with pytest.raises(packages.WrongPackage, match="SHA-512"):
        packages.fetch(packages.PICTURES, tmp_path)


def test_without_npm_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(packages.WrongPackage, match="Install npm"):
        packages.fetch(packages.PICTURES, tmp_path)


@pytest.mark.skipif(not shutil.which("npm"), reason="no npm to fetch the pictures with")
def test_the_command_fetches_the_pictures_and_draws_what_the_weights_have_seen(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "demo_model.data", "--work", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=110)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "bit for bit" in done.stdout
    assert Image.open(tmp_path / "data.png").size == (8 * 128, 6 * 128)
