"""What stands where in PNG, JPEG and WebP files, and what harms nobody there."""

import io
import struct

import pytest
from PIL import Image

from library import chunks, containers
from library.settings_of import NoSettings, found_in
from tests.library.files import XMP, a_file, comment, exif, with_exif
from tests.library.test_infotext import EXAMPLE
from tests.library.test_png import chunk
from tests.library.test_settings_of import NOTHING, found, holding, refusal

KINDS = ["JPEG", "WEBP", "PNG"]
SNOW = "雪の中の狐 🦊, ein Füchschen\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x768"


def texts(data: bytes) -> dict[str, str]:
    return containers.texts(io.BytesIO(data))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("order", [">", "<"])
@pytest.mark.parametrize("codec", ["utf-16-be", "utf-16-le"])
@pytest.mark.parametrize("text", [EXAMPLE, SNOW])
def test_a1111_writes_into_the_user_comment_and_others_in_other_orders(
    kind: str, order: str, codec: str, text: str
) -> None:
    data = with_exif(kind, exif(comment(text, codec), order))
    assert texts(data)["UserComment"] == text
    assert found(data).settings["steps"] == 20


@pytest.mark.parametrize(
    "raw",
    [
        b"ASCII\0\0\0" + EXAMPLE.encode(),
        b"JIS\0\0\0\0\0" + EXAMPLE.encode("iso2022_jp"),
        bytes(8) + EXAMPLE.encode(),
        EXAMPLE.encode(),
        b"UNICODE\0" + EXAMPLE.encode("utf-16"),  # with a mark of its order
        b"UNICODE\0" + EXAMPLE.encode("utf-16-be") + bytes(3),
    ],
)
def test_a_user_comment_is_read_in_any_encoding_that_it_may_have(raw: bytes) -> None:
    assert texts(with_exif("JPEG", exif(raw)))["UserComment"] == EXAMPLE


def test_japanese_words_are_read_in_their_own_encoding() -> None:
    assert texts(with_exif("JPEG", exif(b"JIS\0\0\0\0\0" + "雪の狐".encode("iso2022_jp"))))["UserComment"] == "雪の狐"


@pytest.mark.parametrize("kind", KINDS)
def test_what_pillow_writes_is_read(kind: str) -> None:
    tags = Image.Exif()
    tags[0x0131] = "A tool"
    tags.get_ifd(0x8769)[0x9286] = comment(EXAMPLE)
    assert found(a_file(kind, exif=tags)).tool == "A1111 v1.10.1"


@pytest.mark.parametrize("words", ["Screenshot", "a fox", " " * 8, "Scene: 1, Mode: auto, ISO: 100"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_a_camera_or_a_phone_says_is_no_prompt(kind: str, words: str) -> None:
    assert refusal(with_exif(kind, exif(b"ASCII\0\0\0" + words.encode(), Make="Apple", Model="iPhone 15"))) == NOTHING
    assert refusal(a_file(kind, xmp=XMP.format(words).encode())) == NOTHING


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_an_xmp_packet_is_found(kind: str) -> None:
    assert texts(a_file(kind, xmp=XMP.format("{&quot;c&quot;:&quot;a &amp;lt; b&#10;c&quot;}").encode())) == {
        "exif:UserComment": '{"c":"a &lt; b\nc"}'
    }


def test_an_xmp_packet_may_have_it_as_an_attribute() -> None:
    packet = '<rdf:Description exif:UserComment="{&quot;c&quot;:1}" other="x"/>'
    assert texts(a_file("JPEG", xmp=packet.encode()))["exif:UserComment"] == '{"c":1}'


def test_the_comment_of_a_jpeg_is_found() -> None:
    assert texts(a_file("JPEG", comment="a füx")) == {"Comment": "a füx"}


def test_fill_bytes_and_other_segments_are_passed_over() -> None:
    plain = with_exif("JPEG", exif(comment(EXAMPLE)))
    other = b"".join(b"\xff\xe2\xff\xff" + bytes(65533) for _ in range(20))
    assert texts(plain[:2] + other + plain[2:])["UserComment"] == EXAMPLE


# Files that mean harm


def riff(*parts: bytes) -> bytes:
    return b"RIFF\xff\xff\xff\xffWEBP" + b"".join(parts)


def jpeg(*segments: bytes) -> bytes:
    return b"\xff\xd8" + b"".join(segments)


def segment(content: bytes, mark: bytes = b"\xe1") -> bytes:
    return b"\xff" + mark + (len(content) + 2).to_bytes(2) + content


def entries(count: int, tag: int, kind: int, length: int, place: int) -> bytes:
    """An EXIF with many tags, all of them the same."""
    entry = struct.pack(">HHII", tag, kind, length, place)
    return b"MM\0\x2a\0\0\0\x08" + struct.pack(">H", count) + entry * count


BIG = 2**32 - 1
HOSTILE = {
    "nothing behind the signature": jpeg(b"\xff"),
    "a segment of no length": jpeg(b"\xff\xe1\0\0", bytes(100)),
    "a cut segment": jpeg(b"\xff\xe1\xff\xffExif\0\0MM"),
    "millions of segments": jpeg(segment(b"", b"\xe2") * 2_000_000),
    "millions of comments": jpeg(segment(b"x" * 60_000) * 500),
    "an exif of one byte": jpeg(segment(b"Exif\0\0M")),
    "an exif that begins beyond its end": jpeg(segment(b"Exif\0\0MM\0\x2a" + b"\xff" * 4)),
    "an exif that points at itself": jpeg(segment(b"Exif\0\0" + entries(1, 0x8769, 4, 1, 8))),
    "an exif of many large values": jpeg(segment(b"Exif\0\0" + entries(5000, 0x9286, 7, BIG, 8))),
    "values of other kinds": jpeg(segment(b"Exif\0\0" + entries(100, 0x9286, 12, BIG, 8))),
    "a riff of nothing": riff(),
    "a huge chunk": riff(b"VP8X" + b"\xff" * 4),
    "a huge exif": riff(b"EXIF" + b"\xff" * 4 + b"MM\0\x2a"),
    "a cut exif": riff(b"EXIF\0\1\0\0MM\0\x2a\0\0\0\x08"),
    "millions of chunks": riff(b"ANMF\0\0\0\0" * 2_000_000),
    "many exifs": riff(*[b"EXIF\0\0\3\0" + entries(5000, 0x9286, 7, BIG, 8).ljust(196_608)] * 100),
    "xmp of nothing but brackets": riff(b"XMP \0\0\4\0" + (b"<exif:UserComment" * 20_000).ljust(262_144, b"<")),
    "xmp with a character of many digits": riff(
        b"XMP \0\0\1\0" + f'exif:UserComment="&#{"9" * 9000};"'.encode().ljust(65_536)
    ),
    "an exif in a png": holding(chunk(b"eXIf", entries(5000, 0x9286, 7, BIG, 8))),
    "xmp in a png": holding(chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + b"<exif:UserComment" * 10_000)),
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("kind", HOSTILE)
def test_a_file_that_means_harm_says_nothing(kind: str) -> None:
    with pytest.raises(NoSettings, match="no settings in fox"):
        found_in(io.BytesIO(HOSTILE[kind]), "fox.png")


def test_a_text_in_a_webp_has_the_length_of_others_at_most() -> None:
    assert texts(with_exif("WEBP", exif(comment("x" * chunks.LONGEST)))) == {}


def test_a_cut_file_tells_what_is_still_there() -> None:
    for kind in ("JPEG", "WEBP"):
        whole = with_exif(kind, exif(comment(EXAMPLE)))
        end = whole.index(EXAMPLE[-20:].encode("utf-16-be")) + 40
        assert found(whole[:end]).settings["steps"] == 20
        for length in range(12, end - 700, 50):
            with pytest.raises(NoSettings):
                found(whole[:length])
