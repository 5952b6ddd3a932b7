"""The documents say what the code has."""

import re
from pathlib import Path

import pytest

from tests.site import ROOT

README = (ROOT / "README.md").read_text()
SETTINGS = (ROOT / "playground" / "settings.py").read_text()
VARIABLES = sorted(set(re.findall(r'read\("([A-Z_]+)"', SETTINGS)))
COMMANDS = sorted(path.stem for path in ROOT.glob("*/management/commands/*.py") if not path.stem.startswith("_"))
MAKE_TARGETS = re.findall(r"^(run|test|admin):", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_there_is_something_to_check() -> None:
    assert len(VARIABLES) > 15
    assert {"run", "worker", "generate"} <= set(COMMANDS)
    assert sorted(MAKE_TARGETS) == ["admin", "run", "test"]


@pytest.mark.parametrize("name", VARIABLES)
def test_every_variable_stands_in_readme_and_example(name: str) -> None:
    assert f"`{name}`" in README
    assert re.search(rf"^{name}=$", (ROOT / ".env.example").read_text(), re.MULTILINE)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_stands_in_the_readme(name: str) -> None:
    assert re.search(rf"\| `{name}[ `]|, `{name}`", README)


def test_every_file_that_a_document_links_to_exists() -> None:
    for document in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "demo_model" / "README.md"):
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"


def test_every_vendored_folder_has_its_licence() -> None:
    folders = [path for path in (ROOT / "static" / "vendor").iterdir() if path.is_dir()]
    assert folders
    assert all(any(path.name.upper().startswith("LICENSE") for path in folder.iterdir()) for folder in folders)


def test_no_document_names_a_file_that_is_gone() -> None:
    written = "".join((ROOT / name).read_text() for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md"))
    named = re.findall(r"`([a-z_]+/[a-z_/]+\.(?:py|md|sh))`", written)
    assert named
    assert all(Path(ROOT, name).exists() for name in named), named
