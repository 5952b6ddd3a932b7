"""Every page and state, in both themes: what axe finds, and targets that a finger can hit."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page

from tests.browser.pages import findings
from tests.site import Site

Visit = Callable[..., Page]

EVERYTHING = """
import base64, uuid
from PIL import Image as Pillow
from generation import queue
from generation.engine.recipe import Recipe
from generation.models import Job, KnownModel, Worker
from library.models import Batch, Image
from library.png import preview
from tests.library.make import a_batch, an_image, trashed
fox, owl = a_batch("a fox in the snow"), a_batch("an owl", error="The device ran out of memory.")
images = [an_image(batch, position) for batch in (fox, owl) for position in (1, 2)]
Batch.objects.filter(pk=owl.pk).update(remake_of=images[0])
Image.objects.filter(pk=images[0].pk).update(favourite=True)
trashed(an_image(fox, 3))
def job(state, **fields):
    recipe = Recipe(prompt="a job that is " + state, seed=7, width=64, height=64, steps=10)
    made = queue.submit(recipe, visitor="{visitor}", **fields)
    Job.objects.filter(pk=made.pk).update(state=state, **fields)
    return made
for state in ("done", "cancelled"):
    job(state)
job("failed", error="The device ran out of memory. Try a smaller picture.")
running = job("running", group_size=3, first=1, step=4, steps=10)
small = base64.b64encode(preview(Pillow.effect_noise((16, 16), 90))).decode()
looks = {{"job": str(running.uuid), "first": 1, "pictures": [small] * 3}}
worker = Worker.objects.create(host="here", pid=1, slot="cpu", state="generating", model="demo model", is_demo=True,
                               speed=1.0, preview=looks, notice="torn.ckpt cannot be loaded: it is torn.")
Job.objects.filter(pk=running.pk).update(worker=worker)
job("waiting")
for number, name in enumerate(("demo model", "another model")):
    KnownModel.objects.create(path=name, name=name, place=number, family="Stable Diffusion 2", words="Landscapes.",
                              size=5e9, prediction_type="epsilon", defaults={{"width": 768}}, speed=0.1, group_size=3)
KnownModel.objects.create(path="torn", name="torn", place=9, problem="torn cannot be read: it is torn.")
print(fox.uuid, images[0].uuid, images[2].uuid, running.uuid)
"""


@pytest.fixture
def addresses(idle_site: Site, visit: Visit) -> Iterator[dict[str, str]]:
    """Pages by name, with something of everything in them for the visitor whose cookie is kept here."""
    made = idle_site.command("shell", "--verbosity", "0", "--command", EVERYTHING.format(visitor="somebody"))
    assert made.returncode == 0, made.stderr
    batch, a, b, job = made.stdout.split()
    yield {
        "home": "/",
        "home with a promise": "/?prompt=a+fox&steps=40",
        "advanced": "/advanced/",
        "models": "/models/",
        "advanced over a source": f"/advanced/?settings_of={a}&source_image={a}&steps=300",
        "job": f"/jobs/{job}/",
        "library": "/library/",
        "nothing found": "/library/?q=nothing+sort:x",
        "batch": f"/library/{batch}/",
        "picture": f"/library/{batch}/1/",
        "comparison": f"/library/compare/?a={a}&b={b}",
        "trash": "/trash/",
        "inspiration": "/inspiration/",
        "api": "/api/docs/",
        "not found": "/nowhere/",
    }
    with idle_site.database() as connection:
        for table in ("generation_worker", "generation_knownmodel", "library_image", "library_batch"):
            connection.execute(f"DELETE FROM {table}")
        connection.commit()


@pytest.fixture
def cookie(idle_site: Site) -> dict[str, str]:
    """Makes a browser the visitor `somebody`."""
    sign = "from django.core import signing; print(signing.get_cookie_signer(salt='visitor').sign('somebody'))"
    signed = idle_site.command("shell", "--verbosity", "0", "--command", sign).stdout.strip()
    return {"name": "visitor", "value": signed, "url": idle_site.url}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(
    idle_site: Site, visit: Visit, addresses: dict[str, str], cookie: dict[str, str], theme: str, complaints: list[str]
) -> None:
    page = visit(idle_site.url, color_scheme=theme)
    page.context.add_cookies([cookie])
    found = []
    for name, address in addresses.items():
        page.goto(idle_site.url + address)
        found += [f"{name}: {finding}" for finding in findings(page)]
    complaints[:] = [text for text in complaints if "404" not in text]  # one of the pages
    assert not found, "\n".join(found)


SMALL = """() => [...document.querySelectorAll("button, input, select, summary, nav a, .quiet, a.picture, label.lock")]
    .filter((element) => element.checkVisibility() && !element.closest(".unseen") && element.type !== "hidden")
    .map((element) => [element, (element.closest("label") ?? element).getBoundingClientRect()])
    .filter(([element, box]) => box.width > 2 && (box.height < 43.5 || box.width < 43.5))
    .map(([element, box]) => `${element.outerHTML.slice(0, 120)} ${box.width} x ${box.height}`)"""
WIDER = "() => document.documentElement.scrollWidth > innerWidth"


def test_on_a_phone_targets_are_large_enough_and_no_page_is_wider(
    idle_site: Site, visit: Visit, addresses: dict[str, str], cookie: dict[str, str], complaints: list[str]
) -> None:
    page = visit(idle_site.url, viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True)
    page.context.add_cookies([cookie])
    small, wide = [], []
    for name, address in addresses.items():
        page.goto(idle_site.url + address)
        small += [f"{name}: {target}" for target in page.evaluate(SMALL)]
        wide += [name] if page.evaluate(WIDER) else []
    complaints[:] = [text for text in complaints if "404" not in text]
    assert wide == []
    assert not small, "\n".join(small)
