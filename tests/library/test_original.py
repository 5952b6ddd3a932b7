"""The original playground's index.json, and what it wrote behind the end of its pictures."""

import io
import json
import random
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from library import original
from library.original import Group, group_of
from tests.library.files import a_file
from tests.library.test_settings_of import NOTHING, found, refusal

INDEX: dict[str, Any] = {
    "text_prompt": "ein Füchschen in snow",
    "num_images": 3,
    "queue_id": "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
    "time_taken": 48.93,
    "seed": 1234567,
    "height": 512,
    "width": 768,
    "ddim_steps": 40,
    "ddim_eta": 0.0,
    "scale": 7.5,
    "downsampling_factor": 4,
    "error": "",
    "original_image_path": "",
    "strength": -1,
    "creation_unixtime": 1662810000.25,
    "generated_images": [
        "library/3f2504e0-4f89-41d3-9a0c-0305e82c3301/02-D040-S7.5-R1234567-5b2c0a11.png",
        "library/3f2504e0-4f89-41d3-9a0c-0305e82c3301/01-D040-S7.5-R1234567-0f9d6c3e.png",
    ],
}
RECIPE = {
    "prompt": "ein Füchschen in snow",
    "num_images": 3,
    "seed": 1234567,
    "width": 768,
    "height": 512,
    "downsampling_factor": 4,
    "steps": 40,
    "eta": 0.0,
    "guidance_scale": 7.5,
    "sampler": "PLMS",
}
PAINTED = {**RECIPE, "sampler": "DDIM", "downsampling_factor": 8}


def index(data: Any = INDEX, **changes: Any) -> bytes:
    """As it writes it."""
    data = {**data, **changes} if changes else data
    return json.dumps(data, indent=4, ensure_ascii=False).encode()


def group(**changes: Any) -> Group:
    told = group_of(index(**changes))
    assert told
    return told


def test_an_index_tells_all_of_its_group() -> None:
    assert group_of(index()) == Group(
        uuid=UUID("3f2504e0-4f89-41d3-9a0c-0305e82c3301"),
        words="ein Füchschen in snow",
        recipe=RECIPE,
        created=datetime(2022, 9, 10, 11, 40, 0, 250_000, UTC),
        seconds=48.93,
        error="",
        files=["01-D040-S7.5-R1234567-0f9d6c3e.png", "02-D040-S7.5-R1234567-5b2c0a11.png"],
    )


@pytest.mark.parametrize(
    "data", [index([INDEX]), index([INDEX, {}]), b"\xef\xbb\xbf" + index(), json.dumps(INDEX).encode()]
)
def test_it_may_be_a_list_of_one_and_begin_with_a_mark(data: bytes) -> None:
    assert group_of(data) == group()


def test_numbers_may_be_strings() -> None:
    strings = {name: str(value) for name, value in INDEX.items() if isinstance(value, (int, float))}
    assert group(**strings) == group()


def test_a_size_is_that_before_the_factor() -> None:
    assert group(downsampling_factor="2", width="512").recipe["width"] == 512
    assert group(downsampling_factor=None).recipe["downsampling_factor"] == 8


@pytest.mark.parametrize("path", ["https://example.org/fox.jpg", "library/3f2504e0/01.png"])
def test_a_strength_and_a_source_go_together(path: str) -> None:
    files = ["library/x/01.png", "library/x/00-original.png", "library\\x\\02.png", "/app/library/x/03.png"]
    told = group(strength=0.6, original_image_path=path, generated_images=files)
    source = {"source_url": path} if path.startswith("http") else {}
    assert told.recipe == {**PAINTED, "strength": 0.6, **source}
    assert told.files == ["00-original.png", "01.png", "02.png", "03.png"]


@pytest.mark.parametrize("strength", [-1, 0, "-1", None, "much", 1.5])
def test_without_a_strength_there_is_no_source(strength: Any) -> None:
    assert group(strength=strength, original_image_path="library/x/01.png").recipe == RECIPE


def test_its_last_version_wrote_a_strength_without_a_source_and_a_range_of_steps() -> None:
    last = {name: value for name, value in INDEX.items() if name not in ("ddim_steps", "creation_unixtime")}
    del last["generated_images"]
    told = group_of(index(last, strength=0.75, min_ddim_steps=40, max_ddim_steps=40))
    assert told
    assert (told.recipe, told.created, told.files) == (RECIPE, None, [])


def test_a_strength_without_a_path_counts_where_the_source_lies_beside() -> None:
    assert group(strength=0.5, generated_images=["library/x/00-original.png"]).recipe["strength"] == 0.5


@pytest.mark.parametrize("name", INDEX)
@pytest.mark.parametrize("value", [None, "", [], {}, [[None]], True, "\ud800\0", 10**40, -1, "x" * 100_000, ["..", 7]])
def test_whatever_makes_no_sense_is_left_out(name: str, value: Any) -> None:
    changed = {**INDEX, name: value}
    told = group_of(json.dumps(changed).encode())
    without = group_of(json.dumps({key: kept for key, kept in INDEX.items() if key != name}).encode())
    assert told
    assert without
    for field in ("uuid", "created", "seconds"):
        assert getattr(told, field) in (getattr(without, field), getattr(group(), field))
    assert set(told.recipe) <= {*RECIPE, "strength"}
    assert all(isinstance(file, str) and "/" not in file for file in told.files)
    json.dumps([told.recipe, told.words, told.error, told.files]).encode().decode()


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "a/../x.png", "C:\\x", "..", ".", "", "/", "a\nb.png", ".hidden", "x" * 300, 7, None, ["a"]],
)
def test_a_file_is_a_bare_name_and_nothing_else(name: Any) -> None:
    files = group(generated_images=[name]).files
    assert files in ([], ["passwd"], ["x.png"], ["x"])


@pytest.mark.parametrize("seconds", [-5, 0, 1e18, 10**15, "nan", "soon"])
def test_a_time_that_is_none_is_left_out(seconds: Any) -> None:
    assert group(creation_unixtime=seconds).created is None


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"[]", b"[[]]", b"null", b"7", b'"x"', b"\xff\xfe", b"[" * 100_000, b'{"seed": 1, "width": 2}',
     b'{"name": "a package", "error": ""}', b'{"text_prompt": "' + b"x" * 1_100_000 + b'"}', index()[:-20]],
)  # fmt: skip
def test_what_is_no_index_of_it_is_none(data: bytes) -> None:
    assert group_of(data) is None


def test_an_index_may_lack_nearly_all() -> None:
    assert group_of(b'{"queue_id": "x"}') == Group(None, "", {}, None, 0.0, "", [])


# Behind a picture's end

START, END = b"##STARTMETADATA##", b"##ENDMETADATA##"


def with_metadata(data: bytes, **changes: Any) -> bytes:
    metadata = {name: value for name, value in {**INDEX, **changes}.items() if name != "generated_images"}
    return data + START + json.dumps(metadata).encode() + END


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_the_same_stands_behind_the_end_of_its_pictures(kind: str) -> None:
    answer = found(with_metadata(a_file(kind)))
    assert (answer.settings, answer.tool) == (RECIPE, "the original playground")


def test_a_picture_that_was_painted_over_another_says_so() -> None:
    painted = with_metadata(a_file("PNG"), strength="0.6", original_image_path="library/x/01.png")
    assert found(painted).settings == {**PAINTED, "strength": 0.6}


def test_a_large_picture_is_read_at_its_end_alone() -> None:
    class Counting(io.BytesIO):
        count = 0

        def read(self, size: int | None = -1) -> bytes:
            data = super().read(size)
            self.count += len(data)
            return data

    file = Counting(with_metadata(bytes(20_000_000)))
    assert original.behind_the_end(file)["seed"] == 1234567
    assert file.count < 200_000


@pytest.mark.parametrize(
    "tail",
    [
        START,
        END,
        START + b"{}" + END,
        START + b"[]" + END,
        START + b"[" * 100_000 + END,
        START * 5000 + END * 2000,
        END + index() + START,
        START + index() + END[:-2],
    ],
)
def test_what_is_not_as_it_writes_it_says_nothing(tail: bytes) -> None:
    assert refusal(a_file("PNG") + tail) == NOTHING


def test_junk_in_place_of_an_index_raises_nothing() -> None:
    dice = random.Random(2022)
    for _ in range(3000):
        junk = bytearray(index())
        for _ in range(dice.randint(1, 12)):
            place = dice.randrange(len(junk))
            junk[place : place + dice.randint(0, 3)] = dice.randbytes(dice.randint(0, 3))
        told = group_of(bytes(junk))
        assert told is None or isinstance(told, Group)
        assert isinstance(original.behind_the_end(io.BytesIO(START + junk + END)), dict)
