"""A picture dropped, dragged, pasted or chosen fills in the prompt's form."""

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Page, expect

from library import png
from tests.browser.pages import ask_for, seed_of
from tests.library.files import exif, with_exif
from tests.library.test_comfyui import GRAPH
from tests.library.test_infotext import EXAMPLE
from tests.library.test_png import RECIPE, a_picture, saved_as
from tests.library.test_settings_of import a_png
from tests.site import Site

Visit = Callable[..., Page]

OURS = png.encode(a_picture(), {**RECIPE, "prompt": "a red apple", "negative_prompt": "fog", "steps": 7}, seed=77).data
CARRIER = """([name, data]) => {
    const type = `image/${name.split(".").pop()}`;
    const carrier = new DataTransfer();
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    carrier.items.add(new File([bytes], name, { type }));
    return carrier;
}"""
LINK = "(address) => { const carrier = new DataTransfer(); carrier.setData('text/uri-list', address); return carrier; }"
PASTE = """(prompt, clipboardData) => prompt.dispatchEvent(
    new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }),
)"""
STORE = """
from library.models import Batch, Image
from library.png import encode
from PIL import Image as Pillow
from tests.library.test_png import RECIPE
import uuid
recipe = {**RECIPE, "prompt": "a rocket"}
batch = Batch.objects.start(uuid.uuid4(), recipe=recipe, visitor="")
print(Image.objects.store(encode(Pillow.effect_noise((64, 64), 90), recipe, seed=78), batch=batch, position=1).url)
"""


def file(data: bytes, name: str = "fox.png") -> FilePayload:
    return {"name": name, "mimeType": "image/png", "buffer": data}


def carry(page: Page, data: bytes, name: str = "fox.png") -> Any:
    """What the browser hands over when a file is dragged or pasted."""
    return page.evaluate_handle(CARRIER, [name, base64.b64encode(data).decode()])


@pytest.fixture
def page(idle_site: Site, visit: Visit) -> Page:
    return visit(idle_site.url)


def is_filled(page: Page, words: str, seed: int) -> None:
    expect(page.get_by_label("Prompt")).to_have_value(words)
    expect(page.get_by_label("Prompt")).to_be_focused()
    expect(seed_of(page)).to_have_value(str(seed))


def test_a_dropped_picture_fills_in_its_settings_and_they_are_sent(page: Page, idle_site: Site) -> None:
    composer, carrier = page.locator("#composer"), carry(page, OURS)
    page.get_by_label("Prompt").dispatch_event("dragover", {"dataTransfer": carrier})
    expect(composer).to_have_class(re.compile("awaits"))
    page.get_by_label("Prompt").dispatch_event("drop", {"dataTransfer": carrier})
    is_filled(page, "a red apple", 77)
    expect(composer).not_to_have_class(re.compile("awaits"))
    expect(composer).to_contain_text("Settings from fox.png, made with tiny by Playground.")
    expect(page.locator("#said")).to_have_text(re.compile("Settings from fox.png"))

    page.get_by_role("button", name="Generate").click()
    expect(page.get_by_role("article")).to_have_count(1)
    [row] = idle_site.rows("SELECT recipe FROM generation_job ORDER BY id DESC LIMIT 1")
    recipe = json.loads(row["recipe"])
    assert (recipe["negative_prompt"], recipe["steps"], recipe["width"]) == ("fog", 7, 512)


def test_a_webp_of_another_tool_is_dropped_like_any(page: Page) -> None:
    data = with_exif("WEBP", exif(Model=f"prompt:{json.dumps(GRAPH)}"))
    page.get_by_label("Prompt").dispatch_event("drop", {"dataTransfer": carry(page, data, "comfy.webp")})
    expect(page.get_by_label("Prompt")).to_have_value("a red fox in snow")
    expect(page.locator("#composer")).to_contain_text("from comfy.webp, made with v1-5-pruned-emaonly by ComfyUI.")
    expect(page.locator("#carried")).to_contain_text("without: text, watermark")


def test_a_chosen_picture_can_be_reset_and_another_chosen(page: Page, complaints: list[str]) -> None:
    chooser = page.get_by_label("Settings from a picture")
    chooser.set_input_files(file(a_png(parameters=EXAMPLE)))
    is_filled(page, "masterpiece, a red fox in snow, (detailed:1.2)\nsecond prompt line", 965400086)
    expect(page.locator("#carried")).to_contain_text("without: blurry, lowres")

    page.get_by_label("Prompt").fill("a red fox")
    page.get_by_role("button", name="Reset").click()
    expect(page.locator("#carried")).to_have_count(0)
    is_filled(page, "a red fox", 965400086)

    chooser.set_input_files(file(saved_as("PNG"), "bare.png"))
    expect(page.locator("#composer")).to_contain_text("There are no settings in bare.png")
    is_filled(page, "a red fox", 965400086)
    assert "422" in complaints.pop()  # the browser names every such answer
    chooser.set_input_files(file(OURS))
    is_filled(page, "a red apple", 77)


def test_a_picture_of_this_site_can_be_dragged_from_its_page(
    page: Page, idle_site: Site, complaints: list[str]
) -> None:
    address = idle_site.url + idle_site.command("shell", "-v0", "-c", STORE).stdout.strip()
    page.get_by_label("Prompt").dispatch_event("drop", {"dataTransfer": page.evaluate_handle(LINK, address)})
    is_filled(page, "a rocket", 78)
    expect(page.locator("#composer")).to_contain_text("Settings from a-rocket-78.png, made with tiny by Playground.")

    gone = page.evaluate_handle(LINK, re.sub("[0-9a-f]{8}-", "00000000-", address))
    page.get_by_label("Prompt").dispatch_event("drop", {"dataTransfer": gone})
    expect(page.get_by_role("alert")).to_have_text("That picture is not there any more.")
    assert "404" in complaints.pop()
    other = page.evaluate_handle(LINK, "https://example.org/library/x.png")
    page.get_by_label("Prompt").dispatch_event("drop", {"dataTransfer": other})
    expect(page.get_by_role("alert")).to_contain_text("That is no picture of this site.")


def test_a_file_can_be_pasted_into_the_prompt(page: Page) -> None:
    page.get_by_label("Prompt").evaluate(PASTE, carry(page, OURS))
    is_filled(page, "a red apple", 77)


def test_the_promised_time_is_for_the_settings_that_are_carried(site: Site, visit: Visit) -> None:
    page = visit(f"{site.url}/?steps=200&num_images=30")  # the demo model's own are 20
    promise = page.locator("#promise")
    expect(promise).to_have_text(re.compile("^about .*min"))
    long = promise.inner_text()
    page.get_by_role("button", name="Reset").click()
    expect(promise).not_to_have_text(long)
    expect(promise).to_have_text(re.compile("^about"))


def test_a_file_beyond_the_limit_is_not_sent(page: Page, tmp_path: Path) -> None:
    page.get_by_label("Prompt").fill("a crow")
    with (tmp_path / "big.png").open("wb") as big:
        big.truncate(33 * 1024 * 1024)
    page.get_by_label("Settings from a picture").set_input_files(tmp_path / "big.png")
    expect(page.get_by_role("alert")).to_have_text("That is too large: 32 MiB are the most that is read.")
    ask_for(page, "a crow")


def test_all_of_it_works_without_javascript(idle_site: Site, visit: Visit) -> None:
    page = visit(idle_site.url, java_script_enabled=False)
    page.get_by_label("Settings from a picture").set_input_files(file(OURS))
    page.get_by_role("button", name="Take its settings").click()
    is_filled(page, "a red apple", 77)
    expect(page.locator("#carried")).to_contain_text("7 steps")
    page.get_by_role("button", name="Reset").click()
    is_filled(page, "a red apple", 77)
    expect(page.locator("#carried")).to_have_count(0)
    page.get_by_role("button", name="Generate").click()
    page.wait_for_url("**/jobs/*-*/")
