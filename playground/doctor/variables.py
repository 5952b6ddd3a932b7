"""The settings: what cannot be understood, and names that nobody asks for."""

import os
from collections.abc import Iterator
from difflib import get_close_matches

from django.core.checks import run_checks

from generation.processes import PARENT
from playground import environment
from playground.doctor.findings import Finding, ok, warn, wrong

PREFIX = "PLAYGROUND_"
LOOKED_AT_ELSEWHERE = {"playground.E001", "playground.E002"}


def look() -> Iterator[Finding]:
    found = [*map(wrong, environment.faults), *_unknown(), *_faults_of_django()]
    yield from found
    if not found:
        count = sum(bool(os.environ.get(name)) for name in environment.names)
        yield ok(f"Every variable is understood; {count} of them are set.")


def _unknown() -> Iterator[Finding]:
    for name in sorted({*os.environ} - environment.names - {PARENT}):
        if meant := _meant_by(name):
            yield warn(f"{name} is no setting, so nothing heeds it. Is {meant} meant?")
        elif name.startswith(PREFIX):
            yield warn(f"{name} is no setting, so nothing heeds it. README.md lists them all.")


def _meant_by(name: str) -> str:
    """The setting that `name` seems to be a misspelling of; empty where there is none."""
    if not name.startswith(PREFIX):  # others' variables are none of our business unless they look very much like ours
        return "".join(get_close_matches(name, environment.names, 1, 0.9))
    ends = [known.removeprefix(PREFIX) for known in sorted(environment.names) if known.startswith(PREFIX)]
    return "".join(PREFIX + end for end in get_close_matches(name.removeprefix(PREFIX), ends, 1))


def _faults_of_django() -> Iterator[Finding]:
    for fault in run_checks():
        if fault.is_serious() and fault.id not in LOOKED_AT_ELSEWHERE:
            yield wrong(f"{fault.msg} {fault.hint or ''}".strip())
