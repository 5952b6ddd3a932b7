"use strict";
// What htmx cannot: a hidden tab rests, controls that belong together, keys, the die, the theme without a reload.

const byId = (id) => document.getElementById(id);
const isPoll = (request) => request.verb === "get" && !request.triggeringEvent;

// A hidden tab asks for nothing, and asks once when it is seen again.
let rested = new Set();
document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && event.detail.requestConfig.verb === "get") {
    rested.add(event.detail.elt);
    event.preventDefault();
  }
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  for (const element of rested) htmx.ajax("GET", element.getAttribute("hx-get"), { source: element });
  rested = new Set();
});

// What somebody did and the site refused is answered in #notice until the next thing is done; a failed poll is not.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.isError && isPoll(event.detail.requestConfig)) event.detail.shouldSwap = false;
});
document.addEventListener("htmx:beforeRequest", (event) => {
  if (!isPoll(event.detail.requestConfig)) byId("notice").textContent = "";
});

// Offline: say so, and stop saying so by itself.
document.addEventListener("htmx:sendError", () => { byId("offline").hidden = false; });
document.addEventListener("htmx:beforeOnLoad", () => { byId("offline").hidden = true; });

// A slider and its number box are one control, and the promised time follows them.
function promise() {
  const place = byId("promise");
  if (!place) return;
  const work = byId("carried")?.dataset.work ?? 1; // settings other than the defaults take longer or shorter
  const seconds = Math.round(Number(place.dataset.ahead) + place.dataset.each * work * byId("id_num_images").value);
  const minutes = Math.floor(seconds / 60);
  place.textContent = place.dataset.each ? `≈ ${minutes}:${String(seconds % 60).padStart(2, "0")}` : "";
}
promise();
document.addEventListener("htmx:afterSettle", promise);
document.addEventListener("input", (event) => {
  const twin = event.target.dataset.twin ? byId(event.target.dataset.twin) : document.querySelector(`[data-twin="${event.target.id}"]`);
  if (twin && event.target.value) twin.value = event.target.value;
  promise();
});

// The answer to a submit fills or clears the seed's box, but never what was typed there meanwhile.
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  if (event.detail.target.id !== "id_seed") return;
  const box = event.detail.fragment.firstElementChild;
  const shown = event.detail.target.value;
  event.detail.shouldSwap = shown === box.dataset.sent && shown !== box.value;
});

// The die rolls here without asking the server. Of a double click on the button only the first counts.
document.addEventListener("click", (event) => {
  const isDie = event.target.closest("[data-roll]");
  if (isDie) byId("id_seed").value = crypto.getRandomValues(new Uint32Array(1))[0];
  if (isDie || (event.detail === 2 && event.target.closest("[data-generate]"))) event.preventDefault();
});

// Ctrl + Enter anywhere in the form sends it.
document.addEventListener("keydown", (event) => {
  const form = event.target.closest("#composer");
  if (form && event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.repeat) form.requestSubmit();
});

// The theme changes in place, so that a prompt half written stays; the cookie is for the next page.
document.addEventListener("submit", (event) => {
  if (!event.target.matches(".theme")) return;
  event.preventDefault();
  const body = new FormData(event.target, event.submitter);
  fetch(event.target.action, { method: "POST", body, redirect: "manual" });
  document.documentElement.dataset.theme = event.submitter.value;
  event.target.querySelector(`button:not([value="${event.submitter.value}"])`).focus();
});
