"""The models as people and programs are told of them. Nothing here says where they lie."""

from dataclasses import dataclass
from typing import Any

from generation import defaults, paces, status
from generation.choosing import default_name
from generation.engine.recipe import Recipe
from generation.fingerprint import fingerprint
from generation.models import KnownModel, Worker


@dataclass(frozen=True)
class Told:
    known: KnownModel
    is_default: bool
    is_loaded: bool
    is_loading: bool
    seconds_per_image: float | None
    """Of a picture with the model's default settings; None while nobody knows."""
    seconds_to_load: float | None

    @property
    def mark(self) -> str:
        """The same for the same model on every page."""
        return fingerprint(self.known.name)

    @property
    def is_settled(self) -> bool:
        """Whether nothing of it is about to change."""
        return not self.is_loading and bool(self.known.sha256 or not self.known.size)

    @property
    def defaults(self) -> dict[str, Any]:
        return defaults.values(self.known.defaults)


def told() -> list[Told]:
    """Everything that is there, in the order in which it is tried: five queries."""
    rows, now, default = list(KnownModel.objects.there()), status.current(), default_name()
    loaded = {name for names in Worker.objects.values_list("loaded", flat=True) for name in names}
    to_load = paces.seconds_to_load([row.name for row in rows], now.worker) if now.worker else {}
    return [
        Told(
            known=row,
            is_default=row.name == default and not row.problem,
            is_loaded=row.name in loaded,
            is_loading=bool(row.name) and row.name == now.loading,
            seconds_per_image=seconds,
            seconds_to_load=to_load.get(row.name),
        )
        for row, seconds in zip(rows, _seconds_per_image(rows, now.worker), strict=True)
    ]


def _seconds_per_image(rows: list[KnownModel], worker: Worker | None) -> list[float | None]:
    """From what was made at the same settings, else from the speed that was measured."""
    recipes = [Recipe(prompt="", seed=0, model=row.name, **defaults.values(row.defaults)) for row in rows]
    if worker is None:
        return [row.speed * recipe.work or None for row, recipe in zip(rows, recipes, strict=True)]
    needs = paces.needs([(recipe, row.group_size) for row, recipe in zip(rows, recipes, strict=True)], worker)
    return [
        need.seconds / recipe.num_images if row.speed else None
        for row, recipe, need in zip(rows, recipes, needs, strict=True)
    ]
