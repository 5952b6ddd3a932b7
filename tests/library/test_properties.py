"""The readers of strangers' files, and what takes whole folders over, with what hypothesis makes of their input.

tests/library/test_junk.py changes files that are sound; here the values themselves are anything that could be written.
"""

import io
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, strategies
from hypothesis import settings as of_hypothesis
from hypothesis.strategies import SearchStrategy
from pytest_django import Settings

from library import exif, importing, original, xmp
from library.models import Batch, Image
from library.search import Search
from tests.library.test_folder import a_file
from tests.library.test_importing import INDEX
from tests.library.test_junk import JSON, TEXTS, check

few = of_hypothesis(
    max_examples=60, derandomize=True, database=None, deadline=None, phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip

TEXT = strategies.text(max_size=60)
NUMBER = strategies.integers() | strategies.floats() | strategies.sampled_from(["7", "0x7", "1e999", "٣", " 5 ", "-0"])
VALUE = strategies.recursive(
    strategies.none() | strategies.booleans() | NUMBER | TEXT,
    lambda inner: strategies.lists(inner, max_size=4) | strategies.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)


def shaped(data: Any) -> SearchStrategy[Any]:
    """Like `data`: the same names, of which some are missing, with values that may be anything."""
    if isinstance(data, dict):
        inner = {str(name): shaped(value) | VALUE for name, value in data.items()}
        return strategies.fixed_dictionaries({}, optional=inner)
    if isinstance(data, list):
        return strategies.lists(strategies.one_of([shaped(value) for value in data] or [VALUE]), max_size=4)
    return strategies.just(data) | VALUE


def written(data: Any) -> str:
    """As JSON, which cannot have halves of surrogate pairs when it is written as UTF-8."""
    return json.dumps(data, ensure_ascii=True)


@pytest.mark.parametrize("kind", JSON)
def test_any_value_in_the_json_of_any_tool(kind: str) -> None:
    data, file = JSON[kind]

    @few
    @given(shaped(data))
    def read(changed: Any) -> None:
        check(file(written(changed)), changed)

    read()


@pytest.mark.parametrize("kind", ["a1111", "invokeai 1", "xmp"])
def test_any_text_in_the_grammar_of_any_tool(kind: str) -> None:
    example, file = TEXTS[kind]
    parts = strategies.sampled_from(
        [example, *example.split("\n"), *example.split(","), *example.split(":"), '"', "\\"]
    )

    @few
    @given(strategies.lists(parts | strategies.text('{}[]":,\\-\n\x00é雪09<>&;= ', max_size=20), max_size=12))
    def read(found: list[str]) -> None:
        check(file("".join(found)), found)

    read()


@pytest.mark.parametrize(
    "reader", [exif.texts, exif.user_comment, lambda data: xmp.user_comment(data.decode("latin-1"))]
)
def test_any_bytes_in_the_parts_of_a_file(reader: Callable[[bytes], Any]) -> None:
    starts = strategies.sampled_from(
        [b"", b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b"Exif\0\0II*\0", b"<exif:UserComment>"]
    )

    @few
    @given(starts, strategies.binary(max_size=400))
    def read(start: bytes, data: bytes) -> None:
        started = time.thread_time()
        list(reader(start + data))
        assert time.thread_time() - started < 1

    read()


def test_any_index_of_the_original() -> None:
    @few
    @given(shaped(INDEX))
    def read(changed: Any) -> None:
        group = original.group_of(written(changed).encode())
        assert group is None or all(Path(name).name == name and name not in (".", "..") for name in group.files)
        json.dumps(group.recipe if group else {}, allow_nan=False, ensure_ascii=False).encode()

    read()


@pytest.mark.django_db
def test_any_index_in_a_folder_that_is_taken_over(settings: Settings, tmp_path: Path) -> None:
    """Rows that the database can hold, and no file but those of the folder."""
    settings.PLAYGROUND_LIBRARY.mkdir()
    source = tmp_path / "outputs"
    a_file(source / "01.png")
    a_file(tmp_path / "secret.png", colour="blue")
    names = strategies.lists(strategies.sampled_from(["01.png", "../secret.png", str(tmp_path / "secret.png"), ""]))

    @few
    @given(shaped(INDEX), names)
    def take(changed: Any, files: list[str]) -> None:
        if isinstance(changed, dict):
            changed["generated_images"] = files
        (source / "index.json").write_text(written(changed))
        Batch.objects.all().delete()
        shutil.rmtree(settings.PLAYGROUND_LIBRARY / importing.IMPORTED, ignore_errors=True)
        outcome = importing.take_over(source, importing.look_through(source))
        assert (sum(outcome.tools.values()), outcome.unreadable) == (1, [])
        assert Image.objects.count() == 1
        assert not list(Path(settings.PLAYGROUND_LIBRARY).rglob("*secret*"))

    take()


def test_any_search() -> None:
    words = strategies.sampled_from(
        ["fox", "-", '"', "steps:", "by:", "after:", ">", "2023-01-01", ":", "OR", "*", "\0"]
    )

    @few
    @given(strategies.lists(words | TEXT, max_size=12))
    def search(found: list[str]) -> None:
        parsed = Search.parse("".join(found))
        assert str(Search.parse(str(parsed))) == str(parsed)

    search()


def test_the_bytes_of_a_file_are_read_within_a_second() -> None:
    @few
    @given(
        strategies.binary(max_size=2000), strategies.sampled_from([b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe1", b"RIFF"])
    )
    def read(data: bytes, start: bytes) -> None:
        assert not check(start + data, data)
        original.behind_the_end(io.BytesIO(data))

    read()
