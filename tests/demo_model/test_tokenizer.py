"""The demo model's own tokenizer: it must take whatever people write."""

from __future__ import annotations

import random
import sys
from typing import TYPE_CHECKING

import pytest

from demo_model import tokenizer
from demo_model.compose import Composer
from demo_model.subjects import SUBJECTS

if TYPE_CHECKING:
    from transformers import CLIPTokenizer

STRANGE = (
    "",
    " ",
    "\n\t\r",
    "\x00\x01\x7f",
    "Ein Fuchs im Schnee, très joli",
    "犬が雪の中にいる",
    "🦊🚀👩‍👩‍👧‍👦",
    "<|startoftext|> a cat <|endoftext|>",
    "xylophonist's anti-disestablishmentarianism 1234567890",
    "((((a:1.5)))) [b] {c} \\",
    "e\u0301\u0301\u0301\u200b\u202e",
    "a" * 10_000,
    "cat " * 500,
)


@pytest.fixture(scope="module")
def lines(small_composer: Composer) -> list[str]:
    return [small_composer.caption(number) for number in range(600)] + [one.name for one in SUBJECTS] * 3


@pytest.fixture(scope="module")
def learned(lines: list[str]) -> CLIPTokenizer:
    return tokenizer.learn(iter(lines))


def ids(learned: CLIPTokenizer, text: str) -> list[int]:
    return list(learned(text, padding="max_length", truncation=True).input_ids)


@pytest.mark.parametrize("text", STRANGE)
def test_it_takes_any_text_and_gives_77_tokens_of_its_own(learned: CLIPTokenizer, text: str) -> None:
    found = ids(learned, text)
    assert len(found) == 77
    assert set(found) <= set(range(len(learned)))
    assert found[0] == learned.bos_token_id
    assert found[-1] == learned.eos_token_id


def test_it_takes_what_chance_writes(learned: CLIPTokenizer) -> None:
    chance = random.Random(7)
    letters = [chr(code) for code in range(sys.maxunicode) if not 0xD800 <= code < 0xE000]
    for _ in range(300):
        text = "".join(chance.choices(letters, k=chance.randint(1, 60)))
        assert len(ids(learned, text)) == 77


def test_unknown_words_fall_into_pieces_that_spell_them(learned: CLIPTokenizer) -> None:
    pieces = learned.tokenize("a quixotic wombat")
    assert len(pieces) > 3
    assert learned.decode(learned.convert_tokens_to_ids(pieces)).strip() == "a quixotic wombat"


def test_what_it_was_taught_is_one_token(learned: CLIPTokenizer) -> None:
    assert learned.tokenize("a cat on a blue background") == [
        "a</w>",
        "cat</w>",
        "on</w>",
        "a</w>",
        "blue</w>",
        "background</w>",
    ]


def test_every_name_and_every_scene_is_among_what_it_learns_from(small_composer: Composer) -> None:
    lines = set(tokenizer.texts(small_composer))
    assert {name for subject in SUBJECTS for name in subject.names} <= lines
    assert "in the night sky" in lines
