"""A name server that knows a few names, some of them with another answer the second time."""

import socket
import socketserver
import struct
import threading
from collections.abc import Mapping, Sequence

A, AAAA = 1, 28
FOUND, NO_SUCH_NAME = 0x8180, 0x8183


class Names(socketserver.UDPServer):
    """Answers while it is entered: by a name's addresses, or by those for the first question, the second and so on."""

    def __init__(self, names: Mapping[str, Sequence[Sequence[str]]]) -> None:
        super().__init__(("127.0.0.1", 53), Handler)
        self._names = names
        self.asked: list[str] = []
        """Names whose IPv4 addresses somebody wanted; whoever resolves a name wants them once."""

    def addresses(self, name: str, kind: int) -> Sequence[str] | None:
        """None: there is no such name. The last answer is given for ever."""
        if kind == A:
            self.asked.append(name)
        if name not in self._names:
            return None
        turns = self._names[name]
        ips = turns[min(max(1, self.asked.count(name)), len(turns)) - 1]
        return [ip for ip in ips if (":" in ip) == (kind == AAAA)]

    def __enter__(self) -> "Names":
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.shutdown()
        self.server_close()


class Handler(socketserver.BaseRequestHandler):
    server: Names

    def handle(self) -> None:
        question, sock = self.request
        labels, end = [], 12
        while length := question[end]:
            labels.append(question[end + 1 : end + 1 + length].decode().lower())
            end += 1 + length
        [kind] = struct.unpack_from(">H", question, end + 1)
        ips = self.server.addresses(".".join(labels), kind)
        head = struct.pack(">HHHHH", FOUND if ips is not None else NO_SUCH_NAME, 1, len(ips or ()), 0, 0)
        answers = b"".join(_record(ip) for ip in ips or ())
        sock.sendto(question[:2] + head + question[12 : end + 5] + answers, self.client_address)


def _record(ip: str) -> bytes:
    """For the name that was asked for, not to be kept."""
    kind, family = (AAAA, socket.AF_INET6) if ":" in ip else (A, socket.AF_INET)
    data = socket.inet_pton(family, ip)
    return b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 0, len(data)) + data
