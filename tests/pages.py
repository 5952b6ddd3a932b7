"""A visitor's browser and what it shows, for tests of views."""

from html.parser import HTMLParser

from django.test import Client

EVIL = "</title></textarea><script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7|add:7 }}"
"""Words that would become elements, attributes or template code where they are not escaped."""


def browser() -> Client:
    """One that has not been here yet."""
    return Client(headers={"host": "localhost"})


def elements(html: str) -> list[tuple[str, list[str]]]:
    """The elements of a page, each with the names of its attributes: the same whatever the words are."""
    parser = _Parser()
    parser.feed(html)
    return parser.found


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, list[str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, [name for name, _ in attrs]))
