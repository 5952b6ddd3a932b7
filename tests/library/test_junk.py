"""Every reader over what chance makes of files that it can read: settings or a sentence, within a second."""

import copy
import html
import io
import json
import random
import time
from collections.abc import Callable
from typing import Any

import pytest

from library import png
from library.settings_of import NAMES, Found, NoSettings, found_in
from tests.library import test_comfyui, test_dialects, test_invokeai, test_original
from tests.library.files import XMP, a_file, comment, exif, with_exif
from tests.library.test_infotext import EXAMPLE
from tests.library.test_png import RECIPE, a_picture
from tests.library.test_settings_of import a_png

LONGEST = 1.0  # s
JSON: dict[str, tuple[dict[str, Any], Callable[[str], bytes]]] = {
    "swarmui": (test_dialects.SWARM, lambda text: a_png(parameters=text)),
    "swarmui in a jpeg": (test_dialects.SWARM, lambda text: with_exif("JPEG", exif(comment(text)))),
    "invokeai": (test_invokeai.INVOKE, lambda text: a_png(invokeai_metadata=text)),
    "invokeai 2": (test_invokeai.SECOND, lambda text: a_png(**{"sd-metadata": text})),
    "fooocus": (test_dialects.FOOOCUS, lambda text: a_png(parameters=text, fooocus_scheme="fooocus")),
    "a comment": (test_dialects.FOOOCUS, lambda text: a_file("JPEG", comment=text)),
    "easy diffusion": (test_dialects.EASY, lambda text: with_exif("WEBP", exif(comment(text)))),
    "novelai": (test_dialects.NOVELAI, lambda text: a_png(Software="NovelAI", Description="a fox", Comment=text)),
    "draw things": (test_dialects.DRAW, lambda text: a_file("WEBP", xmp=XMP.format(html.escape(text)).encode())),
    "comfyui": (test_comfyui.GRAPH, lambda text: a_png(prompt=text)),
    "comfyui in parts": (test_comfyui.FLUX, lambda text: with_exif("WEBP", exif(Model=f"prompt:{text}"))),
    "the original": (
        test_original.INDEX,
        lambda text: a_file("PNG") + test_original.START + text.encode() + test_original.END,
    ),
    "our own": ({"recipe": RECIPE, "seed": 1}, lambda text: a_png(**{png.CHUNK: text})),
}
TEXTS: dict[str, tuple[str, Callable[[str], bytes]]] = {
    "a1111": (EXAMPLE, lambda text: a_png(parameters=text)),
    "a1111 in a jpeg": (EXAMPLE, lambda text: with_exif("JPEG", exif(comment(text, "utf-16-le"), "<"))),
    "invokeai 1": (test_invokeai.DREAM, lambda text: a_png(Dream=text)),
    "xmp": (XMP.format("{&quot;c&quot;:1}"), lambda text: a_file("JPEG", xmp=text.encode())),
    **{kind: (json.dumps(data), file) for kind, (data, file) in JSON.items()},
}
FILES = [file(text) for text, file in TEXTS.values()] + [
    png.encode(a_picture(), RECIPE, seed=42).data,
    test_original.with_metadata(a_file("JPEG")),
]
VALUES: list[Any] = [
    *(None, True, False, 0, -1, 10**19, 10**300, 1e308, float("nan"), float("inf"), "", "None", "NaN", "\ud800\0"),
    *([], {}, [[]], ["1", 0], ["3", 0], [None, None], {"name": []}, "9" * 5000, "x" * 5000, "512x512", "(1, 2, 3)"),
]


def check(data: bytes, case: object) -> bool:
    """Whether there are settings. That they are sound, and soon there, is asserted."""
    started = time.perf_counter()
    answer: Found | NoSettings
    try:
        answer = found_in(io.BytesIO(data), "fox.png")
    except NoSettings as refused:
        answer = refused
    assert time.perf_counter() - started < LONGEST, case
    if isinstance(answer, NoSettings):
        assert str(answer).startswith(("fox.png ", "There are no settings in fox.png")), case
    else:
        assert answer.settings.keys() <= set(NAMES), case
        assert all(type(value) in (str, int, float) for value in answer.settings.values()), (case, answer)
        json.dumps([answer.settings, answer.tool], allow_nan=False, ensure_ascii=False).encode()
    return isinstance(answer, Found)


def places(data: Any) -> list[tuple[Any, Any]]:
    """(holder, key) of everything in it."""
    keys = list(data) if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else []
    return [place for key in keys for place in [(data, key), *places(data[key])]]


@pytest.mark.parametrize("kind", JSON)
def test_other_values_in_the_json(kind: str) -> None:
    dice, (data, file) = random.Random(kind), JSON[kind]
    seen = set()
    for turn in range(200):
        changed = copy.deepcopy(data)
        for _ in range(dice.randint(1, 5)):
            holder, key = dice.choice(places(changed) or [({"": 0}, "")])
            holder[key] = copy.deepcopy(dice.choice([*VALUES, data]))
            if dice.random() < 0.2:
                del holder[key]
        text = json.dumps(changed, ensure_ascii=dice.random() < 0.5).encode("utf-8", "replace").decode()
        seen.add(check(file(text), (kind, turn)))
    assert True in seen


@pytest.mark.parametrize("kind", TEXTS)
def test_other_letters_in_the_text(kind: str) -> None:
    dice, (text, file) = random.Random(kind), TEXTS[kind]
    letters = '{}[]":,\\-_ \n\x00é雪0987654321<>&#;=abAS'
    for turn in range(150):
        changed = text
        for _ in range(dice.randint(1, 10)):
            place, length = dice.randrange(len(changed) + 1), dice.choice((0, 0, 1, 1, 5, 50))
            added = "".join(dice.choices(letters, k=dice.choice((0, 1, 3, 40))))
            changed = changed[:place] + added + changed[place + length :]
        check(file(changed), (kind, turn))


@pytest.mark.parametrize("number", range(len(FILES)))
def test_other_bytes_in_the_file(number: int) -> None:
    dice, whole = random.Random(number), FILES[number]
    for turn in range(400):
        changed = bytearray(whole)
        for _ in range(dice.randint(1, 6)):
            place = dice.randrange(len(changed) + 1)
            changed[place : place + dice.choice((0, 1, 4, 100))] = dice.choice(
                [dice.randbytes(dice.randint(0, 9)), b"\xff" * 4, bytes(4), bytes(whole[: dice.randrange(len(whole))])]
            )
        check(bytes(changed), turn)


def test_nothing_but_junk_behind_a_beginning() -> None:
    dice = random.Random(1)
    for turn in range(300):
        start = dice.choice(
            [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe1\xff\xffExif\0\0MM\0\x2a", b"RIFF\0\0\0\0WEBPEXIF"]
        )
        assert not check(start + dice.randbytes(dice.randint(0, 3000)), turn)


LETTERS = [
    *(
        "a",
        " ",
        "\n",
        '"',
        "\\",
        "{",
        "[",
        "<",
        "&",
        "-",
        "ab: ",
        'ab:"',
        "\nNegative prompt:",
        "a-",
        '" -s 1',
        "[a",
        "1",
    ),
    *('" -s 1', "<exif:UserComment", "&#", '{"c":', "Steps: 1,", "(", "雪"),
]
FRAMES = [("", ""), ('"', '" -s 5'), ('{"c": "', '"}'), ("a fox\nSteps: 1, Seed: 1, Size: 1x1, Model: ", "")]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("letter", LETTERS)
def test_the_longest_texts_take_no_second(letter: str) -> None:
    """Where they would be read: as long as a text may be, with a beginning and an end that lead deeper."""
    most = 250_000 // len(letter.encode())
    for head, tail in (
        ("", ""),
        ('"', '" -s 5'),
        ('{"c": "', '"}'),
        ("a fox\nSteps: 1, Seed: 1, Size: 1x1, Model: ", ""),
    ):
        text = head + letter * most + tail
        packet = f"<exif:UserComment>{letter * most}</exif:UserComment>"
        for texts in (
            dict.fromkeys(("parameters", "postprocessing"), text),
            dict.fromkeys(("Dream", "invokeai_metadata", "sd-metadata", "prompt", "Comment", "negative_prompt"), text),
            {"XML:com.adobe.xmp": packet},
        ):
            check(a_png(**texts), (head, list(texts)))
        check(with_exif("WEBP", exif(text.encode(), UserComment=text[:60_000])), head)
