"""Pictures as files: what is written comes back, and what is not ours does no harm."""

import hashlib
import io
import json
import threading
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from library import png

RECIPE = {
    "prompt": "a fox",
    "negative_prompt": "",
    "num_images": 3,
    "seed": 41,
    "width": 512,
    "height": 512,
    "steps": 20,
    "guidance_scale": 7.5,
    "eta": 0.0,
    "sampler": "DDIM",
    "downsampling_factor": 8,
    "model": "tiny",
}


def a_picture(size: tuple[int, int] = (16, 8)) -> Image.Image:
    return Image.effect_noise(size, 90).convert("RGB")


def a_file(path: Path, **changes: Any) -> Path:
    png.write(path, png.encode(a_picture(), {**RECIPE, **changes}, seed=42).data)
    return path


def chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """The chunks of a PNG file, each as (kind, content), their checksums checked."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    found, at = [], 8
    while at < len(data):
        length = int.from_bytes(data[at : at + 4])
        kind, content = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert int.from_bytes(data[at + 8 + length : at + 12 + length]) == zlib.crc32(kind + content)
        found.append((kind, content))
        at += 12 + length
    return found


# What is written comes back

PROMPTS = [
    "a fox",
    "ein Füchschen, «très» joli",
    "雪の中の狐 🦊 \U0001f468\u200d\U0001f469\u200d\U0001f467 e\u0301",
    "one\ntwo\r\nthree\ttabs",
    "a fox\nNegative prompt: fog\nSteps: 99, Sampler: X, CFG scale: 1",
    '{"json": "\\"yes\\""} \\ \\u0041 </script><!-- & %00',
    "\u202ertl \u200b\ufeff\u2028\u2029\x01\x1f\x7f\x85\xa0",
    "x" * 2000,
    "雪" * 2000,
    "",
]


@pytest.mark.parametrize("words", PROMPTS)
def test_the_recipe_comes_back_from_the_file_as_it_was(tmp_path: Path, words: str) -> None:
    recipe = {**RECIPE, "prompt": words, "negative_prompt": words[::-1]}
    png.write(
        tmp_path / "01.png",
        png.encode(a_picture(), recipe, seed=42, batch="b", position=2, group={"first": 1, "size": 3}).data,
    )
    assert png.read_recipe(tmp_path / "01.png") == {
        "version": 1,
        "seed": 42,
        "batch": "b",
        "position": 2,
        "group": {"first": 1, "size": 3},
        "recipe": recipe,
    }


def test_the_pixels_come_back_as_they_were() -> None:
    picture = a_picture((64, 40))
    encoded = png.encode(picture, RECIPE, seed=42)
    with Image.open(io.BytesIO(encoded.data)) as read:
        assert (read.format, read.mode, read.size) == ("PNG", "RGB", (64, 40))
        assert read.tobytes() == picture.tobytes()
    assert encoded.pixels == hashlib.sha256(picture.tobytes()).hexdigest()
    assert (encoded.width, encoded.height, encoded.seed) == (64, 40, 42)


@pytest.mark.parametrize("mode", ["RGBA", "L", "P", "1"])
def test_any_mode_becomes_rgb(mode: str) -> None:
    with Image.open(io.BytesIO(png.encode(a_picture().convert(mode), RECIPE, seed=42).data)) as read:
        assert read.mode == "RGB"


# What other tools read


@pytest.mark.parametrize(
    ("prompt", "kind"), [("a fox", b"tEXt"), ("ein Füchschen\nim Schnee", b"tEXt"), ("狐", b"iTXt"), ("a – b", b"iTXt")]
)
def test_the_parameters_are_latin_1_where_they_can_be_and_unicode_otherwise(prompt: str, kind: bytes) -> None:
    found = chunks(png.encode(a_picture(), {**RECIPE, "prompt": prompt}, seed=42).data)
    start = {b"tEXt": b"parameters\0", b"iTXt": b"parameters\0\0\0\0\0"}[kind]  # uncompressed, no language
    [text] = [content for found_kind, content in found if found_kind == kind and content.startswith(start)]
    encoding = "latin-1" if kind == b"tEXt" else "utf-8"
    assert text.removeprefix(start).decode(encoding) == (
        f"{prompt}\nSteps: 20, Sampler: DDIM, CFG scale: 7.5, Seed: 42, Size: 16x8, Model: tiny, Version: Playground"
    )


def test_texts_stand_before_the_pixels_where_readers_look_for_them() -> None:
    kinds = [kind for kind, _ in chunks(png.encode(a_picture(), RECIPE, seed=42).data)]
    assert kinds[:3] == [b"IHDR", b"tEXt", b"iTXt"]
    assert set(kinds[3:-1]) == {b"IDAT"}
    assert kinds[-1] == b"IEND"


def test_every_picture_tells_its_own_seed_and_size(tmp_path: Path) -> None:
    for seed, size in [(41, (16, 8)), (42, (8, 16))]:
        (tmp_path / "a.png").write_bytes(png.encode(a_picture(size), RECIPE, seed=seed).data)
        with Image.open(tmp_path / "a.png") as read:
            assert f"Seed: {seed}, Size: {size[0]}x{size[1]}, " in read.info["parameters"]


# What is not ours


def chunk(kind: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4) + kind + content + zlib.crc32(kind + content).to_bytes(4)


def with_text(text: str) -> bytes:
    """A sound PNG with `text` where our recipe stands."""
    info, file = PngInfo(), io.BytesIO()
    info.add_itxt(png.CHUNK, text)
    a_picture().save(file, "PNG", pnginfo=info)
    return file.getvalue()


def saved_as(kind: str) -> bytes:
    file = io.BytesIO()
    a_picture().save(file, kind)
    return file.getvalue()


SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEADER = chunk(b"IHDR", (50_000).to_bytes(4) * 2 + b"\x08\x02\0\0\0")
BOMB = SIGNATURE + HEADER + chunk(b"IDAT", zlib.compress(bytes(10**6))) + chunk(b"IEND", b"")
LONG_TEXT = chunk(b"zTXt", png.CHUNK.encode() + b"\0\0" + zlib.compress(bytes(10**8)))
TEXT_BOMB = saved_as("PNG")[:33] + LONG_TEXT + saved_as("PNG")[33:]
NOT_OURS = {
    "nothing": b"",
    "garbage": bytes(range(256)) * 40,
    "html": b"<!doctype html><script>alert(1)</script>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "only the signature": SIGNATURE,
    "jpeg": saved_as("JPEG"),
    "webp": saved_as("WEBP"),
    "a plain png": saved_as("PNG"),
    "a bomb of pixels": BOMB,
    "a bomb of text": TEXT_BOMB,
    "no json": with_text("no json"),
    "a list": with_text("[1]"),
    "a number": with_text("9" * 10_000),
    "a string": with_text('"text"'),
    "deep json": with_text("[" * 100_000),
}


@pytest.mark.parametrize("kind", NOT_OURS)
def test_what_is_not_ours_has_no_recipe(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "01.png"
    file.write_bytes(NOT_OURS[kind])
    assert png.read_recipe(file) is None


def test_a_file_that_is_not_there_has_no_recipe(tmp_path: Path) -> None:
    assert png.read_recipe(tmp_path / "01.png") is None
    assert png.read_recipe(tmp_path) is None


def test_a_file_cut_off_within_its_pixels_has_no_recipe(tmp_path: Path) -> None:
    file = tmp_path / "01.png"
    whole = png.encode(a_picture((64, 64)), RECIPE, seed=42).data
    for length in range(0, len(whole) - 100, 331):
        file.write_bytes(whole[:length])
        assert png.read_recipe(file) is None


def test_a_damaged_file_gives_its_own_recipe_or_none(tmp_path: Path) -> None:
    file = tmp_path / "01.png"
    whole = png.encode(a_picture(), RECIPE, seed=42).data
    for place in range(len(whole)):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 0x41]) + whole[place + 1 :])
        assert (png.read_recipe(file) or {"recipe": RECIPE})["recipe"] == RECIPE


# Files


def test_a_written_file_is_whole_and_alone(tmp_path: Path) -> None:
    png.write(tmp_path / "01.png", b"first")
    png.write(tmp_path / "01.png", b"second")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("01.png", b"second")]


def test_nobody_sees_half_a_file(tmp_path: Path) -> None:
    contents = [bytes([letter]) * 2_000_000 for letter in (1, 2)]
    png.write(tmp_path / "01.png", contents[0])
    done = threading.Event()

    def write_on() -> None:
        for place in range(40):
            png.write(tmp_path / "01.png", contents[place % 2])
        done.set()

    threading.Thread(target=write_on).start()
    while not done.is_set():
        assert (tmp_path / "01.png").read_bytes() in contents


@pytest.mark.parametrize(
    ("size", "small"),
    [((1024, 512), (384, 192)), ((300, 1200), (96, 384)), ((384, 384), (384, 384)), ((16, 8), (16, 8))],
)
def test_a_thumbnail_fits_its_tile_and_is_never_enlarged(
    tmp_path: Path, size: tuple[int, int], small: tuple[int, int]
) -> None:
    (tmp_path / "01.png").write_bytes(png.encode(a_picture(size), RECIPE, seed=42).data)
    png.thumbnail(tmp_path / "01.png", tmp_path / "ab" / "1.webp")
    with Image.open(tmp_path / "ab" / "1.webp") as picture:
        assert (picture.format, picture.size) == ("WEBP", small)
    assert [path.name for path in (tmp_path / "ab").iterdir()] == ["1.webp"]


NO_PICTURE = [*list(NOT_OURS)[:5], "a bomb of pixels", "a bomb of text", "a damaged chunk"]


@pytest.mark.parametrize("kind", NO_PICTURE)
def test_what_is_no_sound_picture_has_no_thumbnail(tmp_path: Path, kind: str) -> None:
    damaged = {"a damaged chunk": saved_as("PNG")[:33] + b"\0\0\0\0\x01\x02\x03\x04"}
    (tmp_path / "01.png").write_bytes({**NOT_OURS, **damaged}[kind])
    with pytest.raises(OSError, match="png"):
        png.thumbnail(tmp_path / "01.png", tmp_path / "thumbs" / "1.webp")
    assert not (tmp_path / "thumbs").exists()


def test_a_thumbnail_holds_no_recipe(tmp_path: Path) -> None:
    png.thumbnail(a_file(tmp_path / "01.png", prompt="a secret fox"), tmp_path / "1.webp")
    assert b"secret" not in (tmp_path / "1.webp").read_bytes()


def test_a_thumbnail_that_several_ask_for_at_once_is_made_for_all(tmp_path: Path) -> None:
    source, faults = a_file(tmp_path / "01.png"), []
    start = threading.Barrier(8)

    def ask(number: int) -> None:
        start.wait()
        try:
            png.thumbnail(source, tmp_path / f"{number}.webp")
        except OSError as error:
            faults.append(error)

    for number in range(30):
        threads = [threading.Thread(target=ask, args=(number,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert faults == []
    assert not list(tmp_path.glob(".*"))


def test_what_our_recipe_says_is_json_that_anybody_can_read() -> None:
    [own] = [content for kind, content in chunks(png.encode(a_picture(), RECIPE, seed=42).data) if kind == b"iTXt"]
    assert json.loads(own.removeprefix(b"playground\0\0\0\0\0"))["recipe"] == RECIPE
