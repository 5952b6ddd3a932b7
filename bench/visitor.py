"""A browser that has one page of the site open, as the benchmarks need many of them."""

import html
import re
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPMessage
from urllib.parse import urlencode

from tests.site import Site

PROMPT, IMAGES = "a red apple", 6
NOTHING = "nothing"
CHANGED = re.compile(r'id="queue"[^>]*?queue-changed from:body delay:(\d+)ms')
POLLING = re.compile(r'<\w+ id="([\w-]+)"[^>]*? hx-get="([^"]+)"[^>]*? hx-trigger="every (\d+)s')


@dataclass
class Seen:
    """What everybody has seen: times in s by what was asked for, and whatever was no answer.

    "nothing" is `/livez`: what it takes is this machine's waiting, and is in all the others.
    """

    times: dict[str, list[float]] = field(
        default_factory=lambda: {"poll": [], "nothing": [], "page": [], "sending": []}
    )
    codes: Counter[int] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)


class Visitor:
    """A browser with one page open: its cookies, its connection, and what it polls."""

    def __init__(self, site: Site, seen: Seen) -> None:
        self.site, self.seen = site, seen
        self.cookies: dict[str, str] = {}
        self.polls: dict[str, tuple[str, float]] = {}
        self._token, self._soon = "", 0.0
        self._connection = HTTPConnection("127.0.0.1", site.port, timeout=30)
        self._lock = threading.Lock()

    def ask(self, kind: str, method: str, path: str, body: str | None = None, **headers: str) -> str:
        """The answer's text; its time is noted."""
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        form = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        with self._lock:
            began = time.perf_counter()
            try:
                status, got, text = self._answer(method, path, body, {"Cookie": cookies, **form, **headers})
            except (OSError, HTTPException) as error:
                self.seen.errors.append(f"{method} {path}: {error!r}")
                return ""
            self.seen.times[kind].append(time.perf_counter() - began)
        self.seen.codes[status] += 1
        if status >= 400:
            self.seen.errors.append(f"{method} {path}: {status} {text[:200]}")
        for cookie in got.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return text

    def _answer(
        self, method: str, path: str, body: str | None, headers: dict[str, str]
    ) -> tuple[int, HTTPMessage, str]:
        """As browsers do: a connection that the server has closed meanwhile is opened anew, for GET alone."""
        for is_last in (method != "GET", True):
            try:
                self._connection.request(method, path, body, headers)
                answer = self._connection.getresponse()
                return answer.status, answer.headers, answer.read().decode()
            except (ConnectionError, HTTPException):
                self._connection.close()
                if is_last:
                    raise
        raise AssertionError

    def reconnect(self) -> None:
        """The server has closed a connection on which nothing came for a while."""
        self._connection.close()
        self._connection.connect()

    def open(self) -> None:
        """The home page."""
        page = self.ask("page", "GET", "/")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        self._token = token[1] if token else ""
        soon = CHANGED.search(page)
        self._soon = int(soon[1]) / 1000 if soon else 0.0
        self.follow(page)

    def follow(self, text: str) -> None:
        """Poll from now on as this part of the page says."""
        for name, address, seconds in POLLING.findall(text):
            self.polls[name] = (html.unescape(address), float(seconds))

    def send(self) -> None:
        """Ask for pictures on the open page, whose script puts the job's card into it and soon asks for the queue."""
        body = urlencode({"csrfmiddlewaretoken": self._token, "prompt": PROMPT, "num_images": IMAGES})
        self.follow(self.ask("sending", "POST", "/jobs/", body, **{"HX-Request": "true"}))
        time.sleep(self._soon)
        self.poll("queue")

    def poll(self, name: str) -> float | None:
        """Ask for that part of the page; s until it is asked for again. None: the page polls it no more."""
        if name not in self.polls:
            return None
        address, _ = self.polls[name]
        kind = NOTHING if name == NOTHING else "poll"
        text = self.ask(kind, "GET", address, **{"HX-Request": "true"})
        if text and name != NOTHING:
            del self.polls[name]  # what comes in its place says whether it goes on
            self.follow(text)
        return self.polls[name][1] if name in self.polls else None
