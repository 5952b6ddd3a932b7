"""How many jobs a second workers can take off one queue; `bench.scale` starts several at once.

    python -m bench.claims fill 20000
    python -m bench.claims take 4

With DATABASE_URL set, as a worker has it. `fill` empties the queue first; `take` waits for a line, takes jobs for so
many s, and prints how many.
"""

import os
import sys
import time


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "playground.settings")
    import django

    django.setup()
    what, number = sys.argv[1:]
    if what == "fill":
        fill(int(number))
    else:
        take(float(number))


def fill(count: int) -> None:
    from generation.engine.recipe import Recipe
    from generation.models import Job, Prompt

    Job.objects.all().delete()
    recipe = Recipe(prompt="a red apple", seed=1)
    prompt = Prompt.objects.remember(recipe.prompt)
    jobs = (Job(prompt=prompt, recipe_data=recipe.to_dict()) for _ in range(count))
    Job.objects.bulk_create(jobs, batch_size=1000)


def take(seconds: float) -> None:
    from generation.models import Job, Worker

    worker = Worker.objects.create(host="bench", pid=os.getpid())
    print("ready", flush=True)
    sys.stdin.readline()
    taken, ends = 0, time.monotonic() + seconds
    while time.monotonic() < ends and Job.objects.claim_next(worker):
        taken += 1
    print(taken, flush=True)


if __name__ == "__main__":
    main()
