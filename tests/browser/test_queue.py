"""Several people, several jobs: who sees what, and what a page does while jobs run."""

import re
import time
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.pages import LONG, ask_for, queue_of
from tests.site import Site

Visit = Callable[..., Page]


def test_each_sees_the_others_jobs_but_only_ones_own_are_marked_and_can_be_cancelled(site: Site, visit: Visit) -> None:
    ada, bob = visit(site.url), visit(site.url)
    ask_for(ada, "ada's fox", 30, LONG)
    ask_for(bob, "bob's crow", 30, LONG)
    for page, mine in ((ada, "ada's fox"), (bob, "bob's crow")):
        expect(queue_of(page)).to_have_count(2)
        expect(page.locator("#queue .mine")).to_have_count(1)
        expect(page.locator("#queue .mine")).to_contain_text(mine)
        expect(page.get_by_role("article")).to_have_count(1)

    bob.get_by_role("link", name="ada's fox").click()
    expect(bob.get_by_role("article")).to_contain_text("ada's fox")
    expect(bob.get_by_role("button", name="Cancel")).to_have_count(0)


def test_a_running_job_that_is_cancelled_keeps_its_pictures_and_the_next_one_starts(site: Site, visit: Visit) -> None:
    page = visit(site.url)
    fox, crow = ask_for(page, "a fox", 30, LONG), ask_for(page, "a crow", 30, LONG)
    expect(fox.get_by_role("img").first).to_be_visible()
    expect(crow).to_contain_text("you are next, done in about")
    fox.get_by_role("button", name="Cancel").click()
    expect(fox).to_contain_text("cancelled; what was finished is kept")
    expect(fox.locator("header").get_by_role("button")).to_have_count(0)
    expect(crow).to_contain_text("of 30, step")


def test_a_waiting_job_tells_its_place_as_the_others_go(site: Site, visit: Visit) -> None:
    page = visit(site.url)
    ask_for(page, "a fox", 30, LONG)
    crow, owl = ask_for(page, "a crow"), ask_for(page, "an owl")
    expect(owl).to_contain_text("you are second")
    crow.get_by_role("button", name="Cancel").click()
    expect(crow).to_contain_text("cancelled")
    expect(owl).to_contain_text("next")
    expect(queue_of(page)).to_have_count(2)


def test_a_card_is_renewed_without_touching_focus_scrolling_or_the_pictures(site: Site, visit: Visit) -> None:
    page = visit(site.url)
    job = ask_for(page, "a fox", 30, LONG)
    picture = job.get_by_role("link").nth(1)
    expect(picture).to_be_visible()
    picture.evaluate("element => { element.dataset.mark = 'the same' }")
    for focused in (picture, job.get_by_role("button", name="Cancel"), page.get_by_label("Prompt")):
        words = job.locator(".words").inner_text()
        focused.focus()
        scrolled = page.evaluate("scrollY")
        expect(job.locator(".words")).not_to_have_text(words)
        expect(focused).to_be_focused()
        assert page.evaluate("scrollY") == scrolled
        expect(picture).to_have_attribute("data-mark", "the same")


def test_ones_own_running_job_is_asked_for_every_second_and_the_queue_every_three(site: Site, visit: Visit) -> None:
    ada, bob = visit(site.url), visit(site.url)
    expect(ada.locator("#queue")).to_have_attribute("hx-trigger", re.compile("^every 15s,"))
    job = ask_for(ada, "a fox", 30, LONG)
    expect(job).to_have_attribute("hx-trigger", "every 1s")
    expect(ada.locator("#queue")).to_have_attribute("hx-trigger", re.compile("^every 3s,"))
    expect(ask_for(bob, "a crow")).to_have_attribute("hx-trigger", "every 1s")  # the next one
    expect(ask_for(bob, "an owl")).to_have_attribute("hx-trigger", "every 3s")
    bob.goto(site.url + (job.get_by_role("link").first.get_attribute("href") or ""))
    expect(bob.get_by_role("article")).to_have_attribute("hx-trigger", "every 3s")


def test_what_has_not_changed_is_answered_with_nothing(idle_site: Site, visit: Visit) -> None:
    page = visit(idle_site.url)
    ask_for(page, "a fox")
    for poll in ("/card/?v=", "/queue/?v="):
        page.wait_for_event("response", lambda answer, poll=poll: poll in answer.url and answer.status == 204)


def test_a_hidden_tab_asks_for_no_more_than_ones_own_job_and_once_when_it_is_seen_again(
    idle_site: Site, visit: Visit
) -> None:
    page, clock = visit(idle_site.url), visit(idle_site.url)
    ask_for(page, "a fox")
    page.evaluate("Object.defineProperty(document, 'hidden', { get: () => !window.isSeen })")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.resource_type == "xhr" else None)

    hidden = time.monotonic()
    ask_for(clock, "a crow")
    clock.wait_for_event("response", lambda answer: "/queue/?v=" in answer.url and answer.status == 204)  # after 3 s
    assert all("/card/" in url for url in asked)
    assert len(asked) <= 1 + (time.monotonic() - hidden) / 5  # s
    asked.clear()
    with page.expect_response("**/card/?v=*"), page.expect_response("**/queue/?v=*"):
        page.evaluate("window.isSeen = true; document.dispatchEvent(new Event('visibilitychange'))")
    assert len(asked) == len(set(asked))


def test_a_job_that_failed_says_why_and_can_be_tried_again(idle_site: Site, visit: Visit) -> None:
    page = visit(idle_site.url)
    job = ask_for(page, "a fox")
    with idle_site.database() as connection:
        connection.execute("UPDATE generation_job SET state = 'failed', error = 'No memory.', version = 2")
        connection.commit()
    expect(job).to_contain_text("No memory.")
    expect(page.locator("#said")).to_have_text("Failed: a fox")
    job.get_by_role("button", name="Try again").click()
    expect(job).to_contain_text(["next", "No memory."])
    job.nth(1).get_by_role("link").click()
    page.get_by_role("button", name="Try again").click()
    expect(job).to_contain_text(["you are second", "No memory."])


def test_the_pages_say_that_no_worker_runs(idle_site: Site, visit: Visit) -> None:
    page = visit(idle_site.url)
    for path in ("/", "/library/"):
        page.goto(idle_site.url + path)
        expect(page.locator("#status")).to_have_text("No worker")
        expect(page.locator("#banner")).to_contain_text("No worker is running. Jobs wait until its owner starts it")
    page.goto(idle_site.url)
    expect(ask_for(page, "a fox")).not_to_contain_text("done in about")
