from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from generation import worker
from generation.worker import WorkerProcess
from tests.hub import Hub, files_of

OpenWorker = Callable[..., WorkerProcess]


@pytest.fixture
def open_worker(transactional_db: None, settings: Settings, tiny_model: Path, tmp_path: Path) -> Iterator[OpenWorker]:
    """Makes this process the worker, with the tiny model and folders of its own.

    Closed before the database is emptied: a worker whose row is gone ends its process.
    """
    settings.PLAYGROUND_DEVICE, settings.PLAYGROUND_DEMO_MODEL = "cpu", tiny_model
    for name in ("LIBRARY", "MODELS", "RUN"):
        folder = tmp_path / name.lower()
        folder.mkdir()
        setattr(settings, f"PLAYGROUND_{name}", folder)
    opened: list[WorkerProcess] = []

    def make(stopping: Callable[[], bool] = lambda: False) -> WorkerProcess:
        opened.append(WorkerProcess(stopping))
        opened[-1].open(wait=False)
        opened[-1].set(group_size=3)  # whatever was measured
        worker.current = opened[-1]
        return opened[-1]

    yield make
    worker.current = None
    for process in opened:
        process.close()


@pytest.fixture
def process(open_worker: OpenWorker) -> WorkerProcess:
    return open_worker()


@pytest.fixture
def remote(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub on this machine that has the tiny model."""
    with Hub(files_of(tiny_model)) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        yield running
