"""Calls that take much of this machine's time: everybody may take so much of it, and then has to wait.

Counted is the processor's own time, so nobody pays for a machine that is busy with pictures. What is measured on two
cores: a comparison 0.2 to 1 s, a password 0.2 s, a portion of the library 0.02 s. Thumbnails are made once each, and
of fetches from the web few go on at once (generation/fetching.py): they are bounded without this.
"""

import math
import threading
import time
from collections.abc import Callable, Iterable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render

from generation.dialects import refusal, speaks_json
from generation.senders import address_of
from library.askers import asker_of

COSTLY = {
    *("library:library", "library:compare", "library:difference", "library:zip"),
    *("generation:advanced", "generation:create", "generation:settings-of-picture", "generation:again"),
    *("people:sign-in", "people:invitation", "people:password"),
    *("api:create_job", "api:list_images", "generation.api.original.getlibrary", "generation.api.original.prompt"),
}
"""By their names in urls.py, else by their own."""
ZIP = "library:zip"
ZIPS = 4
"""That one process sends at once: each holds one of its few threads for as long as somebody takes to read it."""

BURST, REFILL = 30.0, 0.25
"""s that one sender may take at once in a process, and what comes back of it every second."""
REMEMBERED = 1000  # senders

TOO_MUCH = "You have asked for so much at once that others would have to wait for it. Try again in {} s."
TOO_MANY_ZIPS = "Other zip files are being sent just now. Try again in {} s."
A_WHILE = 30  # s


class Costs:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = time.thread_time()
        response = self.get_response(request)
        name = _name(request)
        if name not in COSTLY:  # of others nobody asks who they are: a poll has no time for it
            return response
        purse = _key(request)
        purses.take(purse, time.thread_time() - began)
        if name == ZIP and isinstance(response, StreamingHttpResponse):
            response.streaming_content = Zip(response.streaming_content, purse)  # type: ignore[arg-type]
        return response

    def process_view(self, request: HttpRequest, *_: object) -> HttpResponse | None:
        name = _name(request)
        if name in COSTLY and (seconds := purses.wait(_key(request))):
            return _refuse(request, TOO_MUCH, seconds)
        if name == ZIP and Zip.sent >= ZIPS:
            return _refuse(request, TOO_MANY_ZIPS, A_WHILE)
        return None


class Zip:
    """Counts those that are being sent, and the time that each takes; not that of whoever reads it."""

    sent = 0
    _lock = threading.Lock()

    def __init__(self, parts: Iterable[bytes], purse: str) -> None:
        self._parts, self._purse, self._is_open = iter(parts), purse, True
        self._count(1)

    def __iter__(self) -> "Zip":
        return self

    def __next__(self) -> bytes:
        began = time.thread_time()
        try:
            return next(self._parts)
        finally:
            purses.take(self._purse, time.thread_time() - began)

    def close(self) -> None:
        """Called by whoever has sent the answer, however that ended."""
        if self._is_open:
            self._is_open = False
            self._count(-1)

    @classmethod
    def _count(cls, by: int) -> None:
        with cls._lock:
            cls.sent += by


def _name(request: HttpRequest) -> str:
    return str(request.resolver_match.view_name) if request.resolver_match else ""


def _key(request: HttpRequest) -> str:
    """The account, else the address: a mark in a cookie can be thrown away."""
    person = asker_of(request).person
    return f"person {person.pk}" if person else address_of(request)


def _refuse(request: HttpRequest, sentence: str, seconds: int) -> HttpResponse:
    told = sentence.format(seconds)
    if speaks_json(request.path_info):
        response: HttpResponse = refusal(429, told)
    else:
        response = render(request, "refused.html", {"sentence": told}, status=429)
    response["Retry-After"] = str(seconds)
    return response


class Purses:
    """What each sender has left, in s; whoever is not in it has all."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._left: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()
        self._clock = clock

    def take(self, key: str, seconds: float) -> None:
        with self._lock:
            self._left[key] = (self._now(key) - seconds, self._clock())
            if len(self._left) > REMEMBERED:
                self._left = {other: left for other, left in self._left.items() if self._now(other) < BURST}

    def wait(self, key: str) -> int:
        """s until something is left; 0 while there is."""
        left = self.left(key)
        return 0 if left > 0 else math.ceil((1 - left) / REFILL)

    def left(self, key: str) -> float:
        with self._lock:
            return self._now(key)

    def __len__(self) -> int:
        return len(self._left)

    def _now(self, key: str) -> float:
        left, since = self._left.get(key, (BURST, 0.0))
        return min(BURST, left + (self._clock() - since) * REFILL)

    def forget(self) -> None:
        with self._lock:
            self._left.clear()


purses = Purses()
