"""What the library holds to choose from, found by leaps through an index: as fast for a million rows as for ten."""

from django.db import connection

_LEAPS = """
WITH RECURSIVE found(value) AS (
    SELECT MIN({column}) FROM library_batch WHERE {column} > ''
    UNION ALL
    SELECT (SELECT MIN({column}) FROM library_batch WHERE {column} > found.value) FROM found
    WHERE found.value IS NOT NULL
)
SELECT value FROM found WHERE value IS NOT NULL
"""


def models() -> list[str]:
    """Every model that pictures were made with. One query."""
    return _leap("model")


def sizes() -> list[str]:
    """Every size that pictures have, the smallest first. One query."""
    return sorted(_leap("size"), key=lambda size: [int(side) for side in size.split("x")])


def _leap(column: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_LEAPS.format(column=column))
        return [value for (value,) in cursor.fetchall()]
