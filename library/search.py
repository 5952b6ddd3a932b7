"""What people write into the search box, understood: words and filters. No database."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from unicodedata import normalize

from library.filters import FILTERS

LONGEST = 500  # characters
MOST_WORDS = 32

_TERM = re.compile(r'(-?)(?:([A-Za-z]+):)?(?:"([^"]*)"?|([^\s"]+))')


@dataclass(frozen=True)
class Phrase:
    """Words that follow each other; of a single word the beginning is enough."""

    text: str
    is_quoted: bool = False
    is_excluded: bool = False

    @property
    def tokens(self) -> list[str]:
        return re.findall(r"[^\W_]+", self.text)

    def __str__(self) -> str:
        return ("-" if self.is_excluded else "") + (f'"{self.text}"' if self.is_quoted else self.text)


@dataclass(frozen=True)
class Search:
    """A search that was understood, and sentences about what was not.

    >>> str(Search.parse('steps:>20 fox  -dog model:"demo model"'))
    'fox -dog model:"demo model" steps:>20'
    """

    phrases: tuple[Phrase, ...] = ()
    filters: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def parse(cls, text: str) -> "Search":
        """Never raises: what cannot be understood is told in `problems` and left out."""
        return _Parser(text).search()

    def __str__(self) -> str:
        filters = [f"{name}:{_quoted(self.filters[name])}" for name in FILTERS if name in self.filters]
        return " ".join([*map(str, self.phrases), *filters])

    def __bool__(self) -> bool:
        return bool(self.phrases or self.filters)

    def with_filter(self, name: str, value: str) -> "Search":
        """The same with another value; a value that is empty or makes no sense takes the filter away."""
        try:
            return replace(self, filters={**self.filters, name: FILTERS[name].read(clean(value))})
        except ValueError:
            return self.without(name)

    def without(self, name: str) -> "Search":
        return replace(self, filters={key: value for key, value in self.filters.items() if key != name})

    def without_phrase(self, phrase: Phrase) -> "Search":
        return replace(self, phrases=tuple(other for other in self.phrases if other != phrase))

    @property
    def parts(self) -> list[tuple[str, str]]:
        """(one part, the search without it): for links that take one away."""
        phrases = [(str(phrase), str(self.without_phrase(phrase))) for phrase in dict.fromkeys(self.phrases)]
        names = [name for name in FILTERS if name in self.filters]
        return phrases + [(f"{name}:{self.filters[name]}", str(self.without(name))) for name in names]


def clean(text: str) -> str:
    """Without what no database takes: NUL, halves of surrogate pairs, other control characters."""
    text = normalize("NFC", text.encode("utf-8", "ignore").decode())
    return "".join(" " if ord(character) < 32 or ord(character) == 127 else character for character in text)


def _quoted(value: str) -> str:
    return f'"{value}"' if re.search(r"\s", value) else value


class _Parser:
    def __init__(self, text: str) -> None:
        self.phrases: list[Phrase] = []
        self.filters: dict[str, str] = {}
        self.problems: list[str] = []
        text = clean(text[: LONGEST + 1])
        if len(text) > LONGEST:
            self.problems.append(f"Only the first {LONGEST} characters are looked at.")
        self.text = text[:LONGEST]

    def search(self) -> Search:
        for minus, name, quoted, plain in _TERM.findall(self.text):
            self.read(bool(minus), name, quoted or plain, is_quoted=not plain)
        if len(self.phrases) > MOST_WORDS:
            self.problems.append(f"Only the first {MOST_WORDS} words are looked for.")
        return Search(tuple(self.phrases[:MOST_WORDS]), self.filters, tuple(dict.fromkeys(self.problems)))

    def read(self, is_excluded: bool, name: str, value: str, *, is_quoted: bool) -> None:
        key = name.lower() or value[:-1].lower()
        if key in FILTERS and (name or value.endswith(":")):
            self.read_filter(key, value if name else "", is_excluded)
        else:
            self.read_words(f"{name}:{value}" if name else value, is_excluded, is_quoted)
            if name and not value.startswith("//"):
                self.problems.append(f"There is no filter “{name}:”; it is looked for as words.")

    def read_filter(self, name: str, value: str, is_excluded: bool) -> None:
        if is_excluded:
            self.problems.append(f"“-{name}:{value}” is left out: only words can be excluded.")
            return
        try:
            read = FILTERS[name].read(value)
        except ValueError:
            self.problems.append(f"“{name}:{value}” is left out: {name} takes {FILTERS[name].takes}.")
            return
        if self.filters.get(name, read) != read:
            self.problems.append(f"“{name}:” stands there twice; the last one counts.")
        self.filters[name] = read

    def read_words(self, text: str, is_excluded: bool, is_quoted: bool) -> None:
        phrase = Phrase(" ".join(text.split()), is_quoted, is_excluded)
        if phrase.tokens:
            self.phrases.append(phrase)
        else:
            self.problems.append(f"“{text}” has no letters or digits to look for.")
