"""Whoever says nothing, stops within a request, or takes nothing of an answer keeps nobody waiting for ever."""

import socket
import sys
import time
from collections.abc import Iterator
from http.client import HTTPResponse

import pytest

from playground import gunicorn
from tests.site import Site, served

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone lets the kernel see to it")
MANY = 3 * gunicorn.threads
HALF = (
    b"POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b'Content-Length: 1000\r\n\r\n{"prompt": "a f'
)

ADD = """
from PIL import Image as Pillow
from tests.library.make import a_batch, an_image
noise = Pillow.effect_noise((2200, 2200), 90)
print(an_image(a_batch("a fox", width=256, height=256), 1, Pillow.merge("RGB", [noise] * 3)).download_url)
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with served(Site(tmp_path_factory.mktemp("stalled") / "data")) as site:
        yield site


def connections(site: Site, count: int) -> list[socket.socket]:
    return [socket.create_connection(("127.0.0.1", site.port), timeout=3 * gunicorn.PATIENCE) for _ in range(count)]


@on_linux
def test_connections_that_say_nothing_take_no_thread(site: Site) -> None:
    silent = connections(site, MANY)  # as browsers open them in reserve
    began = time.monotonic()
    assert site.get("/livez")[0] == 200
    assert time.monotonic() - began < gunicorn.PATIENCE / 5
    for connection in silent:
        connection.close()


def test_a_request_that_stops_halfway_is_given_up_and_frees_its_thread(site: Site) -> None:
    stalled = connections(site, gunicorn.threads)
    for connection in stalled:
        connection.sendall(HALF)
    time.sleep(0.5)
    assert site.get("/livez")[0] == 200  # it waits for a thread
    for connection in stalled:
        answer = HTTPResponse(connection)
        answer.begin()
        assert answer.status == 408
        assert "did not come, so nothing was done" in answer.read().decode()
        connection.close()
    assert "Internal Server Error" not in site.log.read_text()


@on_linux
def test_an_answer_of_which_nothing_is_taken_is_given_up_and_a_slow_reader_gets_all(site: Site) -> None:
    large = site.command("shell", "--verbosity", "0", "--command", ADD).stdout.strip()  # 7 MB, more than buffers take
    ask = f"GET {large} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    readers = connections(site, gunicorn.threads)
    for reader in readers:
        reader.sendall(ask)
        reader.recv(1)
    assert site.get("/livez")[0] == 200  # it waits for a thread
    for reader in readers:
        reader.close()

    [reader] = connections(site, 1)
    reader.sendall(ask)
    answer, read = HTTPResponse(reader), 0
    answer.begin()
    for _ in range(2 * gunicorn.PATIENCE):
        time.sleep(1)
        read += len(answer.read(65536))
    assert read + len(answer.read()) == int(answer.headers["Content-Length"]) > 5_000_000
    reader.close()
