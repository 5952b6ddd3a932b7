"""The user comment in an XMP packet, found without an XML parser: a packet is anybody's."""

import html
import re

_TAG = "exif:UserComment"


def user_comment(packet: str) -> str:
    """Its text, written as an element or as an attribute; empty where there is none."""
    _, _, element = packet.partition(f"<{_TAG}")
    inside, end, _ = element.partition(f"</{_TAG}>")
    if end:
        return _unescaped(re.sub("<[^<>]*>", "", f"<{inside}"))
    _, _, attribute = packet.partition(f'{_TAG}="')
    value, end, _ = attribute.partition('"')
    return _unescaped(value) if end else ""


def _unescaped(text: str) -> str:
    try:
        return html.unescape(text).strip()
    except ValueError:  # a character of thousands of digits
        return ""
