"""How long pictures take on this machine, learned per kind: from the first group on, each one corrects it."""

from generation.engine import loras
from generation.engine.recipe import Recipe
from generation.models import Pace, Worker


def learn_group(recipe: Recipe, size: int, seconds: float, worker: Worker) -> None:
    """Remember that `size` pictures of `recipe` took `seconds`, all that belongs to them included."""
    Pace.objects.learn(_group(recipe, size, worker), seconds)


def seconds_for(jobs: list[tuple[Recipe, int]], worker: Worker | None) -> list[float]:
    """Seconds that each of `jobs` takes on `worker`, a guess where its kind is new; zeros while nobody knows.

    Args:
        jobs: recipes, each with the size of its groups (0: as large as the worker makes them). One query for all.
    """
    if worker is None:
        return [0.0] * len(jobs)
    groups = [_groups(recipe, size or worker.group_for(recipe)) for recipe, size in jobs]
    kinds = {_group(recipe, size, worker) for (recipe, _), sizes in zip(jobs, groups, strict=True) for size in sizes}
    known = Pace.objects.known(kinds)
    return [
        sum(
            times * known.get(_group(recipe, size, worker), _guess(recipe, size, worker))
            for size, times in sizes.items()
        )
        for (recipe, _), sizes in zip(jobs, groups, strict=True)
    ]


def _groups(recipe: Recipe, size: int) -> dict[int, int]:
    """How many groups of which size a recipe's pictures are made in: all are full but the last."""
    full, rest = divmod(recipe.num_images, size)
    return {size: full} | ({rest: 1} if rest else {})


def _guess(recipe: Recipe, size: int, worker: Worker) -> float:
    return size * recipe.work * worker.speed


def _group(recipe: Recipe, size: int, worker: Worker) -> str:
    """What a group's time depends on, as text."""
    width, height = recipe.output_size
    guided = ("" if recipe.guidance_scale > 1 else " unguided") + ("" if recipe.strength is None else " over a source")
    changed = f" {count} LoRA" if (count := loras.count(recipe.prompt)) else ""
    settings = f"{size} x {width} x {height} px, {recipe.steps_run} steps {recipe.sampler}{guided}{changed}"
    return f"{settings} on {worker.slot} with {worker.model}"[:400]
