"""A whole site under test: real web server, real worker processes, a data folder and a port of its own."""

import http.client
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parent.parent
T = TypeVar("T")

NOTHING_SET = dict.fromkeys(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE), "")
"""Every variable, empty: whoever runs the tests may have a site, and a .env, of their own."""

NO_LIMITS = dict.fromkeys(
    ("PLAYGROUND_MAX_WAITING", "PLAYGROUND_MAX_WAITING_PER_ADDRESS", "PLAYGROUND_MAX_WAITING_IN_ALL"), "0"
)
"""For many jobs from one address."""


def build_tiny_model(folder: Path) -> Path:
    """The demo model's parts at random weights: a picture in hundredths of a second."""
    subprocess.run([sys.executable, "-m", "demo_model.tiny", str(folder)], cwd=ROOT, check=True, capture_output=True)
    return folder


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(
    ask: Callable[[], T | None], *, seconds: float = 30, what: str = "", log: Path | None = None, every: float = 0.03
) -> T:
    """The first true answer of `ask`, asked `every` s; fails after `seconds`, showing the end of `log`."""
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        late = time.monotonic() > deadline
        assert not late, f"not within {seconds} s: {what}\n{log.read_text()[-3000:] if log else ''}"
        time.sleep(every)
    return answer


def is_alive(pid: int) -> bool:
    """Whether the process runs; a zombie that nobody has fetched yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def descendants(pid: int) -> list[int]:
    table = subprocess.run(["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = {int(child): int(parent) for child, parent in (line.split() for line in table.splitlines())}
    found, layer = [], [pid]
    while layer:
        layer = [child for child, parent in parents.items() if parent in layer]
        found += layer
    return found


class Site:
    """`manage.py run` in a process of its own."""

    def __init__(self, data: Path, **environment: str) -> None:
        self.data = data
        self.port = free_port()
        self.environment = {
            **os.environ,
            **NOTHING_SET,
            "DJANGO_SETTINGS_MODULE": "playground.settings",
            "PLAYGROUND_DATA": str(data),
            "PORT": str(self.port),
            **environment,
        }
        self.log = data.with_suffix(".log")
        self.cookies: dict[str, str] = {}
        self.before: list[str] = []
        """What stands before the command: another one that runs it."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=100, **options,
        )  # fmt: skip

    def start(self, *arguments: str) -> "Site":
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [*self.before, sys.executable, "manage.py", *(arguments or ("run",))],
                cwd=ROOT, env=self.environment, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        return self

    def start_web_server(self) -> "Site":
        """Without a worker: jobs wait for ever."""
        for command in ("migrate", "collectstatic --no-input"):
            done = self.command(*command.split())
            assert done.returncode == 0, done.stderr
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "-c", "python:playground.gunicorn"],
                cwd=ROOT, env=self.environment, stdout=log, stderr=log,
            )  # fmt: skip
        until(self.health, what="an answer", log=self.log)
        return self

    def wait_ready(self, seconds: float = 60) -> "Site":
        try:
            until(lambda: self.health().get("status") == "ok", seconds=seconds, what="ready", log=self.log)
        except AssertionError:
            self.process.kill()
            raise
        return self

    def stop(self, number: int = signal.SIGTERM) -> None:
        self.process.send_signal(number)
        self.process.wait(30)

    def health(self) -> dict[str, Any]:
        try:
            return dict(json.loads(self.get("/healthz")[1]))
        except OSError:
            return {}

    # As a browser does

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes, http.client.HTTPMessage]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection.request(method, path, body, {**({"Cookie": cookies} if cookies else {}), **(headers or {})})
        answer = connection.getresponse()
        content = answer.read()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        connection.close()
        return answer.status, content, answer.headers

    def get(self, path: str) -> tuple[int, bytes, http.client.HTTPMessage]:
        return self.ask("GET", path)

    def post(self, path: str, **fields: Any) -> tuple[int, bytes, http.client.HTTPMessage]:
        if "csrftoken" not in self.cookies:
            self.get("/")
        page = self.get("/")[1].decode()
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token
        body = urlencode({"csrfmiddlewaretoken": token[1], **fields}).encode()
        return self.ask("POST", path, body, {"Content-Type": "application/x-www-form-urlencoded"})

    def submit(self, prompt: str, **fields: Any) -> str:
        """Send a prompt from the home page; the job's uuid."""
        status, content, headers = self.post("/jobs/", prompt=prompt, **fields)
        assert status == 302, content.decode()
        return headers["Location"].strip("/").rpartition("/")[2]

    def send(self, prompt: str, **fields: Any) -> str:
        """Send a prompt over the API, with settings as they are (`num_images` may be 1); the job's uuid."""
        body = json.dumps({"prompt": prompt, **fields}).encode()
        status, answer, _ = self.ask("POST", "/api/v1/jobs", body, {"Content-Type": "application/json"})
        assert status == 201, answer.decode()
        return str(json.loads(answer)["uuid"])

    # Behind the curtain

    @contextmanager
    def database(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self.data / "db.sqlite3", timeout=20)
        connection.row_factory = sqlite3.Row
        try:
            yield connection
        finally:
            connection.close()

    def rows(self, query: str, *parameters: Any) -> list[sqlite3.Row]:
        with self.database() as connection:
            return connection.execute(query, parameters).fetchall()

    def job(self, uuid: str) -> sqlite3.Row:
        return self.rows("SELECT * FROM generation_job WHERE uuid = ?", uuid.replace("-", ""))[0]

    def wait_for(self, uuid: str, *states: str, seconds: float = 60, every: float = 0.03) -> sqlite3.Row:
        def reached() -> sqlite3.Row | None:
            row = self.job(uuid)
            return row if row["state"] in (states or ("done",)) else None

        return until(reached, seconds=seconds, what=str(states), log=self.log, every=every)

    def worker_pid(self) -> int:
        """The process that holds the device now."""
        return int((self.data / "run" / "slot-cpu.lock").read_text())

    def pixels(self, uuid: str) -> list[str]:
        """The hashes of a job's pictures, in order."""
        query = """SELECT pixels FROM library_image JOIN library_batch ON library_batch.id = batch_id
                   WHERE library_batch.uuid = ? ORDER BY position"""
        return [row["pixels"] for row in self.rows(query, uuid.replace("-", ""))]


@contextmanager
def served(site: Site) -> Iterator[Site]:
    """The web server alone, without a worker."""
    for command in ("migrate", "collectstatic --no-input"):
        assert site.command(*command.split()).returncode == 0
    gunicorn = [sys.executable, "-m", "gunicorn", "-c", "python:playground.gunicorn"]
    with site.log.open("a") as log:
        server = subprocess.Popen(gunicorn, cwd=ROOT, env=site.environment, stdout=log, stderr=log)
    try:
        until(site.health, what="an answer", log=site.log)
        yield site
    finally:
        server.terminate()
        server.wait(30)
