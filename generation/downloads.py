"""Models from the hub, fetched by a worker: what PLAYGROUND_MODEL names, and what staff asked for."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from generation.engine import hub
from generation.engine.base import Unreadable
from generation.engine.checkpoints import Checkpoint, downloaded
from generation.engine.resuming import Broken, Refused
from generation.models import Download

if TYPE_CHECKING:
    from generation.worker import WorkerProcess

logger = logging.getLogger(__name__)

AGAIN = 5.0  # s between two tries while the hub cannot be reached
TELL_EVERY = 2.0  # s: as often as pages ask


class Stopped(Exception):
    """Nobody wants it any more, or the process was asked to stop."""


def cache() -> Path:
    """Where the hub's models lie."""
    return Path(settings.PLAYGROUND_CACHE) / "hub"


def persistently(name: str, tell: hub.Tell, mishap: Callable[[str], None]) -> Path:
    """Have the model, however often the connection breaks off. The folder that can be loaded.

    Args:
        mishap: told what went wrong, and again while the next try is waited for; may raise, as `tell` may.

    Raises:
        Refused
    """
    while True:
        try:
            return hub.download(name, cache(), tell)
        except Broken as broken:
            logger.warning("%s: %s", name, broken)
            end = time.monotonic() + AGAIN
            while time.monotonic() < end:
                mishap(f"{broken} What has come is kept; trying again.")
                time.sleep(0.5)


def _ready_by(progress: hub.Progress) -> datetime | None:
    left = progress.seconds_left
    return None if left is None else timezone.now() + timedelta(seconds=min(left, 10**7))


# What PLAYGROUND_MODEL names: nothing can be made before it is here, so the worker itself waits for it.


def fetched(checkpoint: Checkpoint, process: "WorkerProcess") -> Checkpoint:
    """The checkpoint with its files on this machine: one of the hub is downloaded, and every page told how far it is.

    Raises:
        Unreadable: it is not to be had.
        Stopped: the process was asked to stop.
    """
    if isinstance(checkpoint.source, Path):
        return checkpoint
    began = time.monotonic()
    try:
        return downloaded(checkpoint.name, _for_worker(checkpoint.source, process))
    except Refused as refused:
        raise Unreadable(str(refused)) from refused
    finally:
        process.fetching += time.monotonic() - began


def _for_worker(name: str, process: "WorkerProcess") -> Path:
    told = 0.0

    def say(sentence: str, ready_by: datetime | None = None) -> None:
        nonlocal told
        if process.stopping():
            raise Stopped
        if time.monotonic() - told >= TELL_EVERY:
            told = time.monotonic()
            process.set(notice=sentence, ready_by=ready_by)

    def tell(progress: hub.Progress) -> None:
        of = f"{progress.percent} % of {hub.in_words(progress.total)}"
        say(f"{name} is being downloaded: {of}.", _ready_by(progress))

    say(f"{name} is being downloaded.")
    folder = persistently(name, tell, lambda reason: say(f"{name} is being downloaded. {reason}"))
    process.set(notice="", ready_by=None)
    return folder


# What staff asked for: fetched beside the work.


class Downloads:
    """The downloads of a worker: one at a time, in a thread of its own."""

    def __init__(self, process: "WorkerProcess") -> None:
        self._process = process
        self._thread: threading.Thread | None = None

    def look(self) -> None:
        """Begin with the next, unless one is on its way."""
        if self._thread and self._thread.is_alive():
            return
        if download := Download.objects.claim_next(self._process.row):
            self._thread = threading.Thread(target=self._run, args=(download,), name="download", daemon=True)
            self._thread.start()

    def _run(self, download: Download) -> None:
        try:
            _fetch(download, self._process.stopping)
        except DatabaseError:
            logger.warning("The database does not answer; %s is downloaded once it does.", download.name)
        finally:
            connection.close()


def _fetch(download: Download, stopping: Callable[[], bool]) -> None:
    told = 0.0

    def write(**fields: object) -> None:
        nonlocal told
        if stopping():
            raise Stopped
        if time.monotonic() - told >= TELL_EVERY or fields.get("came") == fields.get("size"):
            told = time.monotonic()
            if not download.tick(**fields):
                raise Stopped

    def tell(progress: hub.Progress) -> None:
        write(came=progress.done, size=progress.total, ready_by=_ready_by(progress), note="")

    try:
        persistently(download.name, tell, lambda reason: write(note=reason, ready_by=None))
    except Stopped:
        logger.info("The download of %s was stopped.", download.name)
    except Refused as refused:
        download.finish(Download.State.FAILED, str(refused))
    except DatabaseError:
        raise
    except Exception as error:  # whatever the library raises: somebody waits for an answer
        logger.exception("%s could not be downloaded.", download.name)
        download.finish(Download.State.FAILED, f"It could not be downloaded ({type(error).__name__}).")
    else:
        download.finish(Download.State.DONE)
