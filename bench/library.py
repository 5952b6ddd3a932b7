"""How fast pages are, and how fast the library finds, with 0, 1,000 and 100,000 images.

    python -m bench.library [IMAGES ...]

Each library is built in a temporary data folder by a process of its own, and asked through Django's test client, so
that a request goes through every middleware and template. Times are ms of 100 requests after a warm-up, each with the
number of its SQL statements. Arithmetic is timed in the same way: what of a p99 is this machine's own doing.
"""

import gc
import itertools
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from statistics import quantiles
from typing import Any
from uuid import UUID, uuid4

SIZES = (0, 1_000, 100_000)  # images
REQUESTS, WARM_UP = 100, 5
GOAL = 50.0  # ms, p99 at the largest size
STEPS = (100_000, 400_000)  # about as long as a picture's page and the library
PEOPLE = 20
SHAPES = ("a fox", "an owl", "a crow", "two cats", "a rocket", "a sunflower", "an apple", "a penguin", "a ship")
PLACES = ("in the snow", "on a red background", "at night", "by the sea", "in a forest", "on grass", "in the rain")
STYLES = ("oil painting", "photograph", "ink drawing", "pixel art", "watercolour", "mosaic", "poster", "stained glass")


def main() -> None:
    sizes = [int(size) for size in sys.argv[1:]] or SIZES
    tables = [_in_a_process_of_its_own(size) for size in sizes]
    heads = "".join(f"{f'{size:,} images':>27}" for size in sizes)
    print(f"{'':30}{heads}{'ratio':>8}")
    print(f"{'':30}" + f"{'p50':>9}{'p99':>8}{'queries':>10}" * len(sizes))
    for name in tables[-1]:
        rows = [table.get(name) for table in tables]
        columns = "".join(_column(row) for row in rows)
        known = [row for row in rows if row]
        warning = "" if known[-1]["p99"] <= GOAL else "  !"
        print(f"{name:30}{columns}{known[-1]['p50'] / known[0]['p50']:8.2f}{warning}")


def _column(row: dict[str, Any] | None) -> str:
    return f"{row['p50']:9.1f}{row['p99']:8.1f}{row['queries']:10}" if row else f"{'–':>9}{'–':>8}{'–':>10}"


def _in_a_process_of_its_own(size: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="playground-bench-") as folder:
        environment = {
            **os.environ,
            "PLAYGROUND_DATA": folder,
            "DJANGO_SETTINGS_MODULE": "playground.settings",
            "PYTHONWARNINGS": "ignore:No directory at",
            "BENCH_IMAGES": str(size),
        }
        run = subprocess.run(
            [sys.executable, "-m", "bench.library"], env=environment, stdout=subprocess.PIPE, text=True, check=True
        )
    return dict(json.loads(run.stdout))


def child(size: int) -> None:
    import django
    from django.conf import settings
    from django.core.management import call_command

    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    django.setup()
    call_command("migrate", verbosity=0)
    began = time.monotonic()
    build(size)
    print(f"{size:,} images built in {time.monotonic() - began:.0f} s", file=sys.stderr)
    gc.collect()
    gc.freeze()  # what was built is no request's rubbish
    asked = [*pages(), *(requests() if size else ())]
    table = {f"arithmetic, {steps:,} steps": arithmetic(steps) for steps in STEPS}
    table |= {name: measure(path, **headers) for name, path, headers in asked}
    print(json.dumps(table))


def build(size: int) -> None:
    """Rows in batches of three, of many words, some models and few favourites; files for the batches asked for."""
    from django.contrib.auth.models import User

    from library.models import Batch, Image

    User.objects.bulk_create([User(pk=number + 1, username=f"person{number}") for number in range(PEOPLE)])
    chance = random.Random(7)
    batches = [_batch(number, size // 3, chance) for number in range(size // 3)]
    Batch.objects.bulk_create(batches, batch_size=500)
    images = [_image(batch, position, chance) for batch in batches for position in (1, 2, 3)]
    Image.objects.bulk_create(images, batch_size=500)
    if batches:
        _write_files(batches[len(batches) // 2])


def _batch(number: int, count: int, chance: random.Random) -> Any:
    from datetime import timedelta

    from django.utils import timezone

    from library.facts import facts
    from library.models import Batch

    words = f"{chance.choice(SHAPES)} {chance.choice(PLACES)}, {chance.choice(STYLES)}, variation {number % 997}"
    words += ", zeppelin" if number == count // 2 else ""
    recipe = {
        "prompt": words,
        "negative_prompt": "blurry, low quality, watermark" if number % 2 else "",
        "num_images": 3,
        "seed": chance.randrange(2**32 - 3),
        "width": chance.choice((512, 512, 768)),
        "height": 512,
        "steps": chance.choice((10, 20, 50)),
        "guidance_scale": chance.choice((4.0, 7.5, 9.0)),
        "eta": 0.0,
        "sampler": chance.choice(("DDIM", "PLMS", "DPM++ 2M")),
        "downsampling_factor": 8,
        "model": chance.choice(("demo model", "sd-v1-5", "anything", "dreamlike")),
    }
    created = timezone.now() - timedelta(minutes=count - number + 5)
    return Batch(
        uuid=UUID(int=chance.getrandbits(128)), words=words, recipe=recipe, visitor=f"visitor {number % 40}",
        person_id=number % PEOPLE + 1 if number % 3 else None,
        created=created, changed=created, seconds=7.5, **facts(recipe),
    )  # fmt: skip


def _image(batch: Any, position: int, chance: random.Random) -> Any:
    from library.models import Image

    return Image(
        uuid=UUID(int=chance.getrandbits(128)), batch=batch, position=position, seed=batch.seed + position - 1,
        width=64, height=64, pixels=f"{chance.getrandbits(256):064x}", favourite=chance.random() < 0.05,
        created=batch.created,
    )  # fmt: skip


def _write_files(batch: Any) -> None:
    from PIL import Image as Pillow

    from library import png
    from library.models import Image

    batch.folder.mkdir(parents=True)
    for image in Image.objects.filter(batch=batch).select_related("batch"):
        picture = Pillow.effect_noise((64, 64), 90)
        png.write(image.path, png.encode(picture, batch.recipe, seed=image.seed or 0).data)


def pages() -> Iterator[tuple[str, str, dict[str, str]]]:
    """As `requests`: what does not depend on the library, with three jobs in the queue that somebody else sent."""
    from django.test import Client

    from bench.visitor import POLLING
    from generation import queue
    from generation.engine.recipe import Recipe

    jobs = [queue.submit(Recipe(prompt=f"a fox {number}", seed=number)) for number in range(3)]
    home = Client(headers={"host": "localhost"}).get("/").content.decode()
    polls = {name: address.replace("&amp;", "&") for name, address, _ in POLLING.findall(home)}
    htmx = {"HX-Request": "true"}
    yield "home", "/", {}
    yield "advanced", "/advanced/", {}
    yield "models", "/models/", {}
    yield "inspiration", "/inspiration/", {}
    yield "a job's page", f"/jobs/{jobs[0].uuid}/", {}
    yield "a job's card", f"/jobs/{jobs[0].uuid}/card/", htmx
    yield "the queue's panel", "/queue/", htmx
    yield "queue: a poll, nothing new", polls["queue"], htmx
    yield "status: a poll, nothing new", polls["status"], htmx
    yield "library", "/library/", {}


def requests() -> Iterator[tuple[str, str, dict[str, str]]]:
    """(what it is, its address, headers)."""
    from urllib.parse import urlencode

    from library.models import Batch, Image

    batches, count = Batch.objects.order_by("-created", "-pk"), Batch.objects.count()
    newest, far, middle = batches[0], batches[count * 9 // 10], batches[count - 1 - count // 2]
    image = Image.objects.select_related("batch").filter(batch=middle)[1]
    htmx = {"HX-Request": "true"}

    def search(q: str) -> str:
        return f"/library/?{urlencode({'q': q})}"

    yield "a portion far down", f"/library/?before={far.uuid}", htmx
    yield "a common word", search("fox"), {}
    yield "a common beginning (a)", search("a"), {}
    yield "the same, far down", search("a") + f"&before={far.uuid}", htmx
    yield "two words, one excluded", search('"oil painting" snow -owl'), {}
    yield "a rare word", search("zeppelin"), {}
    yield "a word that is nowhere", search("nowhere"), {}
    yield "seed:", search(f"seed:{image.seed}"), {}
    yield "seed: that is nowhere", search("seed:4294967295"), {}
    yield "fav:yes", search("fav:yes"), {}
    yield "fav:no", search("fav:no"), {}
    yield "size:", search("size:512x512"), {}
    yield "steps and model", search('steps:>20 model:"demo model"'), {}
    yield "steps and model, nothing", search("steps:>200 model:anything"), {}
    yield "word and filters", search("rocket steps:>20 fav:yes size:768x512"), {}
    yield "source:yes, nothing", search("source:yes"), {}
    yield "by: a name", search("by:person7"), {}
    yield "by: a name, far down", search("by:person7") + f"&before={far.uuid}", htmx
    yield "by: nobody's name", search("by:nobody"), {}
    yield "by:me, nothing", search("by:me"), {}
    yield "by:visitor and a word", search("by:visitor rocket"), {}
    yield "a day long ago", search("before:2020-01-01"), {}
    yield "a batch's page", middle.page_url, {}
    yield "a picture's page", image.page_url, {}
    yield "a picture's page, searching", f"{image.page_url}?{urlencode({'q': 'zeppelin'})}", {}
    yield "a picture's file", image.download_url, {}
    yield "a poll with nothing new", f"/library/?since={int(time.time() * 1000)}&newest={newest.uuid}&q=", htmx
    yield "the same, searching", f"/library/?since={int(time.time() * 1000)}&newest={uuid4()}&q=zeppelin+fav:yes", htmx


_askers = itertools.count(1)


def measure(path: str, **headers: str) -> dict[str, float]:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    # From an address of its own: what one sender may ask for is limited.
    client = Client(headers={"host": "localhost", **headers}, REMOTE_ADDR=f"10.0.0.{next(_askers)}")
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(path)
    count = len(queries)  # now: the next request empties the log
    assert answer.status_code in (200, 204), (path, answer.status_code)
    return {**_timed(lambda: b"".join(client.get(path))), "queries": count}


def arithmetic(steps: int) -> dict[str, float]:
    return {**_timed(lambda: sum(step * step for step in range(steps))), "queries": 0}


def _timed(call: Callable[[], object]) -> dict[str, float]:
    times = []
    for number in range(WARM_UP + REQUESTS):
        began = time.perf_counter()
        call()
        if number >= WARM_UP:
            times.append((time.perf_counter() - began) * 1000)
    cuts = quantiles(times, n=100)
    return {"p50": cuts[49], "p99": cuts[98]}


if __name__ == "__main__":
    if images := os.environ.get("BENCH_IMAGES"):
        child(int(images))
    else:
        main()
