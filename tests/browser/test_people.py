"""What people are told in a browser who may not do a thing, or have to say who they are first."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.pages import ask_for
from tests.site import Site

Visit = Callable[..., Page]

FILL_UP = """
from generation import queue
from generation.engine.recipe import Recipe
from generation.models import Job
for _ in range({count}):
    queue.submit(Recipe(prompt="a ship", seed=1, width=64, height=64), visitor=Job.objects.latest("pk").visitor)
"""


def shell(site: Site, script: str) -> str:
    ran = site.command("shell", "--verbosity", "0", "--command", script)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


def test_one_job_too_many_is_told_and_leaves_the_form_as_it_was(
    idle_site: Site, visit: Visit, complaints: list[str]
) -> None:
    page = visit(idle_site.url)
    ask_for(page, "a fox")
    shell(idle_site, FILL_UP.format(count=19))
    for path, place in (("/", "Images"), ("/advanced/", "Steps")):
        page.goto(idle_site.url + path)
        page.get_by_label("Prompt").fill("a hen with a hat")
        page.get_by_role("spinbutton", name=place).fill("9")
        page.get_by_role("button", name="Generate").click()
        expect(page.get_by_role("alert").filter(has_text="You have 20 jobs waiting")).to_be_visible()
        expect(page.get_by_label("Prompt")).to_have_value("a hen with a hat")
        expect(page.get_by_role("spinbutton", name=place)).to_have_value("9")
    complaints[:] = [text for text in complaints if "429" not in text]
