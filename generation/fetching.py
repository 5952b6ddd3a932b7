"""Fetches a picture's file from the internet, and from nowhere else.

A host is resolved once, every address of it has to be public, and the connection goes to an address that was checked.
No proxy, cookie or password is used, whatever the environment says. All failures that happen before there is a picture
have the same words, so that nobody can ask here what is open and what is closed.
"""

import io
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import cast
from urllib.parse import urljoin

import certifi

from generation import addresses
from generation.addresses import Address, parse
from library.decoding import NoPicture

SECONDS = 10
"""For all of one fetch: names, connections, redirects, the file."""
SIZE = 20 * 2**20  # bytes of all answers together
REDIRECTS = 4
AT_ONCE = 2
CONNECTIONS = 4
"""Addresses of a host that are tried."""
CHUNK = 2**16  # bytes

MOVED = (301, 302, 303, 307, 308)
HEADERS = {
    "User-Agent": "Playground",
    "Accept": "image/png, image/jpeg, image/webp, image/gif",
    "Accept-Encoding": "identity",
    "Connection": "close",
}

NO_ADDRESS = (
    "This is no address that a picture can be fetched from: "
    "it has to begin with http:// or https://, without a password in it."
)
NOTHING = (
    "No picture could be fetched from this address. It has to lead to a PNG, JPEG, WebP or GIF file "
    "that everybody on the internet can open."
)
TOO_LARGE = "The picture at this address is too large: at most 20 MB can be fetched."
TOO_SLOW = "The picture at this address did not come within 10 seconds."


class Busy(Exception):
    """As many pictures are being fetched as may be; the message is a sentence for people."""

    retry_after = SECONDS
    """s, after which one of them has certainly come to its end."""


class TooMuch(Exception):
    """More bytes came than a fetch may take."""


@cache
def trusted() -> ssl.SSLContext:
    """Checks certificates against the system's list and Mozilla's, since some Pythons come with an empty one."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


@dataclass(frozen=True)
class Way:
    """How far a fetch may go. The defaults are what visitors get."""

    seconds: float = SECONDS
    size: int = SIZE
    is_allowed: Callable[[str, int], bool] = addresses.is_allowed
    resolve: Callable[[str], list[str]] = addresses.resolve
    tls: Callable[[], ssl.SSLContext] = trusted


class Turns:
    """Who is fetching in this process: few at once, so that threads are left for everybody else."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._at_once = at_once
        self._visitors: set[str] = set()
        self._lock = threading.Lock()

    @contextmanager
    def turn(self, visitor: str) -> Iterator[None]:
        """Raises Busy at once where there is none left for this visitor; nobody waits."""
        with self._lock:
            if visitor in self._visitors:
                raise Busy("Another picture is being fetched for you. Try again when it is there.")
            if len(self._visitors) >= self._at_once:
                raise Busy("Other people's pictures are being fetched. Try again in a few seconds.")
            self._visitors.add(visitor)
        try:
            yield
        finally:
            with self._lock:
                self._visitors.discard(visitor)


class Left:
    """What is left of the time and the bytes of one fetch."""

    def __init__(self, way: Way) -> None:
        self._ends = time.monotonic() + way.seconds
        self.bytes = way.size

    @property
    def seconds(self) -> float:
        """Raises TimeoutError when there are none."""
        seconds = self._ends - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        return seconds

    def take(self, count: int) -> None:
        self.bytes -= count
        if self.bytes < 0:
            raise TooMuch


class Stream(io.RawIOBase):
    """A socket that ends with its fetch, however slowly the bytes drip: a socket's own limit is for each one anew."""

    def __init__(self, sock: socket.socket, left: Left) -> None:
        self._sock, self._left = sock, left

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview[int]") -> int:  # type: ignore[override]  # the buffer there is
        self._sock.settimeout(self._left.seconds)
        count = self._sock.recv_into(buffer)
        self._left.take(count)
        return count


class Wire:
    """As much of a socket as http.client needs; whoever opened the socket closes it."""

    def __init__(self, sock: socket.socket, left: Left) -> None:
        self._sock, self._left = sock, left

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(Stream(self._sock, self._left))

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(self._left.seconds)
        self._sock.sendall(data)

    def close(self) -> None:
        pass


def fetch(text: str, way: Way) -> bytes:
    """The file at the web address `text`, which begins like a picture.

    Raises:
        NoPicture
    """
    try:
        address = parse(text)
    except ValueError as error:
        raise NoPicture(NO_ADDRESS) from error
    try:
        return _follow(address, way, Left(way))
    except (OSError, HTTPException, ValueError, TooMuch) as error:
        raise NoPicture(NOTHING) from error


def _follow(address: Address, way: Way, left: Left) -> bytes:
    for _ in range(REDIRECTS + 1):
        with _answer(address, way, left) as answer:
            if answer.status not in MOVED:
                return _file(answer, left)
            # The whole of it is taken apart and checked anew, like the first.
            address = parse(urljoin(address.url, answer.headers["Location"] or ""))
    raise ValueError("led from one address to the next")


@contextmanager
def _answer(address: Address, way: Way, left: Left) -> Iterator[HTTPResponse]:
    """The head of what the host answers; its body has not been read."""
    with (
        _connect(_checked(address, way, left), address.port, left) as plain,
        _secured(plain, address, way, left) as sock,
    ):
        connection = HTTPConnection(address.host, address.port)
        connection.sock = cast(socket.socket, Wire(sock, left))
        connection.request("GET", address.target, headers={"Host": address.authority, **HEADERS})
        with connection.getresponse() as answer:
            yield answer


def _checked(address: Address, way: Way, left: Left) -> list[str]:
    """The host's addresses, if a fetch may connect to every one of them."""
    ips = [address.host] if address.is_literal else _resolve(address.host, way, left)
    if not ips or not all(way.is_allowed(ip, address.port) for ip in ips):
        raise ValueError("not public")
    return ips[:CONNECTIONS]


def _resolve(host: str, way: Way, left: Left) -> list[str]:
    """In a thread that is left behind when time is up: the system's resolver has its own limits and cannot be told."""
    found: Future[list[str]] = Future()

    def ask() -> None:
        try:
            found.set_result(way.resolve(host))
        except Exception as error:
            found.set_exception(error)

    threading.Thread(target=ask, name="resolver", daemon=True).start()
    return found.result(left.seconds)


def _connect(ips: list[str], port: int, left: Left) -> socket.socket:
    """To the first that answers; each may take its share of the time. They are numbers: nothing is resolved again."""
    for place, ip in enumerate(ips):
        sock = socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET)
        try:
            sock.settimeout(left.seconds / (len(ips) - place))
            sock.connect((ip, port))
        except OSError:
            sock.close()
        else:
            return sock
    raise OSError("nobody answers")


def _secured(sock: socket.socket, address: Address, way: Way, left: Left) -> socket.socket:
    """With TLS for the host's name where the address asks for it."""
    if address.scheme == "http":
        return sock
    context = way.tls()
    sock.settimeout(left.seconds)
    return context.wrap_socket(sock, server_hostname=address.host)


def _file(answer: HTTPResponse, left: Left) -> bytes:
    """The body, once its first bytes are a picture's. What is packed is not unpacked: nobody asked for that."""
    start = answer.read(16)
    if (
        answer.status != 200
        or answer.headers.get("Content-Encoding", "identity") != "identity"
        or not is_picture(start)
    ):
        raise ValueError("no picture")
    if (answer.length or 0) > left.bytes:
        raise NoPicture(TOO_LARGE)
    try:
        return start + b"".join(iter(lambda: answer.read(CHUNK), b""))
    except TooMuch as error:
        raise NoPicture(TOO_LARGE) from error
    except TimeoutError as error:
        raise NoPicture(TOO_SLOW) from error


def is_picture(start: bytes) -> bool:
    """Whether a file's first 16 bytes are those of a kind that can be read here, whatever its name and type say."""
    return start.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8")) or (
        start.startswith(b"RIFF") and start[8:12] == b"WEBP"
    )
