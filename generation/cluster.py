"""The django-q cluster around one worker process, made to heal.

The stock cluster goes deaf when its idle worker is killed (the dead reader keeps the queue's lock), repeats tasks for
ever when its monitor is, and leaves orphans when its main process is. Here a child killed by a signal ends the
whole cluster, which its supervisor starts again at once; and nobody outlives its parent.
"""

import logging
import os
import platform
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.sharedctypes import RawValue
from typing import Any
from uuid import uuid4

from django import db
from django_q.cluster import Sentinel
from django_q.conf import Conf
from django_q.models import Schedule
from django_q.monitor import monitor
from django_q.pusher import pusher
from django_q.scheduler import scheduler
from django_q.signals import post_spawn
from django_q.worker import worker as django_q_worker

from generation import queue, registry, worker
from generation.models import Job, Worker
from generation.processes import tether

logger = logging.getLogger(__name__)

SCHEDULE_EVERY = 30.0  # s
DAILY = ("library.tasks.prune",)
"""Tasks that the clock starts. Their rows are made here and not by a migration: a lost one comes back."""

DIED = "The worker died while it made this ({}). What was finished is kept, and a new worker went on."
KILLED = "SIGKILL: mostly that means that the machine ran out of memory"


class StopFlag:
    """An Event that a signal handler may set and a forked child may read.

    multiprocessing.Event takes a lock in set(), which deadlocks when the handler interrupts wait().
    """

    def __init__(self) -> None:
        self._value = RawValue("b", 0)

    def set(self) -> None:
        self._value.value = 1

    def is_set(self) -> bool:
        return bool(self._value.value)

    def wait(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not self.is_set() and time.monotonic() < deadline:
            time.sleep(0.05)
        return self.is_set()


def run() -> None:
    """Run the cluster in this process until SIGTERM or Ctrl-C; exits with 1 when a child was killed."""
    stopping = StopFlag()
    post_spawn.connect(lambda **_: open_worker(stopping.is_set), weak=False)
    schedule()
    db.connections.close_all()  # children must not share one
    sentinel = HealingSentinel(stopping, StopFlag(), uuid4(), start=False)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    try:
        sentinel.start()
    finally:
        sentinel.kill_children()  # else the interpreter would wait for them, whatever made it leave


def schedule() -> None:
    """See to it that each daily task has its one schedule; it first runs soon after the worker's first start."""
    try:
        for task in DAILY:
            Schedule.objects.get_or_create(func=task, defaults={"name": task, "schedule_type": Schedule.DAILY})
    except Schedule.MultipleObjectsReturned:  # two workers made theirs at the same moment: no harm is done
        pass
    except db.DatabaseError:
        logger.warning("The database does not answer; daily tasks wait for the next start.")


def open_worker(stopping: Callable[[], bool]) -> None:
    """Make this process the worker. Runs in it right after the fork; an exception here would kill it for ever."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # `stopping` tells; a step must not be torn
    try:
        process = worker.WorkerProcess(stopping)
        worker.current = process
        if process.open(wait=True) and Job.objects.waiting().exists():
            queue.ring()
    except db.DatabaseError:
        logger.exception("The database does not answer; trying again.")
        os._exit(1)
    except Exception as error:
        logger.exception("The worker could not be opened.")
        if worker.current is None:  # nothing to say it with, and a process that idles for ever would be worse
            os._exit(1)
        worker.current.set(state=Worker.State.FAILED, notice=f"The worker could not start: {error}")


def _bury(pid: int, code: int) -> None:
    """Delete the row of our worker that died, so that pages and other workers know at once, not after its silence.

    Whose pictures it was making is told how it died, where a signal says it.
    """
    dead = Worker.objects.filter(host=platform.node(), pid=pid)
    with suppress(db.DatabaseError):
        if code < 0:
            told = Job.objects.filter(state=Job.State.RUNNING, worker__in=dead, note="")
            told.update(note=DIED.format(KILLED if code == -signal.SIGKILL else signal.Signals(-code).name))
        dead.delete()


def _tethered(target: Callable[..., Any], parent: int, *arguments: Any) -> None:
    """Run a child of the sentinel so that it ends with it."""
    tether(parent)
    target(*arguments)
    if worker.current:
        worker.current.close()


class HealingSentinel(Sentinel):  # type: ignore[misc]
    """django-q's guard with one rule: a child that ended by itself is replaced, one that was killed ends all."""

    monitor: Any
    pusher: Any

    def spawn_process(self, target: Callable[..., Any], *arguments: Any) -> Any:
        # By fork, as django-q has it: the signal's receiver could not be sent to a spawned child.
        process = get_context("fork").Process(target=_tethered, args=(target, os.getpid(), *arguments), daemon=True)
        process.start()
        if target is django_q_worker:
            self.pool.append(process)
        return process

    def children(self) -> list[Any]:
        return [child for child in (*self.pool, self.monitor, self.pusher) if child]

    def kill_children(self) -> None:
        for child in self.children():
            child.kill()

    def guard(self) -> None:
        self.start_event.set()
        scheduled = time.monotonic()
        while not self.stop_event.wait(Conf.GUARD_CYCLE):
            self._replace_the_ended()
            if time.monotonic() - scheduled >= SCHEDULE_EVERY:
                scheduled = time.monotonic()
                scheduler(broker=self.broker)
        with suppress(db.DatabaseError):
            registry.forgive()
        self.stop()

    def _replace_the_ended(self) -> None:
        for child in (child for child in self.children() if not child.is_alive()):
            if child.exitcode != 0 or child in self.pool:
                logger.warning("A process of the worker ended (%s); starting all of them again.", child.exitcode)
                if child in self.pool:
                    _bury(child.pid, child.exitcode)
                sys.exit(0 if child.exitcode == 0 else 1)
            db.connections.close_all()
            if child is self.monitor:
                self.monitor = self.spawn_process(monitor, self.result_queue, self.broker)
            else:
                self.pusher = self.spawn_process(pusher, self.task_queue, self.event_out, self.broker)
