"""Random prompts: different, deterministic, in good English, and one click from the prompt box."""

import random
import re
from html import unescape
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from generation import inspiration, status
from generation.forms import LONGEST
from generation.inspiration import DEMO_FAMILIES, DEMO_RULES, FAMILIES, RULES, prompts
from generation.models import Worker
from tests.pages import browser
from tests.site import ROOT


@pytest.fixture(autouse=True)
def fresh(settings: Settings, tmp_path: Path) -> None:
    settings.PLAYGROUND_LIBRARY = tmp_path


@pytest.fixture
def client() -> Client:
    return browser()


def ideas(client: Client) -> list[tuple[str, str]]:
    """(address, words) of every link that the page offers."""
    page = client.get("/inspiration/").content.decode()
    return [(unescape(href), unescape(words)) for href, words in re.findall(r'<li><a href="([^"]+)">([^<]+)', page)]


@pytest.mark.parametrize(("families", "rules"), [(FAMILIES, RULES), (DEMO_FAMILIES, DEMO_RULES)])
def test_the_grammar_is_whole(families: dict[str, tuple[str, ...]], rules: dict[str, tuple[str, ...]]) -> None:
    texts = [text for group in (families, rules) for alternatives in group.values() for text in alternatives]
    assert {name for text in texts for name in re.findall(r"\{(\w+)\}", text)} == set(rules)
    for alternatives in rules.values():
        assert len(set(alternatives)) == len(alternatives) > 4


@pytest.mark.parametrize("is_demo", [True, False])
def test_prompts_are_many_different_and_in_good_english(is_demo: bool) -> None:
    found = prompts(random.Random(1), 1500, is_demo=is_demo)
    assert len(set(found)) == 1500
    for prompt in found:
        assert not re.search(r"[{}]|  |\s$|\ba [aeio]|\ban [^aeiou]", prompt), prompt
        assert 10 < len(prompt) < LONGEST


def test_the_same_generator_gives_the_same_prompts() -> None:
    assert prompts(random.Random(5)) == prompts(random.Random(5)) != prompts(random.Random(6))


def test_of_the_demo_model_only_what_it_knows_is_asked() -> None:
    known = " ".join((ROOT / "demo_model" / "README.md").read_text().split())
    for name in ("bare", "surroundings"):
        assert [text for text in DEMO_RULES[name] if text not in known] == []


@pytest.mark.django_db
def test_ten_prompts_are_each_a_link_to_the_prompt_box(client: Client) -> None:
    status.current()
    found = ideas(client)
    assert len({words for _, words in found}) == inspiration.COUNT
    for address, words in found:
        form = client.get(address).content.decode()
        assert unescape(form[form.index("<textarea") :].split(">", 1)[1].split("<")[0]) == words
    assert ideas(client) != found


@pytest.mark.django_db
def test_with_the_demo_model_its_own_subjects_are_asked_for(client: Client) -> None:
    Worker.objects.create(host="here", pid=1, state="ready", is_demo=True, model="demo model")
    for _, words in ideas(client):
        assert any(bare in words for bare in (*DEMO_RULES["bare"], "owl", "elephant", "octopus", "airplane"))


@pytest.mark.django_db
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_surprise_me_writes_a_prompt_and_keeps_the_rest(client: Client, headers: dict[str, str]) -> None:
    fields = {"prompt": "half writ", "num_images": 6, "seed": 42, "keep_seed": "on", "steps": 33, "surprise": 1}
    answer = client.post("/jobs/", fields, headers=headers)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert ("<html" in page) is not bool(headers)
    assert "half writ" not in page
    assert re.search(r"<textarea[^>]*>[^<]{10,}</textarea>", page)
    assert 'value="42"' in page
    assert '<input type="hidden" name="steps" value="33">' in page
    assert re.search(r'name="num_images"[^>]*value="6"', page)
    assert "checked" in page[page.index("id_keep_seed") :][:60]
    if headers:
        assert (answer["HX-Retarget"], answer["HX-Reswap"]) == ("#composer", "outerHTML")
    assert client.get("/queue/").content.decode().count("<li") == 0
