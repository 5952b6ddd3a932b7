"""The site's own icon, in tabs light and dark and on a phone's screen."""

import io
import re

from PIL import Image

from tests.site import ROOT, Site

SVG = (ROOT / "static" / "icons" / "lamp.svg").read_text()


def luminance(colour: str) -> float:
    """As WCAG has it, of "#rrggbb"."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_it_is_seen_in_light_and_dark_tabs() -> None:
    square, lamp = re.findall(r'fill="(#\w{6})"', SVG)
    assert contrast(square, "#ffffff") > 3, "a light tab shows the square"
    assert contrast(lamp, square) > 3, "and the lamp in it"
    assert contrast(lamp, "#000000") > 3, "a dark tab shows the lamp"


def test_every_page_names_it_for_tabs_and_for_a_phones_screen(demo_site: Site) -> None:
    page = demo_site.get("/")[1].decode()
    for kind, content_type in (("icon", "image/svg+xml"), ("apple-touch-icon", "image/png")):
        link = re.search(rf'<link rel="{kind}" href="([^"]+)"', page)
        assert link, kind
        status, content, headers = demo_site.get(link[1])
        assert (status, headers["Content-Type"]) == (200, content_type)
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.size == (180, 180)
        assert picture.convert("RGBA").getextrema()[3] == (255, 255), "a phone would fill holes with black"
