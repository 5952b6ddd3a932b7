"""How large a picture may be: the owner's word, else what fits into the workers' memory."""

from dataclasses import dataclass

from django.conf import settings

LONGEST_SIDE = 2048  # px that can be asked for
UNTIL_MEASURED = 1024 * 1024  # px

OWNER = "more than the owner of this site lets it make"
MEMORY = "more than this machine's memory holds"
NOT_MEASURED = "more than can be asked for until a worker has measured its memory"
FORM = "more than can be asked for here"


@dataclass(frozen=True)
class Limit:
    pixels: int
    """Of a picture that comes out, in all."""
    beyond: str
    """What a larger one is, as in 'That is ...'."""


def limit(*, measured: int, usual: int) -> Limit:
    """
    Args:
        measured: px that fit into the memory of every worker that can work; 0 while none has said so.
        usual: px of a picture at the model's own size. Such a one is always allowed, unless the owner says otherwise.
    """
    if settings.PLAYGROUND_MAX_PIXELS:
        return Limit(settings.PLAYGROUND_MAX_PIXELS, OWNER)
    if not measured:
        return Limit(max(UNTIL_MEASURED, usual), NOT_MEASURED)
    if measured >= LONGEST_SIDE**2:
        return Limit(max(LONGEST_SIDE**2, usual), FORM)
    return Limit(max(measured, usual), MEMORY)
