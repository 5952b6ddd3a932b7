"""What a picture that somebody brings was made with; files that mean harm do none."""

import io
import json
import zlib
from contextlib import suppress
from typing import Any

import pytest
from PIL.PngImagePlugin import PngInfo

from library import chunks, containers, png
from library.settings_of import Found, NoSettings, found_in
from tests.library.test_infotext import EXAMPLE
from tests.library.test_png import BOMB, NOT_OURS, RECIPE, a_picture, chunk, saved_as

NOTHING = "There are no settings in fox.png: no tool that is known here wrote any, or they were taken out."


def a_png(**texts: str) -> bytes:
    """A picture that holds these texts."""
    info, file = PngInfo(), io.BytesIO()
    for keyword, text in texts.items():
        info.add_text(keyword, text)
    a_picture().save(file, "PNG", pnginfo=info)
    return file.getvalue()


def holding(*added: bytes) -> bytes:
    """A picture with these chunks after its header."""
    plain = saved_as("PNG")
    return plain[:33] + b"".join(added) + plain[33:]


def found(data: bytes) -> Found:
    return found_in(io.BytesIO(data), "fox.png")


def refusal(data: bytes) -> str:
    with pytest.raises(NoSettings) as refused:
        found(data)
    return str(refused.value)


def own(**changes: Any) -> bytes:
    return holding(chunk(b"iTXt", b"playground\0\0\0\0\0" + json.dumps({"recipe": RECIPE, **changes}).encode()))


def test_our_own_picture_gives_its_whole_recipe_and_its_own_seed() -> None:
    recipe = {**RECIPE, "prompt": "雪 🦊\nNegative prompt: x", "eta": 0.5, "downsampling_factor": 4}
    written = {name: value for name, value in recipe.items() if value != ""}
    assert found(png.encode(a_picture(), recipe, seed=77).data) == Found({**written, "seed": 77}, "Playground")


ITXT = chunk(b"iTXt", b"parameters\0\0\0\0\0" + EXAMPLE.encode())
PACKED = chunk(b"iTXt", b"parameters\0\1\0en\0x\0" + zlib.compress(EXAMPLE.encode()))
ZTXT = chunk(b"zTXt", b"parameters\0\0" + zlib.compress(EXAMPLE.encode()))


@pytest.mark.parametrize("data", [a_png(parameters=EXAMPLE), holding(ITXT), holding(PACKED), holding(ZTXT)])
def test_the_text_of_other_tools_is_read_in_every_kind_of_chunk(data: bytes) -> None:
    assert found(data).tool == "A1111 v1.10.1"
    assert found(data).settings["sampler"] == "DPM++ 2M Karras"


def test_texts_after_the_pixels_are_read_too() -> None:
    plain = saved_as("PNG")
    assert found(plain[:-12] + ITXT + plain[-12:]).settings["seed"] == 965400086


def test_a_picture_without_its_pixels_still_tells() -> None:
    data = a_png(parameters=EXAMPLE)
    assert found(data[: data.index(b"IDAT") + 10]).settings["steps"] == 20


@pytest.mark.parametrize("kind", ["nothing", "garbage", "html", "svg"])
def test_what_is_no_picture_is_named(kind: str) -> None:
    assert refusal(NOT_OURS[kind]) == "fox.png is no PNG, JPEG or WebP."


@pytest.mark.parametrize("kind", [*list(NOT_OURS)[4:5], *list(NOT_OURS)[7:]])
def test_a_png_without_settings_says_so(kind: str) -> None:
    assert refusal(NOT_OURS[kind]) == NOTHING


@pytest.mark.parametrize(
    ("texts", "tool"),
    [
        ({"parameters": json.dumps({"sui_image_params": {"images": 1}})}, "SwarmUI"),
        ({"parameters": '{"sui_image_params": "damaged'}, "SwarmUI"),
        ({"parameters": '{"prompt": "a fox"}'}, "a tool"),
        ({"parameters": '{"a":' * 20_000}, "a tool"),
        ({"prompt": "{}", "workflow": "{}"}, "ComfyUI"),
        ({"invokeai_metadata": "{}"}, "InvokeAI"),
        ({"sd-metadata": "{}"}, "InvokeAI"),
    ],
)
def test_a_tool_that_writes_in_its_own_way_is_named(texts: dict[str, str], tool: str) -> None:
    assert refusal(a_png(**texts)) == f"fox.png was made by {tool}, whose settings cannot be read here."


def test_fooocus_can_write_as_a1111_does() -> None:
    assert found(a_png(parameters=EXAMPLE, fooocus_scheme="a1111")).settings["steps"] == 20


@pytest.mark.parametrize("value", [None, True, [], {}, [[1]], float("nan"), float("inf"), ""])
def test_what_is_no_value_is_left_out(value: Any) -> None:
    assert "steps" not in found(own(recipe={**RECIPE, "steps": value})).settings


@pytest.mark.parametrize("value", [-1, 10**4000, 1e308, "nonsense", "x" * 100_000])
def test_a_value_is_given_as_it_stands(value: Any) -> None:
    assert found(own(seed=value)).settings["seed"] == value


def test_what_no_page_can_hold_is_taken_out() -> None:
    assert found(own(recipe={"prompt": "a \ud800\0fox"})).settings["prompt"] == "a ?fox"


@pytest.mark.parametrize(
    "text", ["null", "[]", '{"recipe": []}', '{"recipe": {}}', '{"seed": 1}', "[" * 100_000, "NaN"]
)
def test_when_our_chunk_is_not_as_we_write_it_the_text_for_others_is_read(text: str) -> None:
    ours = chunk(b"iTXt", b"playground\0\0\0\0\0" + text.encode())
    assert found(holding(ours, ITXT)).settings["seed"] in (965400086, 1)


HOSTILE = {
    "a bomb": chunk(b"zTXt", b"parameters\0\0" + zlib.compress(bytes(10**8))),
    "a packed bomb": chunk(b"iTXt", b"parameters\0\1\0\0\0" + zlib.compress(bytes(10**8))),
    "a long text": chunk(b"tEXt", b"parameters\0" + b"x" * 10**6),
    "half packed": chunk(b"zTXt", b"parameters\0\0" + zlib.compress(EXAMPLE.encode())[:20] + b"\xff" * 20),
    "a wrong sum": ITXT[:-1] + bytes([ITXT[-1] ^ 1]),
    "no keyword": chunk(b"tEXt", b"") + chunk(b"iTXt", b"\0") + chunk(b"zTXt", b"parameters"),
    "a cut iTXt": chunk(b"iTXt", b"parameters\0\0\0"),
    "a length beyond the end": (2**32 - 1).to_bytes(4) + b"tEXtparameters\0",
    "a huge other chunk": (2**31 - 1).to_bytes(4) + b"eXIf",
    "nothing but chunks": chunk(b"tEXt", b"a\0b") * 300_000,
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("kind", HOSTILE)
def test_a_chunk_that_means_harm_is_passed_over(kind: str) -> None:
    assert refusal(holding(HOSTILE[kind])) == NOTHING


def test_a_size_that_is_claimed_is_not_believed() -> None:
    assert found(BOMB[:33] + ITXT + BOMB[33:]).settings["steps"] == 20


def test_many_texts_take_little_memory() -> None:
    text = zlib.compress(b"x" * chunks.LONGEST)
    data = holding(*(chunk(b"zTXt", f"{number}\0\0".encode() + text) for number in range(1000)))
    assert sum(map(len, containers.texts(io.BytesIO(data)).values())) == containers.MOST_TEXT


def test_a_damaged_file_gives_what_it_says_or_a_sentence() -> None:
    whole = png.encode(a_picture(), RECIPE, seed=42).data
    for place in range(0, len(whole), 3):
        damaged = whole[:place] + bytes([whole[place] ^ 0x41]) + whole[place + 1 :]
        for data in (damaged, whole[:place]):
            with suppress(NoSettings):
                assert found(data).settings["prompt"] == "a fox"


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_a_file_within_another_is_not_looked_into(kind: str) -> None:
    assert refusal(saved_as(kind) + a_png(parameters=EXAMPLE)) == NOTHING


def test_what_is_none_of_the_three_formats_is_not_looked_into() -> None:
    assert refusal(saved_as("GIF") + a_png(parameters=EXAMPLE)) == "fox.png is no PNG, JPEG or WebP."


def test_a_file_is_read_from_its_beginning_wherever_it_stands() -> None:
    file = io.BytesIO(a_png(parameters=EXAMPLE))
    file.seek(100)
    assert found_in(file, "fox.png").settings["steps"] == 20


class Unreadable(io.BytesIO):
    def read(self, size: int | None = -1) -> bytes:
        raise OSError("Input/output error")


def test_a_file_that_the_disk_cannot_give_says_so() -> None:
    with pytest.raises(NoSettings, match="cannot be read"):
        found_in(Unreadable(b""), "fox.png")


def test_our_own_picture_tells_how_much_of_its_source_was_painted_over() -> None:
    assert found(own(recipe={**RECIPE, "strength": 0.6, "source_url": "https://example.org/x.png"})).settings == {
        **{name: value for name, value in RECIPE.items() if value != ""},
        "strength": 0.6,
    }
