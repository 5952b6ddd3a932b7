"""Names that lead out of a folder, in every parameter of every address, and in every dialect of the API."""

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from generation.models import Job, KnownModel
from library.models import Image
from tests.access import ROWS
from tests.world import World, everything

opened: list[str] = []
"""Every file that this process has opened."""
sys.addaudithook(lambda event, arguments: opened.append(str(arguments[0])) if event == "open" else None)

SECRET = "nobody may read this"
NAMES = (
    *("../secret.png", "../../secret.png", "../../../../etc/passwd", "/etc/passwd", "//etc/passwd", "..\\secret.png"),
    *("....//secret.png", "..;/secret.png", "~/secret.png", "file:///etc/passwd", "C:\\Windows\\win.ini", "01.png\0"),
    *("..", ".", "link.png", "%2e%2e%2fsecret.png", "..%2fsecret.png", "..%5csecret.png", "%00", "-rf"),
)


@pytest.fixture
def trap(world: World, tmp_path: Path) -> Path:
    """A file beside the library that nothing may touch, and a link to it in the folder of a picture."""
    secret = tmp_path / "secret.png"
    secret.write_text(SECRET)
    (world.image.path.parent / "link.png").symlink_to(secret)
    opened.clear()
    return secret


def untouched(trap: Path) -> bool:
    """Whether nobody has opened it since this was last asked, and it is as it was."""
    touched = [path for path in opened if path in (str(trap), "/etc/passwd") or path.endswith("link.png")]
    is_whole = trap.read_text() == SECRET
    opened.clear()
    return not touched and is_whole


def addresses(world: World, name: str) -> Iterator[str]:
    """Every address that takes something, with `name` in the place of each of its parameters, plain and encoded.

    What takes a uuid or a number takes nothing else, whatever else it is: of those one name is enough.
    """
    batch, image = world.image.batch.uuid, world.image.uuid
    values = {"uuid": world.job.uuid, "batch": batch, "position": "01", "name": "01.png", "image": image}
    for route in ROWS:
        for kind, parameter in re.findall(r"<(?:(\w+):)?(\w+)>", route):
            if kind == "str" or name == NAMES[0]:
                plain, encoded = quote(name, safe="/\\~:;%."), quote(name, safe="")
                yield from (with_values(route, {**values, parameter: spelt}) for spelt in {plain, encoded})


def with_values(route: str, values: Mapping[str, object]) -> str:
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda match: str(values.get(match[1], "0")), route)


def test_cve_2025_6237_cve_2024_5182_no_parameter_opens_or_removes_a_file(world: World, trap: Path) -> None:
    before = everything()
    for address in (address for name in NAMES for address in addresses(world, name)):
        for role, method in (("maker", "GET"), ("owner", "POST"), ("delete", "DELETE")):
            answer = world.send(role, method, address, {})
            assert answer.status_code in (301, 302, 403, 404, 405, 415), (method, address)
            assert not [word for word in (SECRET, "root:") if word in answer.body], address
        assert untouched(trap), address
    assert everything() == before


PAGES = "/ /advanced/ /library/ /trash/ /promise/ /library/compare/ /getlibrary /api/v1/images"
QUESTIONS = "next before newest q settings_of source_image after model sampler a b v limit theme name"
THEIRS = "/file={} /file/{} /view?filename={} /userdata/{} /x{} /media/{} /static/{} /a/{}/x.png"


def test_a1111_12822_cve_2023_51449_seed_2_no_question_names_a_file(world: World, trap: Path) -> None:
    for name in NAMES:
        asked = "&".join(f"{field}={quote(name, safe='')}" for field in QUESTIONS.split())
        theirs = [address.format(quote(name, safe="/\\")) for address in THEIRS.split()]
        for address in [*(f"{page}?{asked}" for page in PAGES.split()), *theirs]:
            answer = world.send("owner", "GET", address, {})
            assert answer.status_code in ((301, 302, 400, 404) if address in theirs else (200, 404, 422)), address
            assert not [word for word in (SECRET, "root:") if word in answer.body], address
        assert untouched(trap), name


def test_seed_1_seed_3_cve_2026_56673_a_source_is_one_of_the_library_in_every_dialect(world: World, trap: Path) -> None:
    before = everything()
    for source in [*NAMES, *(f"library/{world.image.batch.uuid}/{name}" for name in NAMES)]:
        fox = {"prompt": "a fox"}
        answers = [
            in_json(world, "/prompt", {**fox, "original_image_path": source}),
            in_json(world, "/deleteimage", {"path": source}),
            *(in_json(world, "/api/v1/jobs", {**fox, f"source_{kind}": source}) for kind in ("image", "url", "file")),
            world.client.post("/advanced/", {**fox, "source_image": source}),
        ]
        assert [answer.status_code for answer in answers] == [422, 404, 422, 422, 422, 422], source
        assert untouched(trap), source
    assert everything() == before


def in_json(world: World, address: str, fields: dict[str, Any]) -> Any:
    world.client.cookies.clear()
    return world.client.post(address, fields, content_type="application/json")


def test_cve_2024_31462_a_name_never_becomes_a_path(world: World, trap: Path) -> None:
    KnownModel.objects.create(path=str(trap), name="secret", is_there=False)
    world.client.force_login(world.people["owner"])
    before, files = everything(), sorted(trap.parent.rglob("*"))
    for name in NAMES:
        sent: list[tuple[str, dict[str, str]]] = [
            *(("/advanced/", {"prompt": "a fox", setting: name}) for setting in ("model", "sampler")),
            ("/advanced/", {"prompt": f"a fox <lora:{name}:0.5>"}),
            ("/models/prediction/", {"model": name, "prediction_type": "epsilon"}),
            ("/downloads/", {"name": name}),
            ("/library/delete/", {"images": name}),
            ("/trash/restore/", {"images": name}),
        ]
        for address, fields in sent:
            assert world.client.post(address, fields).status_code in (400, 404, 422), (address, fields)
        assert untouched(trap), name
    assert sorted(trap.parent.rglob("*")) == files
    assert everything() == before


def test_invokeai_9018_whose_the_picture_is_decides_not_whose_batch_holds_a_copy(world: World, settings: Any) -> None:
    settings.PLAYGROUND_DELETE = "owner"
    for method, address in (("DELETE", f"/api/v1/images/{world.image.uuid}"), ("POST", "/library/delete/")):
        source = {"prompt": "a crow", "source_image": str(world.image.uuid)}
        assert world.send("other visitor", "POST", "/advanced/", {}, **form(source)).status_code == 302
        images = {"images": str(world.image.uuid)}
        answer = world.send("other visitor", method, address, {}, **(form(images) if method == "POST" else {}))
        assert answer.status_code == 403
    assert Job.objects.filter(visitor="other visitor").count() == 2
    assert Image.objects.kept().filter(pk=world.image.pk).exists()


def form(fields: dict[str, str]) -> dict[str, str]:
    sent = "&".join(f"{name}={quote(value)}" for name, value in fields.items())
    return {"data": sent, "content_type": "application/x-www-form-urlencoded"}
