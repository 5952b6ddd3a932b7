"""Whoever says nothing, or stops in the middle of a request, keeps nobody waiting for ever."""

import socket
import time
from collections.abc import Iterator
from http.client import HTTPResponse

import pytest

from playground import gunicorn
from tests.site import Site, served

MANY = 3 * gunicorn.threads
HALF = (
    b"POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b'Content-Length: 1000\r\n\r\n{"prompt": "a f'
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with served(Site(tmp_path_factory.mktemp("stalled") / "data")) as site:
        yield site


def connections(site: Site, count: int) -> list[socket.socket]:
    return [socket.create_connection(("127.0.0.1", site.port), timeout=3 * gunicorn.PATIENCE) for _ in range(count)]


@pytest.mark.skipif(not hasattr(socket, "TCP_DEFER_ACCEPT"), reason="Linux alone can wait for the first byte")
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
