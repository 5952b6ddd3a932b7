"""Files that are no pictures, or more than a picture, sent to every address that takes one."""

import io
import pickle
import time
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image as Pillow

from generation.models import Job
from library.models import Image
from tests.library.test_settings_of import HOSTILE, holding
from tests.pages import EVIL, elements
from tests.pictures import left_red, png_of, saved
from tests.world import World, everything

SCRIPT = b"<script>alert(1)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>'
PNG, JPEG, GIF = (saved(left_red(), kind) for kind in ("PNG", "JPEG", "GIF"))


def a_zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("../../evil.py", "import os")
    return file.getvalue()


NO_PICTURES = {
    "page.html": b"<!doctype html>" + SCRIPT,
    "picture.svg": SVG,
    "picture.png": SVG,
    "picture.svgz": b"\x1f\x8b" + bytes(50),
    "page.png": b"<html>" + SCRIPT,
    "page.gif": b"GIF89a/*" + SCRIPT + b"*/=1;",
    "extension.py": b"import os; os.system('touch /tmp/evil')",
    "extension.zip": a_zip(),
    "model.pkl": pickle.dumps({"a": 1}),
    "macro.eps": b"%!PS-Adobe-3.0 EPSF-3.0\n(/etc/passwd) run",
    "vector.mvg": b"push graphic-context\nimage over 0,0 0,0 '/etc/passwd'",
    "list.m3u8": b"#EXTM3U\nconcat:http://127.0.0.1/|file:///etc/passwd",
    "bomb.png": png_of(50_000, 50_000),
    "nothing.png": b"",
}
POLYGLOTS = {
    "a page behind a PNG": PNG + SCRIPT,
    "a page in a comment": saved(left_red(), "JPEG", comment=SCRIPT),
    "a script behind a GIF": GIF + b"*/=1;" + SCRIPT,
    "a zip behind a PNG": PNG + a_zip(),
    "an SVG behind a JPEG": JPEG + SVG,
}
"""Sound pictures that are something else, too."""

Send = Callable[[World, str, bytes, dict[str, Any]], Any]


def to_the_page(world: World, name: str, data: bytes, headers: dict[str, Any]) -> Any:
    return world.client.post(
        "/advanced/", {"prompt": "a fox", "source_file": SimpleUploadedFile(name, data, **headers)}
    )


def to_the_api(world: World, name: str, data: bytes, headers: dict[str, Any]) -> Any:
    world.client.get("/")
    token = {"x-csrftoken": world.client.cookies["csrftoken"].value}
    fields = {"prompt": "a fox", "source_file": SimpleUploadedFile(name, data, **headers)}
    return world.client.post("/api/v1/jobs", fields, headers=token)


def dropped(world: World, name: str, data: bytes, headers: dict[str, Any]) -> Any:
    return world.client.post("/settings/", {"picture": SimpleUploadedFile(name, data, **headers)})


SENDERS: dict[str, Send] = {"page": to_the_page, "api": to_the_api, "dropped": dropped}


@pytest.mark.parametrize("way", SENDERS)
def test_cve_2024_10099_cve_2025_6092_a1111_2571_what_is_no_picture_is_refused_and_kept_nowhere(
    world: World, way: str
) -> None:
    before, files = everything(), sorted(world.image.path.parents[2].rglob("*"))
    for name, data in NO_PICTURES.items():
        for kind in ({"content_type": "image/png"}, {"content_type": "text/html"}):
            answer = SENDERS[way](world, name, data, kind)
            assert answer.status_code == 422, name
            assert "alert(1)" not in answer.content.decode()
    assert everything() == before
    assert sorted(world.image.path.parents[2].rglob("*")) == files


@pytest.mark.parametrize("kind", POLYGLOTS)
@pytest.mark.parametrize("way", ["page", "api"])
def test_cve_2026_56670_cve_2026_56672_of_a_picture_that_is_more_the_pixels_alone_are_kept(
    world: World, way: str, kind: str
) -> None:
    assert SENDERS[way](world, "evil.html", POLYGLOTS[kind], {"content_type": "text/html"}).status_code in (201, 302)
    kept = Image.objects.get(batch__uuid=Job.objects.latest("pk").uuid)
    data = kept.path.read_bytes()
    assert kept.path.name == "00-original.png"
    assert not [mark for mark in (b"script", b"svg", b"PK\3\4", b"alert") if mark in data]
    assert Pillow.open(io.BytesIO(data)).size == (kept.width, kept.height)
    for address in (kept.url, kept.download_url, f"/thumbs/{kept.uuid}.webp"):
        answer = world.client.get(address)
        assert answer["Content-Type"] in ("image/png", "image/webp")
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Disposition"].startswith("inline; filename=")
        assert answer["Content-Security-Policy"].startswith("default-src 'none'")
        assert ".html" not in answer["Content-Disposition"]


@pytest.mark.parametrize(
    "name", ["<img src=x onerror=alert(1)>.png", EVIL, "a\r\nX: y.png", "../../evil.png", "\u202egnp.exe"]
)
def test_cve_2026_56671_a_files_name_is_text_wherever_it_is_told(world: World, name: str) -> None:
    harmless = elements(dropped(world, "fox.png", b"x", {}).content.decode())
    answer = dropped(world, name, b"x", {})
    assert (answer.status_code, elements(answer.content.decode())) == (422, harmless)
    assert to_the_page(world, name, PNG, {}).status_code == 302
    kept = Image.objects.get(batch__uuid=Job.objects.latest("pk").uuid)
    assert kept.path.name == "00-original.png"
    assert world.client.get(kept.url)["Content-Disposition"] == f'inline; filename="{kept.download_name}"'


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_bomb_in_a_text_is_refused_within_a_second(world: World, kind: str) -> None:
    """That the readers pass it over is tested in tests/library/test_settings_of.py; here by the address."""
    started = time.perf_counter()
    assert dropped(world, "fox.png", holding(HOSTILE[kind]), {}).status_code == 422
    assert time.perf_counter() - started < 2


FORM, PART = "multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; "
TORN = {
    "no boundary": ("multipart/form-data", b"--x\r\n"),
    "an empty boundary": ("multipart/form-data; boundary=", b"--\r\n--\r\n" * 1000),
    "a boundary that never comes": ("multipart/form-data; boundary=y", b"--x\r\n" * 200_000),
    "a boundary without an end": (FORM, b"--x\r\n" * 200_000),
    "a head without an end": (
        "multipart/form-data; boundary=x",
        PART + b"a" * 10**6,
    ),
    "dashes": ("multipart/form-data; boundary=-", b"-" * 10**6),
    "a long boundary": (f"multipart/form-data; boundary={'x' * 5000}", b"--" + b"x" * 10**6),
    "an odd boundary": ("multipart/form-data; boundary=\xe9\r\n", b"--x\r\n"),
    "many parts": (
        "multipart/form-data; boundary=x",
        (PART + b"name=a\r\n\r\n\r\n") * 9000,
    ),
    "base64 that is none": (
        FORM,
        b'--x\r\nContent-Disposition: form-data; name="a"; filename="a"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
        + b"=" * 10**6,
    ),
    "a part without a name": (FORM, b"--x\r\n\r\n" + b"a" * 10**6),
}
TAKING = ("/settings/", "/advanced/", "/jobs/", "/api/v1/jobs", "/theme/", "/sign-in/", "/library/zip/")


@pytest.mark.parametrize("kind", TORN)
def test_cve_2024_10821_a_torn_form_is_answered_within_a_second(world: World, kind: str) -> None:
    content_type, body = TORN[kind]
    for address in TAKING:
        started = time.perf_counter()
        answer = world.client.generic("POST", address, body, content_type=content_type)
        assert time.perf_counter() - started < 1, address
        assert answer.status_code < 500
        assert answer.status_code >= 400 or address == "/theme/" or (address, answer.status_code) == ("/settings/", 200)
    assert Job.objects.count() == 1
