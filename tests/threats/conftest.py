from pathlib import Path

import pytest
from pytest_django import Settings

from tests.world import World


@pytest.fixture
def world(db: None, settings: Settings, tmp_path: Path) -> World:
    """The open site as it comes, where everybody may do the most, with folders of its own."""
    settings.PLAYGROUND_LIBRARY, settings.PLAYGROUND_CACHE = tmp_path / "library", tmp_path / "cache"
    settings.PLAYGROUND_LIBRARY.mkdir()
    return World(shut=False)
