"""What the doctor says of one thing."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    level: Literal["ok", "warn", "wrong"]
    sentence: str
    """What is so and, unless it is well, how to mend it. It never holds a secret."""


def ok(sentence: str) -> Finding:
    return Finding("ok", sentence)


def warn(sentence: str) -> Finding:
    return Finding("warn", sentence)


def wrong(sentence: str) -> Finding:
    return Finding("wrong", sentence)
