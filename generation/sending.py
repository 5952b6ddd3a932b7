"""From a form that somebody sent to a job: checked, with its source picture, and with what was promised."""

from generation import queue
from generation.forms import RecipeForm
from generation.models import Job


def send(form: RecipeForm, visitor: str) -> Job | None:
    """Submit what the form asks for. None: the form says what is wrong."""
    if not form.is_valid() or not form.take_source(visitor):
        return None
    promised = queue.places(form.recipe())[-1].seconds
    return queue.submit(form.recipe(), source=form.source, visitor=visitor, promised=promised)


def refusal(form: RecipeForm) -> tuple[int, dict[str, str]]:
    """Status and headers of the answer to a form that was not submitted."""
    return (429, {"Retry-After": str(form.retry_after)}) if form.retry_after else (422, {})
