"""Time and size: a fetch ends, whatever the other side does."""

import socket
import threading
import time

import pytest

from generation.fetching import NOTHING, TOO_LARGE, TOO_SLOW, Way
from tests.ways import refusal, way_to
from tests.web import Web, a_png, answer, dripping, endless, to

PNG = a_png()


def test_a_handshake_that_does_not_come_ends_in_time() -> None:
    with Web({}) as web:  # waits for a request that never comes
        started = time.monotonic()
        assert refusal(web.url().replace("http:", "https:"), way_to(web, seconds=0.3)) == NOTHING
        assert time.monotonic() - started < 1.3


def test_the_time_and_the_bytes_are_those_of_all_redirects_together() -> None:
    def slow(sock: socket.socket) -> None:
        time.sleep(0.15)
        sock.sendall(to("/a"))

    with Web({"/a": slow}) as web:
        started = time.monotonic()
        assert refusal(web.url("/a"), way_to(web, seconds=0.3)) == NOTHING
        assert time.monotonic() - started < 1.3


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (b"", NOTHING),
        (b"HTTP/1.1 200 OK\r\nX: ", NOTHING),
        (b"HTTP/1.1 200 OK\r\n\r\n", NOTHING),
        (answer(PNG, Content_Length=5000), TOO_SLOW),
        (answer(PNG, Content_Length=None), TOO_SLOW),
    ],
    ids=["nothing", "head", "body", "picture", "picture without length"],
)
def test_a_slow_drip_ends_in_time(start: bytes, words: str) -> None:
    with Web({"/a.png": dripping(start)}) as web:
        started = time.monotonic()
        assert refusal(web.url(), way_to(web, seconds=0.3)) == words
        assert 0.25 < time.monotonic() - started < 1.3


def test_a_resolver_that_does_not_answer_is_not_waited_for() -> None:
    ended = threading.Event()

    def silent(host: str) -> list[str]:
        ended.wait(5)
        return ["127.0.0.1"]

    started = time.monotonic()
    assert refusal("http://pictures.example/", Way(0.2, resolve=silent)) == NOTHING
    assert time.monotonic() - started < 1.2
    ended.set()


def test_a_resolver_that_fails_has_the_same_words() -> None:
    def none(host: str) -> list[str]:
        raise socket.gaierror("not known")

    assert refusal("http://pictures.example/", Way(resolve=none)) == NOTHING


@pytest.mark.parametrize(
    ("start", "chunk", "words"),
    [
        (answer(PNG, Content_Length=None), b"x" * 65536, TOO_LARGE),
        (answer(PNG, Content_Length=10**10), b"x" * 65536, TOO_LARGE),
        (answer(b"14\r\n" + PNG[:20] + b"\r\n", Content_Length=None, Transfer_Encoding="chunked"),
         b"400\r\n" + b"x" * 1024 + b"\r\n", TOO_LARGE),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n", NOTHING),
        (b"HTTP/1.1 200 OK\r\n", b"A: b\r\n", NOTHING),
        (b"HTTP/1.1 200 OK\r\nA: ", b"x" * 65536, NOTHING),
        (b"", b"x" * 65536, NOTHING),
    ],
    ids=["body", "10 GB", "chunks", "continue", "headers", "header", "line"],
)  # fmt: skip
def test_what_has_no_end_is_not_taken(start: bytes, chunk: bytes, words: str) -> None:
    with Web({"/a.png": endless(start, chunk)}) as web:
        assert refusal(web.url(), way_to(web)) == words


def test_a_length_that_is_too_much_is_believed_at_once() -> None:
    with Web({"/a.png": dripping(answer(PNG, Content_Length=2**20 + 1))}) as web:
        started = time.monotonic()
        assert refusal(web.url(), way_to(web)) == TOO_LARGE
        assert time.monotonic() - started < 1.2
