"use strict";
// Deleting asks first, hides the tiles at once and leaves a line that undoes it.

const STAYS = 15000; // ms
const ask = byId("ask"), told = byId("told");
const askForm = ask.querySelector("form");
const tilesOf = (keys) => keys.split(" ").map((key) => byId(`image-${key}`)?.closest(".tile")).filter(Boolean);

function askAbout(question, why, action, fields = {}) {
  byId("ask-title").textContent = question;
  ask.querySelector("p").textContent = why;
  askForm.action = action;
  for (const name of ["images", "next"]) askForm.elements[name].value = fields[name] ?? "";
  ask.showModal();
  askForm.querySelector("button:not([type])").focus();
}
function askToDelete(keys) {
  const question = keys.length > 1 ? `Delete ${keys.length} pictures?` : "Delete this picture?";
  const why = `${keys.length > 1 ? "They go" : "It goes"} to the trash and can be restored from there for 30 days.`;
  askAbout(question, why, askForm.dataset.delete, { images: keys.join(" "), next: byId("delete")?.dataset.next });
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("#delete, [data-ask]");
  if (event.target.closest("[data-close]") || event.target === ask) ask.close(); // its shade belongs to it
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (link.id === "delete") askToDelete([document.querySelector("#stage .large").dataset.image]);
  else askAbout(link.dataset.ask, link.dataset.why, link.href);
});

// A picture's own page leads on to the next one, so its form is sent as it is; among tiles the page stays.
askForm.addEventListener("submit", (event) => {
  if (byId("stage") || askForm.action !== new URL(askForm.dataset.delete, location).href) return;
  event.preventDefault();
  ask.close();
  shrink(); // the focus went back to what is about to go
  const values = Object.fromEntries(new FormData(askForm));
  htmx.ajax("POST", askForm.action, { source: askForm, target: told, swap: "innerHTML", values });
});
document.addEventListener("htmx:afterRequest", (event) => {
  const { successful, requestConfig } = event.detail;
  if (!successful) return;
  if (requestConfig.elt === askForm) hide(tilesOf(requestConfig.parameters.images));
  if (requestConfig.elt.id === "undo") bringBack(requestConfig.parameters.images);
});

// The focus goes on to the next picture, or the one before.
function hide(tiles) {
  const all = [...document.querySelectorAll(".tile")];
  const place = all.indexOf(tiles[0]);
  const hadFocus = tiles.some((tile) => tile.contains(document.activeElement)) || document.activeElement === document.body;
  for (const tile of tiles) tile.hidden = true;
  shrink();
  const seen = (tile) => tile && !tile.hidden;
  const next = all.slice(place + 1).find(seen) ?? all.slice(0, Math.max(place, 0)).findLast(seen);
  if (hadFocus) next?.querySelector("a.picture").focus({ preventScroll: true });
  document.dispatchEvent(new CustomEvent("pictures-changed"));
}
// What a poll has taken away meanwhile comes with the next one, which is asked for now.
function bringBack(keys) {
  for (const tile of tilesOf(keys)) tile.hidden = false;
  tilesOf(keys)[0]?.querySelector("a.picture").focus({ preventScroll: true });
  const poll = byId("poll");
  if (poll?.hasAttribute("hx-get")) htmx.ajax("GET", poll.getAttribute("hx-get"), { source: poll });
}
document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "z" || !(event.ctrlKey || event.metaKey) || event.shiftKey || isTyping(event) || !byId("undo")) return;
  event.preventDefault();
  byId("undo").click();
});

// What is told stays for a while, and longer for whoever is about to use it.
let toldTimer = 0;
function fade() {
  clearTimeout(toldTimer);
  if (!told.firstElementChild) return;
  toldTimer = setTimeout(() => told.matches(":hover, :focus-within") ? fade() : told.replaceChildren(), STAYS);
}
function tell(sentence) {
  told.replaceChildren(Object.assign(document.createElement("p"), { textContent: sentence }));
}
new MutationObserver(fade).observe(told, { childList: true });
fade();
