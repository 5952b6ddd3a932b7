"""Who may do what, at every address of the site: the one table, and what it means for whom.

It is that of the strictest site: PLAYGROUND_DELETE=owner and PLAYGROUND_QUEUE_WORDS=own. The things behind the
addresses are all of one person's (the maker's), but for the open pages.
"""

from typing import NamedTuple

from generation.dialects import speaks_json

ROLES = ("stranger", "maker", "other visitor", "member", "staff", "read", "generate", "delete")
"""The maker is a visitor with a mark; on a site that asks for accounts the same browser is signed in. The last three
are tokens by their scope: of a member on the open site, of the maker on the other."""
TOKENS = ROLES[5:]
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

SIGN_IN = "to sign in"
"""302 to the page where people sign in."""


class Cell(NamedTuple):
    code: int = 200
    """For whoever may."""
    needs: str = ""
    """maker: also staff; own: the maker alone; account; staff."""
    otherwise: int = 403
    """For the others; those who are not signed in are asked to, where `asks`."""
    scope: str = ""
    """What a token has to be good for."""
    asks: bool = False


LOOK = {"GET": Cell()}
ANYBODY_SENDS = {"POST": Cell(302)}
ACCOUNT = Cell(needs="account", asks=True)
STAFF = Cell(needs="staff", asks=True)
READ = {"GET": Cell(scope="read")}


ROWS: dict[str, dict[str, Cell]] = {
    # Making pictures
    "": LOOK,
    "advanced/": {**LOOK, "POST": Cell(302)},
    "jobs/": {"GET": Cell(302), "POST": Cell(302)},
    "jobs/<uuid:uuid>/": LOOK,
    "jobs/<uuid:uuid>/card/": LOOK,
    "jobs/<uuid:uuid>/cancel/": {"POST": Cell(302, "maker")},
    "downloads/": {"GET": Cell(needs="staff"), "POST": Cell(302, "staff")},
    "downloads/<uuid:uuid>/cancel/": {"POST": Cell(302, "staff")},
    "inspiration/": LOOK,
    "models/": LOOK,
    "models/prediction/": {"POST": Cell(302, "staff")},
    "settings/": {"GET": Cell(302), "POST": Cell(200)},
    "images/<uuid:uuid>/again/": ANYBODY_SENDS,
    "queue/": LOOK,
    "promise/": LOOK,
    "status/": LOOK,
    # Programs
    "api/v1/openapi.json": LOOK,
    "api/v1/jobs": {**READ, "POST": Cell(201, scope="generate")},
    "api/v1/jobs/<uuidstr:job>": READ,
    "api/v1/jobs/<uuidstr:job>/cancel": {"POST": Cell(needs="maker", scope="generate")},
    "api/v1/queue": READ,
    "api/v1/models": READ,
    "api/v1/samplers": READ,
    "api/v1/loras": READ,
    "api/v1/status": READ,
    "api/v1/images": READ,
    "api/v1/images/<uuidstr:image>": {**READ, "DELETE": Cell(204, "maker", scope="delete")},
    "api/v1/images/<uuidstr:image>/file": READ,
    "api/v1/images/<uuidstr:image>/thumbnail": READ,
    "api/v1/images/<uuidstr:image>/favourite": {
        "PUT": Cell(needs="maker", scope="generate"),
        "DELETE": Cell(needs="maker", scope="generate"),
    },
    "api/v1/images/<uuidstr:image>/restore": {"POST": Cell(needs="maker", scope="delete")},
    "api/v1/": {method: Cell(404) for method in METHODS},
    "api/docs/": LOOK,
    "api/docs/openapi.json": LOOK,
    "prompt": {"POST": Cell(scope="generate")},
    "queue_status": READ,
    "getlibrary": READ,
    "deleteimage": {"POST": Cell(needs="maker", scope="delete")},
    # The library
    "library/": LOOK,
    "library/compare/": LOOK,
    "library/compare/difference.webp": LOOK,
    "library/delete/": {"POST": Cell(302, "maker")},
    "library/favourites/": {"POST": Cell(302, "maker")},
    "library/zip/": {"POST": Cell(200)},
    "library/<uuid:batch>/": LOOK,
    "library/<uuid:batch>/<int:position>/": LOOK,
    "library/<uuid:batch>/<int:position>/favourite/": {"POST": Cell(302, "maker")},
    "library/<uuid:batch>/<int:position>/delete/": {"GET": Cell(needs="maker")},
    "library/<uuid:batch>/<two_digits:position>/<str:name>": LOOK,
    "library/<uuid:batch>/<str:name>": LOOK,
    "thumbs/<uuid:image>.webp": LOOK,
    "trash/": LOOK,
    "trash/restore/": {"POST": Cell(302, "maker")},
    "trash/<uuid:image>.webp": {"GET": Cell(200, "maker", otherwise=404)},
    "trash/<uuid:image>/delete/": {"GET": Cell(needs="maker"), "POST": Cell(302, "maker")},
    # People
    "sign-in/": {"GET": Cell(), "POST": Cell(422)},
    "sign-out/": ANYBODY_SENDS,
    "account/": {"GET": ACCOUNT},
    "account/password/": {"GET": ACCOUNT, "POST": ACCOUNT._replace(code=422)},
    "account/tokens/": {"GET": ACCOUNT, "POST": ACCOUNT},
    "account/tokens/<uuid:token>/revoke/": {"POST": Cell(302, "own", otherwise=404, asks=True)},
    "invitations/": {"GET": STAFF, "POST": STAFF},
    "invitations/<uuid:invitation>/revoke/": {"POST": STAFF._replace(code=302)},
    "invitation/<str:told>/": {"GET": Cell(), "POST": Cell(422)},
    # The site
    "theme/": ANYBODY_SENDS,
    "healthz": {"GET": Cell(503)},
    "livez": LOOK,
}
"""By its route in urls.py, each address with the methods that it takes; every other one is 405.

The administration's have one rule instead: nothing for whoever is not staff.
"""

OPEN = {"sign-in/", "invitation/<str:told>/", "theme/", "healthz", "livez"}
"""Behind no door."""

FILES = {
    "library/<uuid:batch>/<two_digits:position>/<str:name>",
    "library/<uuid:batch>/<str:name>",
    "thumbs/<uuid:image>.webp",
}
"""Where a token that may read is as good as being signed in."""


def expected(route: str, method: str, role: str, *, shut: bool) -> int | str:
    """The status, or SIGN_IN.

    Args:
        shut: the site asks for accounts.
    """
    is_program, is_token = speaks_json(f"/{route}"), role in TOKENS
    knows_token = is_token and (is_program or route in FILES)
    may_read_only = route in FILES and is_token
    who = _traits(role, shut=shut, is_program=is_program, knows_token=knows_token)
    if may_read_only and role != "read":
        return 403
    if shut and route not in OPEN and "account" not in who:
        return 401 if is_program else SIGN_IN
    cell = ROWS[route].get("GET" if method == "HEAD" else method)
    if cell is None:
        return 405
    if knows_token and cell.scope and cell.scope != role:
        return 403
    if cell.asks and "account" not in who:
        return SIGN_IN
    return cell.code if not cell.needs or cell.needs in who else cell.otherwise


def _traits(role: str, *, shut: bool, is_program: bool, knows_token: bool) -> set[str]:
    if role in TOKENS:
        own = {"account", "maker", "own"} if shut else {"account"}
        return own if knows_token else set()
    if is_program:  # who is signed in counts for nothing
        return {"maker", "own"} if role == "maker" and not shut else set()
    found = {"maker": {"maker", "own"}, "staff": {"account", "maker", "staff"}, "member": {"account"}}.get(role, set())
    return found | ({"account"} if shut and role == "maker" else set())
