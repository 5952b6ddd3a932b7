"""What people do on the pages, in one line each."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

LONG = 40  # steps: with 30 images far longer than any test


def ask_for(page: Page, prompt: str, images: int = 3, steps: int | None = None) -> Locator:
    """Write a prompt on the home page and press the button; the job's card.

    Args:
        steps: sent along, although this page has no field for it.
    """
    if steps:
        field = f'<input type="hidden" name="steps" value="{steps}">'
        page.locator("#composer").evaluate("(form, field) => form.insertAdjacentHTML('beforeend', field)", field)
    page.get_by_label("Prompt").fill(prompt)
    page.get_by_role("spinbutton", name="Images").fill(str(images))
    page.get_by_role("button", name="Generate").click()
    card = page.get_by_role("article").filter(has=page.get_by_role("heading", name=prompt))
    expect(card.first).to_be_visible()
    return card


def seed_of(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Seed")


def queue_of(page: Page) -> Locator:
    return page.get_by_role("complementary", name="Queue").get_by_role("listitem")


def findings(page: Page) -> list[str]:
    """What axe has to say of the page."""
    return [
        f"{violation['id']}: {node['html'][:200]} {node.get('failureSummary', '')[:300]}"
        for violation in Axe().run(page).response["violations"]
        for node in violation["nodes"]
    ]
