"""A web server that answers what a test wants, byte for byte, and remembers what it was asked."""

import contextlib
import socket
import socketserver
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any

from PIL import Image

Page = bytes | Callable[[socket.socket], None]


def a_png(width: int = 4, height: int = 2) -> bytes:
    file = BytesIO()
    Image.new("RGB", (width, height), "orange").save(file, "PNG")
    return file.getvalue()


def answer(body: bytes = b"", status: str = "200 OK", **headers: object) -> bytes:
    """The whole answer. Content_Length=None leaves that header out."""
    given = {"Content-Length": len(body), **{name.replace("_", "-"): value for name, value in headers.items()}}
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in given.items() if value is not None)]
    return "\r\n".join([*lines, "", ""]).encode() + body


def to(address: str, status: str = "302 Found") -> bytes:
    return answer(status=status, Location=address)


def dripping(start: bytes, pause: float = 0.02) -> Callable[[socket.socket], None]:
    """A page whose bytes come one by one and have no end."""

    def drip(sock: socket.socket) -> None:
        sock.sendall(start)
        for _ in count():
            sock.sendall(b"x")
            time.sleep(pause)

    return drip


def endless(start: bytes, chunk: bytes = b"x" * 65536) -> Callable[[socket.socket], None]:
    """A page that goes on as fast as it can and has no end."""

    def send(sock: socket.socket) -> None:
        sock.sendall(start)
        for _ in count():
            sock.sendall(chunk)

    return send


class Web(socketserver.ThreadingTCPServer):
    """Gives out `pages` by their paths while it is entered."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(
        self, pages: Mapping[str, Page], host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
    ) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), Handler)
        self.pages, self.tls = dict(pages), tls
        self.port: int = self.server_address[1]  # type: ignore[assignment]
        self.heads: list[str] = []
        """Of the requests that came, and an empty one for each connection that asked nothing."""
        self.reached: list[str] = []
        """The address of this machine that each connection came to."""

    def server_bind(self) -> None:
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        super().server_bind()

    def url(self, path: str = "/a.png", host: str = "127.0.0.1") -> str:
        return f"http{'s' * (self.tls is not None)}://{host}:{self.port}{path}"

    def __enter__(self) -> "Web":
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.shutdown()
        self.server_close()


class Handler(socketserver.BaseRequestHandler):
    server: Web

    def handle(self) -> None:
        self.server.reached.append(self.request.getsockname()[0])
        with contextlib.suppress(OSError):
            if self.server.tls:
                self.request = self.server.tls.wrap_socket(self.request, server_side=True)
            self._answer()

    def _answer(self) -> None:
        head = b""
        while b"\r\n\r\n" not in head and (more := self.request.recv(4096)):
            head += more
        self.server.heads.append(head.decode("latin-1"))
        path = head.decode("latin-1").split(" ")[1] if head else ""
        page: Any = self.server.pages.get(path, answer(b"none", "404 Not Found"))
        if callable(page):
            page(self.request)
        else:
            self.request.sendall(page)


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """What a server for the name needs, and what somebody needs who believes it."""
    key, own = str(folder / "key.pem"), str(folder / "own.pem")
    new = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    more = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", "-keyout", key, "-out", own]
    subprocess.run([*new, *more], check=True, capture_output=True)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(own, key)
    return server, ssl.create_default_context(cafile=own)
