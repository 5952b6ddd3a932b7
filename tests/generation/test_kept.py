"""Which models stay loaded when another one comes."""

from pathlib import Path

import pytest

from generation.engine.base import OutOfMemory
from generation.engine.checkpoints import Checkpoint
from generation.engine.diffusion import DiffusionEngine
from generation.engine.kept import Kept
from generation.engine.memory import memory_of
from generation.engine.recipe import Recipe

GIB = 1024**3
RECIPE = Recipe(prompt="a fox", seed=7, width=64, height=64, steps=2, guidance_scale=4.0, sampler="DDIM")


class Memory:
    """Memory of so many GiB, of which each model that is kept takes its size."""

    def __init__(self, total: float) -> None:
        self.total = total * GIB
        self.kept: Kept[str, int] = Kept(lambda: int(self.total - self.taken), lambda: None)
        self.sizes: dict[str, int] = {}

    @property
    def taken(self) -> int:
        return sum(self.sizes[name] for name in self.kept.keys())  # noqa: SIM118

    def load(self, name: str, size: float) -> list[str]:
        self.sizes[name] = int(size * GIB)
        if name not in self.kept:
            self.kept.make_room(self.sizes[name])
            self.kept.add(name, 1)
        self.kept.use(name)
        return self.kept.keys()


def test_the_last_two_stay_where_there_is_memory() -> None:
    memory = Memory(24)
    assert memory.load("a", 2) == ["a"]
    assert memory.load("b", 2) == ["b", "a"]
    assert memory.load("a", 2) == ["a", "b"]
    assert memory.load("c", 2) == ["c", "a"], "b was not used for longest"


@pytest.mark.parametrize(("total", "kept"), [(24, ["xl", "one"]), (12, ["xl"]), (8, ["xl"])])
def test_a_model_stays_only_while_there_is_memory_to_work_with_beside_both(total: float, kept: list[str]) -> None:
    memory = Memory(total)
    memory.load("one", 2)
    assert memory.load("xl", 6.5) == kept


def test_a_single_model_is_loaded_whatever_the_memory_is() -> None:
    assert Memory(1).load("xl", 6.5) == ["xl"]


def test_everything_but_one_can_be_dropped() -> None:
    memory = Memory(24)
    memory.load("a", 1)
    assert not memory.kept.drop_all_but("a")
    memory.load("b", 1)
    assert memory.kept.drop_all_but("b")
    assert memory.kept.keys() == ["b"]


def test_free_memory_is_measured() -> None:
    import psutil

    engine = DiffusionEngine("cpu")
    assert 0 < memory_of(engine.device).room <= psutil.virtual_memory().total


# The engine


def a_checkpoint(model: Path, name: str) -> Checkpoint:
    return Checkpoint(name, model)


def names(engine: DiffusionEngine) -> list[str]:
    return [checkpoint.name for checkpoint in engine.loaded]


def test_a_kept_model_makes_the_same_pixels_as_before(tiny_model: Path) -> None:
    engine, pictures = DiffusionEngine("cpu"), []
    for name in ("a", "b", "a", "c", "a"):
        engine.load(a_checkpoint(tiny_model, name))
        [picture] = engine.generate(RECIPE, first=1, size=1, on_step=lambda *_: None)
        pictures.append(picture.tobytes())
    assert names(engine) == ["a", "c"]
    assert len(set(pictures)) == 1


def test_the_pictures_go_on_without_the_models_that_only_wait_when_memory_runs_out(tiny_model: Path) -> None:
    engine = DiffusionEngine("cpu")
    for name in ("a", "b"):
        engine.load(a_checkpoint(tiny_model, name))

    def run_out_while_two_are_loaded(*_: object) -> None:
        if len(engine.loaded) == 2:
            raise MemoryError

    [picture] = engine.generate(RECIPE, first=1, size=1, on_step=run_out_while_two_are_loaded)
    assert picture.size == (64, 64)
    assert names(engine) == ["b"]


def test_a_model_alone_that_runs_out_of_memory_says_so(tiny_model: Path) -> None:
    engine = DiffusionEngine("cpu")
    engine.load(a_checkpoint(tiny_model, "a"))

    def run_out(*_: object) -> None:
        raise MemoryError

    with pytest.raises(OutOfMemory):
        engine.generate(RECIPE, first=1, size=1, on_step=run_out)
    assert names(engine) == ["a"]
