"use strict";
// Several pictures of the library at once: by their checks, Ctrl + click, Shift + click for all between, or from the menu.

document.addEventListener("DOMContentLoaded", () => { // after the scripts of every page
  const bar = byId("selection"), all = () => [...document.querySelectorAll("#batches .tile:not([hidden])")];
  const linkIn = (tile) => tile.querySelector("a.picture");
  const chosen = new Set(); // uuids: they outlive the elements, which a poll replaces
  let last = ""; // uuid: where a range begins

  function show() {
    const there = new Map(all().map((tile) => [keyOf(linkIn(tile)), tile]));
    for (const key of chosen) if (!there.has(key)) chosen.delete(key);
    for (const [key, tile] of there) {
      if (!tile.querySelector(".check")) tile.append(check(linkIn(tile)));
      tile.classList.toggle("selected", chosen.has(key));
      tile.querySelector(".check").setAttribute("aria-pressed", chosen.has(key));
    }
    const isShown = chosen.size > 0;
    if (bar.hidden === isShown) bar.hidden = !isShown;
    document.body.classList.toggle("selecting", isShown);
    bar.querySelector("output").textContent = `${chosen.size} selected`;
    bar.elements.images.value = [...chosen].join(" ");
    const starred = [...chosen].every((key) => starOf(linkIn(there.get(key)))?.ariaPressed === "true");
    bar.elements.favourite.value = starred ? "no" : "yes";
    bar.querySelector("[data-favourites]").textContent = starred ? "No favourites" : "Favourite";
  }
  function check(link) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "check", tabIndex: -1, title: "Select (S)" });
    button.setAttribute("aria-label", `Select ${link.querySelector("img").alt}`);
    return button;
  }
  function toggle(link) {
    const key = keyOf(link);
    if (!chosen.delete(key)) chosen.add(key);
    last = key;
    show();
  }
  function chooseTo(link) {
    const keys = all().map((tile) => keyOf(linkIn(tile)));
    const from = Math.max(keys.indexOf(last), 0), to = keys.indexOf(keyOf(link));
    for (const key of keys.slice(Math.min(from, to), Math.max(from, to) + 1)) chosen.add(key);
    show();
  }
  function clear() {
    chosen.clear();
    show();
  }
  selectPicture = toggle;

  document.addEventListener("click", (event) => {
    const link = pictureAt(event.target);
    if (!link?.closest("#batches") || event.target.closest(".star, .open")) return;
    const isTap = event.target.closest(".check") || (chosen.size && event.detail > 0); // Enter still opens
    if (!isTap && !event.ctrlKey && !event.metaKey && !event.shiftKey) return;
    event.preventDefault();
    if (event.shiftKey) chooseTo(link);
    else toggle(link);
  });
  document.addEventListener("keydown", (event) => {
    if (!chosen.size || event.defaultPrevented || isTyping(event) || document.querySelector("dialog[open]")) return;
    if (event.key === "Escape") clear();
    if (event.key !== "Delete") return;
    event.preventDefault();
    askToDelete([...chosen]);
  }, true);
  bar.addEventListener("click", (event) => {
    if (event.target.closest("[data-clear]")) clear();
    if (event.target.closest("[data-delete]")) askToDelete([...chosen]);
  });
  document.addEventListener("pictures-changed", show);
  document.addEventListener("htmx:afterSettle", show);
  show();
});
