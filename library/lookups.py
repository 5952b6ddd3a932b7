"""Full text: `words__has=phrases` in the index that each database keeps of a batch's words."""

from collections.abc import Iterable
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BigAutoField, Lookup, TextField
from django.db.models.lookups import In
from django.db.models.sql.compiler import SQLCompiler

from library.search import Phrase

Sql = tuple[str, list[Any]]

POSTGRESQL_INDEX = "library_batch_words"
POSTGRESQL_VECTOR = "to_tsvector('simple', {})"


def fts5(phrases: Iterable[Phrase], *, glue: str) -> str:
    """An FTS5 query. Tokens are letters and digits only, so nothing in them is syntax."""
    return f" {glue} ".join(_fts5(phrase) for phrase in phrases)


def _fts5(phrase: Phrase) -> str:
    return f'"{" ".join(phrase.tokens)}"' + ("" if phrase.is_quoted else " *")


def tsquery(phrases: Iterable[Phrase], *, glue: str) -> str:
    """The same for PostgreSQL."""
    return f" {glue} ".join(f"({_tsquery(phrase)})" for phrase in phrases)


def _tsquery(phrase: Phrase) -> str:
    return " <-> ".join(phrase.tokens) + ("" if phrase.is_quoted else ":*")


class Has(Lookup):
    """All of the phrases."""

    lookup_name = "has"
    prepare_rhs = False
    fts5_glue, tsquery_glue = "AND", "&"

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Sql:
        """The plus keeps SQLite from fetching every match and sorting: it walks the batches in order instead."""
        alias = compiler.quote_name_unless_alias(self.lhs.alias)
        query = fts5(self.rhs, glue=self.fts5_glue)
        found = "SELECT rowid FROM library_words WHERE library_words MATCH %s"
        return f"+{alias}.id IN ({found})", [query]

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Sql:  # type: ignore[override]
        column, parameters = self.process_lhs(compiler, connection)
        query = tsquery(self.rhs, glue=self.tsquery_glue)
        return f"{POSTGRESQL_VECTOR.format(column)} @@ to_tsquery('simple', %s)", [*parameters, query]


class HasAny(Has):
    """One of the phrases at least."""

    lookup_name = "has_any"
    fts5_glue, tsquery_glue = "OR", "|"


class Among(In):
    """As `in`, but SQLite walks the batches in their order instead of fetching and sorting all of them."""

    lookup_name = "among"

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Any:
        sql, parameters = self.as_sql(compiler, connection)
        return f"+{sql}", parameters


def register() -> None:
    BigAutoField.register_lookup(Among)
    TextField.register_lookup(Has)
    TextField.register_lookup(HasAny)
