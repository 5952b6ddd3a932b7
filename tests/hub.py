"""A hub on this machine: it speaks as much of the Hugging Face hub's HTTP as a download needs, and can break off."""

import hashlib
import json
import re
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGE = (".safetensors", ".bin")


class Hub(ThreadingHTTPServer):
    """Gives out one repository while it is entered."""

    daemon_threads = True

    def __init__(self, files: Mapping[str, bytes], repository: str = "somebody/tiny") -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.repository = dict(files), repository
        self.sizes: dict[str, int] = {}
        """Claimed in place of the real ones."""
        self.breaks = 0
        """How many of the next answers with a large file break off in the middle."""
        self.pace = 0.0
        """s between two pieces of a large file."""
        self.ranges = True
        self.damaged = ""
        """A file in whose content a byte is wrong."""
        self.status = 200
        """Of every answer, if it is no 200."""
        self.asked: list[tuple[str, str, str]] = []
        """Method, path and Range of every request."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def cdn(self) -> str:
        """Another host, as it is for large files."""
        return f"http://localhost:{self.server_address[1]}"

    def fetched(self, path: str) -> list[str]:
        """The Range of each request for the content of a file, "" where there was none."""
        return [given for method, asked, given in self.asked if method == "GET" and asked.endswith(f"/{path}")]

    def __enter__(self) -> "Hub":
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.shutdown()
        self.server_close()


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class Handler(BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.server.asked.append((self.command, path, self.headers.get("Range", "")))
        if self.server.status != 200:
            self._answer(self.server.status, b"no")
        elif match := re.fullmatch(r"/api/models/([^/]+/[^/]+)/revision/(.+)", path):
            self._describe(match[1], match[2])
        elif match := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            self._resolve(match[1], match[3])
        elif match := re.fullmatch(r"/cdn/(.+)", path):
            self._content(self._damaged(match[1]), {}, may_break=True)
        else:
            self._answer(404, b"none", {"X-Error-Code": "EntryNotFound"})

    def _describe(self, repository: str, revision: str) -> None:
        if repository != self.server.repository:
            return self._answer(404, b"none", {"X-Error-Code": "RepoNotFound"})
        if revision not in ("main", COMMIT, "v1"):
            return self._answer(404, b"none", {"X-Error-Code": "RevisionNotFound"})
        siblings = [self._sibling(path, content) for path, content in self.server.files.items()]
        about = {"id": repository, "modelId": repository, "sha": COMMIT, "siblings": siblings}
        return self._answer(200, json.dumps(about).encode(), {"Content-Type": "application/json"})

    def _sibling(self, path: str, content: bytes) -> dict[str, Any]:
        size = self.server.sizes.get(path, len(content))
        lfs = {"sha256": hashlib.sha256(content).hexdigest(), "size": size, "pointerSize": 130}
        return {"rfilename": path, "size": size, "blobId": _git(content), **({"lfs": lfs} if _large(path) else {})}

    def _resolve(self, repository: str, path: str) -> None:
        content = self.server.files.get(path)
        if repository != self.server.repository or content is None:
            return self._answer(404, b"none", {"X-Error-Code": "EntryNotFound"})
        about = {"X-Repo-Commit": COMMIT}
        if not _large(path):
            return self._content(content, {**about, "ETag": f'"{_git(content)}"'})
        etag = f'"{hashlib.sha256(content).hexdigest()}"'
        linked = {
            "X-Linked-Etag": etag,
            "X-Linked-Size": str(len(content)),
            "Location": f"{self.server.cdn}/cdn/{path}",
        }
        return self._answer(302, b"", {**about, **linked})

    def _damaged(self, path: str) -> bytes:
        content = self.server.files[path]
        return content if path != self.server.damaged else bytes([content[0] ^ 1]) + content[1:]

    def _content(self, content: bytes, headers: Mapping[str, str], *, may_break: bool = False) -> None:
        given = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        begin = int(given[1]) if given and self.server.ranges else 0
        rest = {"Content-Range": f"bytes {begin}-{len(content) - 1}/{len(content)}"} if begin else {}
        is_broken = may_break and self.command == "GET" and self.server.breaks > 0
        self.server.breaks -= is_broken
        self._answer(206 if begin else 200, content[begin:], {**headers, **rest}, is_broken=is_broken)

    def _answer(
        self, status: int, body: bytes, headers: Mapping[str, str] | None = None, *, is_broken: bool = False
    ) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        self._send(body[: len(body) // 2] if is_broken else body)
        self.close_connection = self.close_connection or is_broken

    def _send(self, body: bytes) -> None:
        """In small pieces, so that whoever fetches it has the time to change their mind."""
        for at in range(0, len(body), 64 * 1024):
            self.wfile.write(body[at : at + 64 * 1024])
            if self.server.pace:
                threading.Event().wait(self.server.pace)


def _large(path: str) -> bool:
    return path.endswith(LARGE)


def _git(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
