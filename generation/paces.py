"""How long pictures take on this machine, learned per kind: from the first group on, each one corrects it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from generation.engine import loras
from generation.engine.recipe import Recipe
from generation.models import KnownModel, Pace, Worker
from generation.models.workers import together


@dataclass(frozen=True)
class Need:
    """What a job takes of a worker."""

    model: str
    seconds: float
    """To make its pictures: a guess where its kind is new; 0 while nobody knows."""
    to_load: float
    """s until its model is loaded, where it is not yet; 0 while nobody knows."""


def learn_group(recipe: Recipe, size: int, seconds: float, worker: Worker) -> None:
    """Remember that `size` pictures of `recipe` took `seconds`, all that belongs to them included."""
    Pace.objects.learn(_group(recipe, size, worker), seconds)


def learn_loading(model: str, seconds: float, worker: Worker) -> None:
    Pace.objects.learn(_loading(model, worker), seconds)


def seconds_to_load(models: Iterable[str], worker: Worker) -> dict[str, float]:
    """By name, as far as known. One query."""
    kinds = {_loading(model, worker): model for model in models}
    return {kinds[kind]: seconds for kind, seconds in Pace.objects.known(kinds).items()}


def seconds_for(jobs: list[tuple[Recipe, int]], worker: Worker | None) -> list[float]:
    """Seconds that the pictures of each of `jobs` take on `worker`; zeros while nobody knows."""
    return [need.seconds for need in needs(jobs, worker)]


def needs(jobs: list[tuple[Recipe, int]], worker: Worker | None) -> list[Need]:
    """What each of `jobs` takes of `worker`.

    Args:
        jobs: recipes, each with the size of its groups (0: as large as the worker makes them). One query for all, and
            one more where some name another model than the default.
    """
    if worker is None:
        return [Need(recipe.model, 0.0, 0.0) for recipe, _ in jobs]
    measured = _measured({recipe.model for recipe, _ in jobs}, worker)
    groups = [_groups(recipe, size or measured[_model(recipe, worker)].group_for(recipe)) for recipe, size in jobs]
    kinds = {_group(recipe, size, worker) for (recipe, _), sizes in zip(jobs, groups, strict=True) for size in sizes}
    known = Pace.objects.known({*kinds, *(_loading(model, worker) for model in measured)})

    def of(recipe: Recipe, sizes: Mapping[int, int]) -> float:
        speed = measured[_model(recipe, worker)].speed
        guess = recipe.work * speed
        return sum(times * known.get(_group(recipe, size, worker), size * guess) for size, times in sizes.items())

    return [
        Need(model := _model(recipe, worker), of(recipe, sizes), known.get(_loading(model, worker), 0.0))
        for (recipe, _), sizes in zip(jobs, groups, strict=True)
    ]


@dataclass(frozen=True)
class _Measured:
    group_size: int
    max_pixels: int
    speed: float

    def group_for(self, recipe: Recipe) -> int:
        return together(recipe, self.group_size, self.max_pixels)


def _measured(models: set[str], worker: Worker) -> dict[str, _Measured]:
    """By name: the default's as the worker has it, and the others' as far as known, else the same as the default's."""
    of_default = _Measured(worker.group_size, worker.max_pixels, worker.speed)
    others = models - {"", worker.model}
    found = dict.fromkeys((worker.model, *others), of_default)
    rows = KnownModel.objects.usable().filter(name__in=others, group_size__gt=0) if others else ()
    return found | {row.name: _Measured(row.group_size, row.max_pixels, row.speed) for row in rows}


def _groups(recipe: Recipe, size: int) -> dict[int, int]:
    """How many groups of which size a recipe's pictures are made in: all are full but the last."""
    full, rest = divmod(recipe.num_images, size)
    return {size: full} | ({rest: 1} if rest else {})


def _model(recipe: Recipe, worker: Worker) -> str:
    return recipe.model or worker.model


def _group(recipe: Recipe, size: int, worker: Worker) -> str:
    """What a group's time depends on, as text."""
    width, height = recipe.output_size
    guided = ("" if recipe.guidance_scale > 1 else " unguided") + ("" if recipe.strength is None else " over a source")
    changed = f" {count} LoRA" if (count := loras.count(recipe.prompt)) else ""
    settings = f"{size} x {width} x {height} px, {recipe.steps_run} steps {recipe.sampler}{guided}{changed}"
    return f"{settings} on {worker.slot} with {_model(recipe, worker)}"[:400]


def _loading(model: str, worker: Worker) -> str:
    return f"loading on {worker.slot}: {model}"[:400]
