"""JPEG, WebP and PNG files as generators write them, made by hand where a library would decide too much."""

import io
import struct
from typing import Any

from tests.library.test_png import a_picture
from tests.library.test_settings_of import found

USER_COMMENT = 0x9286
XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 6.0.0"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:xmp="http://ns.adobe.com/xap/1.0/">
 <xmp:CreatorTool>Draw Things</xmp:CreatorTool><exif:UserComment><rdf:Alt>
 <rdf:li xml:lang="x-default">{}</rdf:li></rdf:Alt></exif:UserComment></rdf:Description></rdf:RDF></x:xmpmeta>"""


def a_file(kind: str, **options: Any) -> bytes:
    """A small picture, written by Pillow with these options."""
    file = io.BytesIO()
    a_picture().save(file, kind, **options)
    return file.getvalue()


def directory(tags: dict[int, tuple[int, bytes]], at: int, order: str) -> bytes:
    """An EXIF directory that begins at byte `at`; `tags` are number -> (kind, bytes)."""
    head, tail = struct.pack(f"{order}H", len(tags)), b""
    behind = at + 2 + 12 * len(tags) + 4
    for tag, (kind, value) in sorted(tags.items()):
        count = 1 if kind == 4 else len(value)
        place = value.ljust(4, b"\0") if len(value) <= 4 else struct.pack(f"{order}I", behind + len(tail))
        head += struct.pack(f"{order}HHI", tag, kind, count) + place
        tail += value if len(value) > 4 else b""
    return head + bytes(4) + tail


def exif(comment: bytes = b"", order: str = ">", **tags: str) -> bytes:
    """An EXIF with a UserComment in its own directory, as piexif writes it, and with texts in the first one.

    Args:
        order: '>' is MM, '<' is II.
        tags: Make, Model, Software ...
    """
    numbers = {"Make": 0x010F, "Model": 0x0110, "Software": 0x0131, "MakerNote": 0x927C, "UserComment": USER_COMMENT}
    first = {numbers[name]: (2, text.encode() + b"\0") for name, text in tags.items()}
    head = struct.pack(f"{order}2sHI", b"MM" if order == ">" else b"II", 42, 8)
    if not comment:
        return head + directory(first, 8, order)
    pointed = directory({**first, 0x8769: (4, bytes(4))}, 8, order)
    first[0x8769] = (4, struct.pack(f"{order}I", 8 + len(pointed)))
    deeper = directory({USER_COMMENT: (7, comment)}, 8 + len(pointed), order)
    return head + directory(first, 8, order) + deeper


def comment(text: str, codec: str = "utf-16-be") -> bytes:
    return b"UNICODE\0" + text.encode(codec)


def with_exif(kind: str, data: bytes) -> bytes:
    return a_file(kind, exif=b"Exif\0\0" + data)


FOX = {
    "prompt": "a red fox in snow",
    "negative_prompt": "blurry, lowres",
    "seed": 42,
    "width": 512,
    "height": 768,
    "downsampling_factor": 8,
    "steps": 30,
    "guidance_scale": 7.5,
    "sampler": "DPM++ 2M Karras",
    "model": "v1-5-pruned",
}


def said(data: bytes, tool: str) -> dict[str, Any]:
    """The settings in the file, which that tool has made."""
    assert found(data).tool == tool
    return found(data).settings
