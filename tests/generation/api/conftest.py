from pathlib import Path

import pytest
from pytest_django import Settings

from generation import status
from tests.program import Program


@pytest.fixture(autouse=True)
def fresh(db: None, settings: Settings, tmp_path: Path) -> None:
    settings.PLAYGROUND_LIBRARY, settings.PLAYGROUND_CACHE = tmp_path / "library", tmp_path / "cache"
    status.current()  # forgets the workers of other tests


@pytest.fixture
def program() -> Program:
    return Program()
