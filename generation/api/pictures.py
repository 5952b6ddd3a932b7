"""The library's images, for programs. One in the trash is found by nothing but what restores it."""

from collections.abc import Iterable
from itertools import islice
from typing import Annotated, Any
from uuid import UUID

from django.http import FileResponse
from django.shortcuts import get_object_or_404
from ninja import Query, Router, Status

from generation.api.schemas import ImageOut, Images, Refused, image_out
from generation.api.scopes import Delete, Generate, Read
from generation.api.speaking import Refusal
from generation.visitors import VisitorRequest
from library.askers import Asker, asker_of
from library.models import Batch, Image
from library.search import Search
from library.views import files
from library.views.deleting import NOT_YOURS, may_delete

router = Router(tags=["images"])
NONE = {404: Refused}
Limit = Annotated[int, Query(ge=1, le=100)]


@router.get("", auth=Read(), response={200: Images, 422: Refused, 429: Refused})
def list_images(request: VisitorRequest, q: str = "", after: UUID | None = None, limit: Limit = 50) -> dict[str, Any]:
    """The images that a search finds, written as in the library's box, the newest batch first."""
    search = Search.parse(q)
    found = list(islice(_images(search, asker_of(request), after, limit + 1), limit + 1))
    return {
        "images": [image_out(image) for image in found[:limit]],
        "next": found[limit - 1].uuid if len(found) > limit else None,
        "problems": search.problems,
    }


def _images(search: Search, asker: Asker, after: UUID | None, most: int) -> Iterable[Image]:
    """The images after that one, at least `most` where there are so many: five queries at most."""
    batches = Batch.objects.matching(search, asker=asker).with_pictures().with_images(search)
    rest = batches.order_by("-created", "-pk")
    if after:
        last = _cursor(after)
        for batch in batches.filter(pk=last.batch_id):
            yield from (image for image in batch.kept_images if image.position > last.position)
        rest = batches.older(last.batch)
    for batch in rest[:most]:
        yield from batch.kept_images


def _cursor(uuid: UUID) -> Image:
    """Also one that has been deleted since: the list goes on behind it."""
    if (image := Image.objects.select_related("batch").filter(uuid=uuid).first()) is None:
        raise Refusal(422, "after: There is no such image.")
    return image


def _kept(uuid: UUID) -> Image:
    return get_object_or_404(Image.objects.kept().select_related("batch__person"), uuid=uuid)


@router.get("/{uuid:image}", auth=Read(), response={200: ImageOut, **NONE})
def show_image(request: VisitorRequest, image: UUID) -> dict[str, Any]:
    """One image, with all that is needed to make it again."""
    return image_out(_kept(image))


@router.get("/{uuid:image}/file", auth=Read(), response={200: None, **NONE})
def image_file(request: VisitorRequest, image: UUID) -> FileResponse:
    """The picture itself."""
    found = _kept(image)
    return files.picture(request, found.batch.uuid, found.name)


@router.get("/{uuid:image}/thumbnail", auth=Read(), response={200: None, **NONE})
def image_thumbnail(request: VisitorRequest, image: UUID) -> FileResponse:
    """A small WebP of it."""
    return files.thumbnail(request, image)


@router.put("/{uuid:image}/favourite", auth=Generate(), response={200: ImageOut, **NONE})
def add_favourite(request: VisitorRequest, image: UUID) -> dict[str, Any]:
    """Give it the star of the house."""
    return _star(request, image, True)


@router.delete("/{uuid:image}/favourite", auth=Generate(), response={200: ImageOut, **NONE})
def remove_favourite(request: VisitorRequest, image: UUID) -> dict[str, Any]:
    """Take its star away."""
    return _star(request, image, False)


def _star(request: VisitorRequest, uuid: UUID, favourite: bool) -> dict[str, Any]:
    _of_theirs(request, _kept(uuid)).set_favourite(favourite)
    return image_out(_kept(uuid))


def _of_theirs(request: VisitorRequest, image: Image) -> Image:
    """The same. Raises Refusal where whoever asks may not change it."""
    if not may_delete(request, image):
        raise Refusal(403, NOT_YOURS)
    return image


@router.delete("/{uuid:image}", auth=Delete(), response={204: None, **NONE})
def delete_image(request: VisitorRequest, image: UUID) -> Status[None]:
    """Move it to the trash, from where its uuid brings it back."""
    Image.objects.filter(pk=_of_theirs(request, _kept(image)).pk).move_to_trash()
    return Status(204, None)


@router.post("/{uuid:image}/restore", auth=Delete(), response={200: ImageOut, **NONE})
def restore_image(request: VisitorRequest, image: UUID) -> dict[str, Any]:
    """Bring it back from the trash; one that is in the library stays there."""
    found = get_object_or_404(Image.objects.select_related("batch"), uuid=image)
    Image.objects.filter(pk=_of_theirs(request, found).pk).restore()
    return image_out(_kept(image))
