"""The text chunks of a PNG file, read without its pixels and without believing anything it says of itself."""

import zlib
from collections.abc import Iterator
from typing import IO

SIGNATURE = b"\x89PNG\r\n\x1a\n"
EXIF = b"eXIf"
KINDS = (b"tEXt", b"zTXt", b"iTXt", EXIF)
LONGEST = 256 * 1024
"""Bytes of one text, packed or not; a longer one is passed over. A prompt of 2,000 characters takes 8,000 at most."""
MOST = 10_000  # chunks that are looked at: 32 MiB in libpng's pieces of 8 KiB are 4,096
MOST_TEXTS = 64  # that are read, so 16 MiB in all


def pieces(file: IO[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """(kind, content) of the chunks that may hold texts, from behind the signature on. Damaged ones are passed over."""
    texts = 0
    for _ in range(MOST):
        head = file.read(8)
        length, kind = int.from_bytes(head[:4]), head[4:]
        if len(kind) < 4 or kind == b"IEND" or texts == MOST_TEXTS:
            return
        if kind in KINDS and length <= LONGEST:
            texts += 1
            content, checksum = file.read(length), file.read(4)
            if int.from_bytes(checksum) == zlib.crc32(kind + content):
                yield kind, content
        else:
            file.seek(length + 4, 1)


def text(kind: bytes, content: bytes) -> tuple[str, str] | None:
    """Keyword and text of a chunk; None for a damaged one."""
    keyword, _, rest = content.partition(b"\0")
    decoded = _decoded(kind, rest)
    return None if decoded is None else (keyword.decode("latin-1"), decoded)


def _decoded(kind: bytes, rest: bytes) -> str | None:
    """The text of a chunk from what follows its keyword."""
    if kind == b"tEXt":
        return rest.decode("latin-1")
    if kind == b"zTXt":
        unpacked = _unpacked(rest[1:])
        return None if unpacked is None else unpacked.decode("latin-1")
    _, _, translated = rest[2:].partition(b"\0")  # the text follows two names that nobody fills in
    _, _, content = translated.partition(b"\0")
    whole = _unpacked(content) if rest[:1] == b"\1" else content
    return None if whole is None else whole.decode("utf-8", "replace")


def _unpacked(content: bytes) -> bytes | None:
    """None for what is damaged, or longer than LONGEST: a few bytes can claim to be gigabytes."""
    try:
        unpacked = zlib.decompressobj().decompress(content, LONGEST + 1)
    except zlib.error:
        return None
    return unpacked if len(unpacked) <= LONGEST else None
