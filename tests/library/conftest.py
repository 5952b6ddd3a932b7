from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from tests.pages import browser


@pytest.fixture
def client() -> Client:
    return browser()


@pytest.fixture(autouse=True)
def folders(settings: Settings, tmp_path: Path) -> None:
    """No test writes into another's library."""
    settings.PLAYGROUND_LIBRARY = tmp_path / "library"
    settings.PLAYGROUND_CACHE = tmp_path / "cache"
