"""The texts of PNG, JPEG and WebP files by their keywords in a PNG. Pixels are not read, and no size is believed."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import IO

from library import chunks, exif, xmp

MOST_TEXT = 4 * 1024 * 1024  # characters in all that are kept
_XMP, _XMP_IN_PNG, _XMP_IN_JPEG = b"XMP ", "XML:com.adobe.xmp", b"http://ns.adobe.com/xap/1.0/\0"
_APP1, _COMMENT = b"\xe1", b"\xfe"


class NotAPicture(ValueError):
    """The file does not begin as one of the three does."""


def texts(file: IO[bytes]) -> dict[str, str]:
    """Keyword -> text; of several with one keyword the first. Damaged ones are passed over.

    What stands in an EXIF or XMP has the keyword that its tool would take in a PNG, else the tag's name.

    Raises:
        NotAPicture
    """
    found: dict[str, str] = {}
    room = MOST_TEXT
    for keyword, text in _all(file):
        if keyword not in found and len(text) <= room:
            found[keyword] = text
            room -= len(text)
    return found


def _all(file: IO[bytes]) -> Iterator[tuple[str, str]]:
    file.seek(0)
    start = file.read(12)
    pieces, begins = _pieces_of(start)
    file.seek(begins)
    for kind, content in islice(pieces(file), chunks.MOST_TEXTS):
        if kind == chunks.EXIF:
            yield from exif.texts(content)
        elif kind == _XMP:
            yield "exif:UserComment", xmp.user_comment(content.decode("utf-8", "replace"))
        elif kind == _COMMENT:
            yield "Comment", content.decode("utf-8", "replace")
        elif found := chunks.text(kind, content):
            yield ("exif:UserComment", xmp.user_comment(found[1])) if found[0] == _XMP_IN_PNG else found


def _pieces_of(start: bytes) -> tuple[Callable[[IO[bytes]], Iterator[tuple[bytes, bytes]]], int]:
    """Who reads such a file, and from which byte on."""
    if start.startswith(chunks.SIGNATURE):
        return chunks.pieces, len(chunks.SIGNATURE)
    if start.startswith(b"\xff\xd8\xff"):
        return _jpeg, 2
    if start[:4] == b"RIFF" and start[8:] == b"WEBP":
        return _webp, 12
    raise NotAPicture


def _jpeg(file: IO[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Its segments up to the pixels."""
    for _ in range(chunks.MOST):
        mark, length = file.read(2), int.from_bytes(file.read(2))
        if mark[:1] != b"\xff" or mark[1:] in (b"\xda", b"\xd9") or length < 2:
            return
        if mark[1:] not in (_APP1, _COMMENT):
            file.seek(length - 2, 1)
            continue
        content = file.read(length - 2)
        is_xmp = mark[1:] == _APP1 and content.startswith(_XMP_IN_JPEG)
        kind = chunks.EXIF if mark[1:] == _APP1 else _COMMENT
        yield (_XMP, content[len(_XMP_IN_JPEG) :]) if is_xmp else (kind, content)


def _webp(file: IO[bytes]) -> Iterator[tuple[bytes, bytes]]:
    for _ in range(chunks.MOST):
        head = file.read(8)
        kind, length = head[:4], int.from_bytes(head[4:], "little")
        if len(head) < 8:
            return
        padded = length + length % 2
        if kind not in (b"EXIF", _XMP) or length > chunks.LONGEST:
            file.seek(padded, 1)
        else:
            yield (_XMP if kind == _XMP else chunks.EXIF), file.read(padded)[:length]
