"use strict";
// What htmx cannot: a hidden tab rests, a slider and its number are one, keys, the die, and a word when offline.

// A hidden tab asks for nothing and asks once when it is seen again.
let rested = new Set();
document.addEventListener("htmx:beforeRequest", (event) => {
  const isPoll = event.detail.requestConfig.verb === "get" && !event.detail.requestConfig.triggeringEvent;
  if (document.hidden && isPoll) {
    rested.add(event.detail.elt.id);
    event.preventDefault();
  }
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  for (const id of rested) {
    const element = document.getElementById(id);
    if (element) htmx.ajax("GET", element.getAttribute("hx-get"), { target: element, swap: "outerHTML" });
  }
  rested = new Set();
});

// Offline: say so, and go away by itself.
const say = (offline) => { document.getElementById("offline").hidden = !offline; };
document.addEventListener("htmx:sendError", () => say(true));
document.addEventListener("htmx:afterOnLoad", () => say(false));

// A slider and its number box are one control.
function pair(root) {
  for (const slider of root.querySelectorAll("[data-twin]")) {
    const number = document.getElementById(slider.dataset.twin);
    slider.hidden = false;
    slider.value = number.value;
    slider.addEventListener("input", () => { number.value = slider.value; });
    number.addEventListener("input", () => { slider.value = number.value; });
  }
}
pair(document);
document.addEventListener("htmx:load", (event) => pair(event.detail.elt));

// The die rolls here without asking the server.
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-roll]")) return;
  event.preventDefault();
  document.getElementById("id_seed").value = crypto.getRandomValues(new Uint32Array(1))[0];
});

// Ctrl + Enter anywhere in the form sends it.
document.addEventListener("keydown", (event) => {
  const form = event.target.closest("#composer");
  if (form && event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit(form.querySelector("[data-generate]"));
});
