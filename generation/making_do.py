"""What is tried when memory runs out: fewer pictures at once, then decoding in tiles. Either makes other pixels."""

from dataclasses import replace

from generation.engine.base import OutOfMemory
from generation.engine.recipe import IN_TILES, Recipe
from generation.models import Job

ONE_BY_ONE = "There was too little memory to make these pictures together, so they were made one at a time."

TILED = "There was too little memory to decode a picture at once, so it was done in tiles; perhaps their seams show."


def with_less(job: Job, recipe: Recipe) -> Recipe:
    """The recipe to go on with, after the job has been told how. Raises OutOfMemory: there is nothing left to try.

    Pictures that are finished stay as they are: each row and each PNG says how its own was made.
    """
    if job.group_size > 1:
        job.make_do(ONE_BY_ONE, group_size=1)
        return recipe
    if recipe.decoding != IN_TILES:
        job.make_do(TILED)
        return replace(recipe, decoding=IN_TILES)
    raise OutOfMemory
