"""What the worker's cluster does by the clock."""

import logging

from library import pruning
from library.models import Unreachable

logger = logging.getLogger(__name__)


def prune() -> None:
    """Once a day: what has been in the trash for thirty days goes for good."""
    try:
        count = pruning.prune()
    except Unreachable as fault:
        logger.warning("The trash was not emptied. %s", fault)
        return
    if count:
        logger.info("The trash was emptied of %d picture(s) whose time was up.", count)
