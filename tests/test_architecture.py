"""The direction of imports and the size of things, as CONTRIBUTING.md has them."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.site import ROOT

PACKAGES = ("playground", "generation", "library", "people", "demo_model", "bench", "tests")
HEAVY = {"torch", "diffusers", "transformers", "accelerate", "peft", "safetensors"}
LONGEST_FILE, LONGEST_FUNCTION = 300, 50  # lines

SOURCES = sorted(
    path.relative_to(ROOT)
    for package in PACKAGES
    for path in (ROOT / package).rglob("*.py")
    if "migrations" not in path.parts
)
TREES = {path: ast.parse((ROOT / path).read_text()) for path in SOURCES}


def below(*folders: str) -> list[Path]:
    found = [path for path in SOURCES if str(path).startswith(tuple(f"{folder}/" for folder in folders))]
    assert found
    return found


def imported(node: ast.AST, *, also_in_functions: bool = True) -> Iterator[str]:
    """The dotted names that are imported below `node`, those for type checkers left out."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, "imports are absolute here"
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        elif also_in_functions or not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from imported(child, also_in_functions=also_in_functions)


def is_in(name: str, *packages: str) -> bool:
    return any(f"{name}.".startswith(f"{package}.") for package in packages)


def wrong(paths: list[Path], *packages: str, but: tuple[str, ...] = ()) -> list[str]:
    """What `paths` import from `packages`, except from those in `but`."""
    names = [(path, name) for path in paths for name in imported(TREES[path])]
    return [f"{path}: {name}" for path, name in names if is_in(name, *packages) and not is_in(name, *but)]


def test_there_is_something_to_look_at() -> None:
    assert len(below("generation")) > 20
    assert "generation.models.Job" in imported(TREES[Path("generation/queue.py")])
    assert wrong(below("generation"), "library") != []


def test_the_library_knows_nothing_of_jobs_or_of_the_site() -> None:
    assert wrong(below("library"), "generation", "people", "playground") == []


def test_people_know_nothing_of_pictures_and_jobs() -> None:
    assert wrong(below("people"), "generation", "library", "playground") == []


def test_no_app_imports_the_site() -> None:
    assert wrong(below("generation", "library", "people"), "playground") == []


def test_nothing_of_ours_imports_its_tests_or_its_benchmarks() -> None:
    assert wrong(below("generation", "library", "people", "playground"), "tests", "bench", "demo_model") == []


def test_the_engine_is_pure() -> None:
    ours = ("generation", "library", "playground", "django", "django_q")
    assert wrong(below("generation/engine"), *ours, but=("generation.engine",)) == []


def test_only_the_engine_imports_torch_and_its_kin() -> None:
    elsewhere = sorted({*below("generation", "library", "people", "playground")} - {*below("generation/engine")})
    assert wrong(elsewhere, *HEAVY) == []


def test_the_engine_imports_them_inside_functions_only() -> None:
    at_once = [
        f"{path}: {name}"
        for path in below("generation/engine")
        for name in imported(TREES[path], also_in_functions=False)
        if is_in(name, *HEAVY)
    ]
    assert at_once == []
    assert wrong(below("generation/engine"), *HEAVY) != []


LAYERS = (("models",), ("forms",), ("queue",), ("views", "api", "admin", "tasks"))
"""Inside an app nobody imports from a later layer, nor from a neighbour in the last one."""


@pytest.mark.parametrize("app", ["generation", "library", "people"])
@pytest.mark.parametrize("height", range(len(LAYERS)))
def test_inside_an_app_imports_go_one_way(app: str, height: int) -> None:
    later = [name for layer in LAYERS[height + 1 :] for name in layer]
    for module in LAYERS[height]:
        neighbours = [name for name in LAYERS[height] if name != module and height == len(LAYERS) - 1]
        paths = [path for path in below(app) if path.parts[1].removesuffix(".py") == module]
        assert wrong(paths, *(f"{app}.{name}" for name in (*later, *neighbours))) == []


def test_only_tasks_makes_pictures() -> None:
    """A call of an engine's method, however the engine came there."""
    callers = {
        str(path)
        for path in below("generation", "library", "playground")
        for node in ast.walk(TREES[path])
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "generate"
        and ast.unparse(node.func.value) != "tasks"
    }
    assert callers == {"generation/tasks.py", "generation/engine/diffusion.py", "generation/engine/measuring.py"}


def test_no_file_is_longer_than_one_can_keep_in_mind() -> None:
    lengths = {str(path): len((ROOT / path).read_text().splitlines()) for path in SOURCES}
    assert {path: length for path, length in lengths.items() if length > LONGEST_FILE} == {}


def test_no_function_is_longer_than_a_screen() -> None:
    functions = [
        (f"{path}: {node.name}", (node.end_lineno or 0) - node.lineno + 1)
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]
    assert {name: length for name, length in functions if length > LONGEST_FUNCTION} == {}


START = """
import sys
import playground.wsgi, playground.urls, generation.tasks, generation.worker, generation.cluster
from django.contrib import admin
print(*sorted(set(sys.modules) & {"torch", "diffusers", "transformers", "accelerate", "peft", "safetensors"}))
"""


def test_starting_the_site_leaves_torch_alone(tmp_path: Path) -> None:
    environment = {**os.environ, "PLAYGROUND_DATA": str(tmp_path), "DJANGO_SETTINGS_MODULE": "playground.settings"}
    command = [sys.executable, "-c", START]
    started = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert started.stdout.strip() == ""
