"""The few tags of an EXIF that generators write into, without believing anything it says of itself."""

from collections.abc import Iterator

_MAKE, _MODEL, _SOFTWARE, _MAKER_NOTE, _USER_COMMENT = 0x010F, 0x0110, 0x0131, 0x927C, 0x9286
MOST = 500  # tags of a directory that are looked at
_DEEPER = 0x8769  # where the directory of the picture's own tags begins
_BYTES, _OFFSETS = (1, 2, 7), (4, 13)  # kinds of values

Order = str
"""Of bytes: 'little' or 'big'."""


def texts(data: bytes) -> Iterator[tuple[str, str]]:
    """(keyword, text), by the keywords that the same has in a PNG; `UserComment` is what its name says."""
    data = data.removeprefix(b"Exif\0\0")
    order = {b"II": "little", b"MM": "big"}.get(data[:2])
    if order is None:
        return
    tags = _tags(data, order)
    if comment := tags.get(_USER_COMMENT):
        yield "UserComment", user_comment(comment, order)
    for tag in (_MODEL, _MAKE):  # where ComfyUI has 'prompt:{...}' and 'workflow:{...}', and early SwarmUI its JSON
        text = _text(tags.get(tag, b""))
        keyword, _, rest = text.partition(":")
        if keyword in ("prompt", "workflow"):
            yield keyword, rest
        elif text.startswith("{"):
            yield "UserComment", text
    if software := _text(tags.get(_SOFTWARE, b"")):
        yield "Software", software
    if (scheme := _text(tags.get(_MAKER_NOTE, b"")[:20])) in ("fooocus", "a1111"):
        yield "fooocus_scheme", scheme


def _tags(data: bytes, order: Order) -> dict[int, bytes]:
    """Tag -> its bytes, of both directories."""
    first = _directory(data, order, _number(data[4:8], order))
    deeper = _directory(data, order, _number(first[_DEEPER], order)) if _DEEPER in first else {}
    return {**first, **deeper}


def _directory(data: bytes, order: Order, at: int) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    wanted = {_MAKE, _MODEL, _SOFTWARE, _MAKER_NOTE, _USER_COMMENT, _DEEPER}
    for number in range(min(MOST, _number(data[at : at + 2], order))):
        entry = data[at + 2 + 12 * number : at + 14 + 12 * number]
        if len(entry) < 12:
            break
        tag, kind = _number(entry[:2], order), _number(entry[2:4], order)
        length, value = _number(entry[4:8], order), entry[8:]
        if tag not in wanted or tag in found or kind not in (_OFFSETS if tag == _DEEPER else _BYTES):
            continue
        if tag != _DEEPER and length > 4:
            place = _number(value, order)
            value = data[place : place + length]
        found[tag] = value if tag == _DEEPER else value[:length]
    return found


def user_comment(raw: bytes, order: Order = "big") -> str:
    """The text behind the eight bytes that name its encoding; where none are named it is UTF-8.

    Many write UTF-16 in the other order than the EXIF has, so the blanks and commas that are in every text decide.
    """
    code, body = raw[:8], raw[8:]
    if code == b"UNICODE\0":
        before, behind = body[0::2].count(0), body[1::2].count(0)
        is_big = order == "big" if before == behind else before > behind
        return body.decode("utf-16-be" if is_big else "utf-16-le", "ignore").lstrip("\ufeff").strip("\0")
    if code == b"JIS\0\0\0\0\0":
        return body.decode("iso2022_jp", "replace").strip("\0")
    return _text(body if code in (b"ASCII\0\0\0", bytes(8)) else raw)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace").strip("\0")


def _number(raw: bytes, order: Order) -> int:
    return int.from_bytes(raw, "little" if order == "little" else "big")
