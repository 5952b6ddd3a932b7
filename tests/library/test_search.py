"""What people write into the search box: understood, written again, and found."""

import random
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from library.askers import NOBODY, Asker
from library.controls import merge, shown
from library.models import Batch, Image
from library.search import LONGEST, MOST_WORDS, Search

# Understood


@pytest.mark.parametrize(
    ("text", "usual"),
    [
        ("", ""),
        ("  a   fox ", "a fox"),
        ('"a  fox" -dog', '"a fox" -dog'),
        ('-"red apple', '-"red apple"'),
        ('steps:>20 fox model:"demo model"', 'fox model:"demo model" steps:>20'),
        ("STEPS:20 By:Me FAV:YES", "steps:20 by:me fav:yes"),
        ("by:Ada.Lovelace@home by:VISITOR", "by:visitor"),
        ("by:Ada+1", "by:Ada+1"),
        ("size:512X768 guidance:>=7.5 seed:10..20", "size:512x768 seed:10..20 guidance:>=7.5"),
        ("date:today after:2026-01-31", "after:2026-01-31 date:today"),
        ('sampler:"DPM++ 2M"', 'sampler:"DPM++ 2M"'),
        ("16:9 (fox:1.2) a:b", "16:9 (fox:1.2) a:b"),
        ("steps:10 steps:20", "steps:20"),
        ("http://example.org/x", "http://example.org/x"),
    ],
)
def test_a_search_has_one_usual_form_which_means_the_same(text: str, usual: str) -> None:
    search = Search.parse(text)
    assert str(search) == usual
    assert Search.parse(usual) == search
    assert bool(search) == bool(usual)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("steps:many", "“steps:many” is left out: steps takes a number, such as 20, >20, <=20 or 20..30."),
        ("steps:", "“steps:” is left out: steps takes a number, such as 20, >20, <=20 or 20..30."),
        ("seed:99999999999999999999999", "“seed:99999999999999999999999” is left out: seed takes a number"),
        ("seed:-1", "“seed:-1” is left out"),
        ("size:big", "size takes a size, such as 512x512."),
        ("date:2026-02-30", "date takes a day, such as 2026-05-31, today or yesterday."),
        ("after:9999-12-31", "after takes a day"),
        ("before:٢٠٢٦-٠١-٠١", "before takes a day"),
        ('by:"ada lovelace"', "by takes me, visitor or a name."),
        ("fav:perhaps", "fav takes yes or no."),
        ('model:""', "model takes a name."),
        ("colour:red", "There is no filter “colour:”; it is looked for as words."),
        ("-model:x", "only words can be excluded."),
        ("steps:10 steps:20", "“steps:” stands there twice; the last one counts."),
        ("!!!", "“!!!” has no letters or digits to look for."),
        ("fox " * 40, f"Only the first {MOST_WORDS} words are looked for."),
        ("x" * 501, f"Only the first {LONGEST} characters are looked at."),
    ],
)
def test_what_is_not_understood_is_said(text: str, problem: str) -> None:
    assert problem in " ".join(Search.parse(text).problems)


def test_what_is_understood_leaves_nothing_to_say() -> None:
    assert Search.parse('a "red fox" -dog model:x size:1x1 seed:1 steps:<=3 by:me date:today fav:no').problems == ()


def test_one_filter_can_be_set_and_taken_away() -> None:
    search = Search.parse("fox steps:20")
    assert str(search.with_filter("model", "demo model")) == 'fox model:"demo model" steps:20'
    assert str(search.with_filter("steps", "")) == str(search.without("steps")) == "fox"
    assert str(search.with_filter("steps", "nonsense")) == "fox"
    assert search.parts == [("fox", "steps:20"), ("steps:20", "fox")]


def test_the_controls_write_filters_and_leave_alone_what_they_cannot_show() -> None:
    search = Search.parse("fox steps:10..20 fav:no seed:7")
    assert merge(search, shown(search)) == search
    assert merge(Search.parse("by:ada"), shown(Search.parse("by:ada"))) == Search.parse("by:ada")
    controls = {**shown(search), "seed": "", "model": "demo model", "mine": "me", "from": "2026-01-31"}
    assert str(merge(search, controls)) == 'fox model:"demo model" steps:10..20 by:me after:2026-01-31 fav:no'
    assert str(merge(search, {**shown(search), "steps": "30", "seed": "\x00;"})) == "fox steps:>=30 fav:no"


# Found

ME = Asker("me")


def a_batch(words: str = "a fox", position: int = 1, **recipe: Any) -> Batch:
    settings = {"seed": 41, "steps": 20, "width": 512, "height": 512, "model": "demo model", "sampler": "DDIM"}
    recipe = {"prompt": words, "guidance_scale": 7.5, **settings, **recipe}
    batch = Batch.objects.start(uuid4(), recipe=recipe, visitor="me")
    an_image(batch, position)
    return batch


def an_image(batch: Batch, position: int) -> Image:
    seed = batch.recipe["seed"] + position - 1
    return Image.objects.create(batch=batch, position=position, seed=seed, width=8, height=8, pixels=f"{seed}")


def found(text: str, asker: Asker = ME) -> list[str]:
    search = Search.parse(text)
    return sorted(batch.words for batch in Batch.objects.portion(99, search=search, asker=asker))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("fox", {"a red fox", "foxes in the snow", "Fox; snow-white"}),
        ("FOX snow", {"foxes in the snow", "Fox; snow-white"}),
        ('"fox"', {"a red fox", "Fox; snow-white"}),
        ('"red fox"', {"a red fox"}),
        ('"fox red"', set()),
        ("snow-white", {"Fox; snow-white"}),
        ("fox -snow", {"a red fox"}),
        ("-fox -café", {"雪の中の狐"}),
        ("-fox -café -雪", set()),
        ("café", {"Café at night"}),
        ("雪の中", {"雪の中の狐"}),
        ("AND OR NOT NEAR", set()),
        ("words : fox", set()),
    ],
)
def test_words_are_found_by_their_beginnings_phrases_whole(text: str, words: set[str]) -> None:
    for prompt in ("a red fox", "foxes in the snow", "Fox; snow-white", "Café at night", "雪の中の狐"):
        a_batch(prompt)
    assert set(found(text)) == words


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL knows accents apart")
def test_an_accent_may_be_left_out() -> None:
    a_batch("Café at night")
    assert found("cafe") == found("CAFÉ") == ["Café at night"]


@pytest.mark.django_db
def test_the_words_are_kept_as_they_change_and_go() -> None:
    batch = a_batch("a fox")
    Batch.objects.update(words="an owl")
    assert (found("fox"), found("owl")) == ([], ["an owl"])
    batch.delete()
    assert found("owl") == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("model:tiny", "c"),
        ('model:"Demo Model"', "a b"),
        ("model:demo", ""),
        ("size:1024x512", "b"),
        ("seed:41", "a"),
        ("seed:102", "c"),  # a later picture's own
        ("seed:>41", "b c"),
        ("seed:41..60", "a b"),
        ("steps:20", "a"),
        ("steps:>20", "b c"),
        ("steps:20..29", "a"),
        ("steps:<50", "a b"),
        ("sampler:ddim", "a c"),
        ("guidance:7.5", "a c"),
        ("guidance:4..5", "b"),
        ("by:me", "a b"),
        ("source:yes", "b"),
        ("source:no", "a c"),
        ("fav:yes", "c"),
        ("fav:no", "a b"),
        ("date:today", "a b"),
        ("date:yesterday", ""),
        ("before:2020-06-15", "c"),
        ("before:2020-06-14", ""),
        ("after:2020-06-15 steps:>20", "b c"),
        ("after:2020-06-16", "a b"),
        ("fav:yes model:tiny picture", "c"),
        ("seed:999999999999999", ""),
        ("steps:<999999999999999 guidance:<999999999999999", "a b c"),
    ],
)
def test_filters_find(text: str, names: str) -> None:
    source = an_image(a_batch("picture a"), 2)
    recipe = {"seed": 51, "width": 512, "height": 256, "downsampling_factor": 4, "steps": 30, "guidance_scale": 4.5}
    a_batch("picture b", **recipe, sampler="PLMS", source_image=str(source.uuid))
    old = a_batch("picture c", seed=101, steps=50, model="tiny")
    moment = datetime(2020, 6, 15, 23, 59, tzinfo=timezone.get_current_timezone())
    Batch.objects.filter(pk=old.pk).update(created=moment, visitor="somebody")
    assert an_image(old, 2).set_favourite(True)
    assert found(text) == [f"picture {name}" for name in names.split()]


@pytest.mark.django_db
def test_a_visitor_without_a_mark_has_no_pictures() -> None:
    Batch.objects.filter(pk=a_batch().pk).update(visitor="")
    assert found("by:me", NOBODY) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "names"),
    [("by:ada", "a"), ("by:ADA", "a"), ("by:bob", "b"), ("by:nobody", ""), ("by:visitor", "c d"), ("by:me", "a c")],
)
def test_a_name_finds_what_its_account_has_made(text: str, names: str) -> None:
    people = [User.objects.create_user(name) for name in ("ada", "bob")]
    for letter, visitor, person in zip("abcd", ("me", "me", "me", "you"), [*people, None, None], strict=True):
        Batch.objects.filter(pk=a_batch(f"picture {letter}").pk).update(visitor=visitor, person=person)
    Batch.objects.filter(pk=a_batch("picture that was imported").pk).update(visitor="", origin="ComfyUI")
    assert found(text, Asker("me", people[0])) == [f"picture {name}" for name in names.split()]


@pytest.mark.django_db
def test_of_favourites_only_the_favourite_pictures_are_shown(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for _ in range(3):
        an_image(a_batch(), 2).set_favourite(True)
    with django_assert_num_queries(2):
        shown = [batch.kept_images for batch in Batch.objects.portion(9, search=Search.parse("fav:yes fox"))]
    assert [[image.position for image in images] for images in shown] == [[2]] * 3


@pytest.mark.django_db
def test_portions_of_a_search_follow_each_other_without_gap_or_overlap() -> None:
    moment = timezone.now()
    for number in range(12):
        batch = a_batch("a fox" if number % 2 else "an owl")
        Batch.objects.filter(pk=batch.pk).update(created=moment + timedelta(seconds=number // 4))
    search, got = Search.parse("fox"), list[Batch]()
    while portion := Batch.objects.portion(2, search=search, after=got[-1] if got else None):
        got += portion
    assert got == list(Batch.objects.filter(words="a fox").order_by("-created", "-pk"))
    assert len(got) == 6


HOSTILE = [
    "\x00", "a\x00b", "\ud800", "fox\udfff", "\ufffe \uffff", "'", '"', '"""', "''; DROP TABLE library_batch; --", "*",
    "fox*", "NEAR(a b)", "a AND", "OR", "NOT a", "^fox", "words:fox", "{a b}: c", "+ + +", "- - -", '-"', "%", "_",
    "\\", "fox:*", "a & b | !c", "<->", ":*", "()", "((((", "steps:>", "steps:..", "guidance:1e9", "seed:0x1",
    "size:0x0", "size:99999x99999", "model:%", "model:\x00", "date:0000-00-00", "date:2026-13-01", "after:today..",
    "x" * 10_000, "fox " * 2_500, '"' * 10_000, "-a " * 3_000, "🦊", "e\u0301", "\u202e", "ß", "İ",
    "ﷺ" * 500, "seed:" + "9" * 15,
]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_anybody_writes_is_an_error(text: str) -> None:
    a_batch()
    search = Search.parse(text)
    found(text)
    assert len(str(search)) < 2 * LONGEST + 200
    assert Search.parse(str(search)).filters == search.filters


@pytest.mark.django_db
def test_nor_is_chance() -> None:
    a_batch()
    chance = random.Random(1)
    pieces = ["fox", '"', "-", ":", "steps:", "seed:", ">", "..", "7", " ", "(", ")", "*", "AND", "\x00", "\ud800", "é"]
    for _ in range(300):
        found("".join(chance.choices(pieces, k=chance.randrange(1, 12))))


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL drops no triggers")
def test_no_later_migration_has_dropped_the_triggers_with_the_table() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'library_batch'")
        names = {name for (name,) in cursor.fetchall()}
    assert names == {"library_words_added", "library_words_removed", "library_words_changed"}
