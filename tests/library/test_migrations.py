"""A library from before searches: its rows are found afterwards, and the way back is open."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from library.models import Batch
from library.search import Search

pytestmark = pytest.mark.django_db(transaction=True)
RECIPE = {"prompt": "a fox", "seed": 41, "width": 512, "height": 256, "downsampling_factor": 4, "steps": 20}


def migrate(name: str) -> Any:
    """The apps as they are at that migration."""
    executor = MigrationExecutor(connection)
    executor.migrate([("library", name)])
    return executor.loader.project_state([("library", name)]).apps


@pytest.fixture
def before() -> Iterator[Any]:
    yield migrate("0001_initial")
    call_command("migrate", "library", verbosity=0)


def test_what_older_recipes_say_goes_into_the_columns_and_the_index(before: Any) -> None:
    old = before.get_model("library", "Batch")
    recipes = [{**RECIPE, "model": "tiny", "guidance_scale": 7.5}, {"prompt": "a fox"}, {"prompt": "x", "steps": "?"}]
    for recipe in recipes:
        old.objects.create(uuid=uuid4(), words=recipe["prompt"], recipe=recipe, error="so that it is shown")
    call_command("migrate", "library", verbosity=0)
    first, *others = Batch.objects.order_by("pk")
    assert (first.model, first.seed, first.size, first.steps, first.guidance_scale) == ("tiny", 41, "1024x512", 20, 7.5)
    assert {(batch.model, batch.seed, batch.size, batch.steps) for batch in others} == {("", None, "", None)}
    assert all(batch.changed == batch.created for batch in (first, *others))
    assert len(Batch.objects.portion(9, search=Search.parse("fox"))) == 2


def test_the_way_back_leaves_the_rows(before: Any) -> None:
    call_command("migrate", "library", verbosity=0)
    Batch.objects.start(uuid4(), recipe=RECIPE, visitor="")
    assert migrate("0001_initial").get_model("library", "Batch").objects.get().words == "a fox"
