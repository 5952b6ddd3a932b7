"""The controls beside the search box: another way to write its filters."""

from collections.abc import Mapping

from library.search import Search

FILTER_OF = {
    "model": "model",
    "size": "size",
    "seed": "seed",
    "from": "after",
    "to": "before",
    "mine": "by",
    "favourites": "fav",
    "with_source": "source",
}
"""The filter that each control sets; an empty one takes it away."""


def merge(search: Search, controls: Mapping[str, str]) -> Search:
    """The search as the controls have it. Filters that they cannot show stay as they were written."""
    for control, name in FILTER_OF.items():
        if controls.get(control, "") != shown(search)[control]:
            search = search.with_filter(name, controls.get(control, ""))
    least = controls.get("steps", "")
    if least != shown(search)["steps"]:
        search = search.with_filter("steps", f">={least}" if least else "")
    return search


def shown(search: Search) -> dict[str, str]:
    """What stands in each control."""
    values = {control: search.filters.get(name, "") for control, name in FILTER_OF.items()}
    values["mine"] = values["mine"] * (values["mine"] == "me")  # the box knows nobody else
    for control in ("favourites", "with_source"):
        values[control] = values[control].replace("no", "")  # a box can only ask for them
    least = search.filters.get("steps", "")
    return {**values, "steps": least[2:] if least.startswith(">=") else ""}
