"use strict";
// What htmx cannot: a hidden tab rests, controls that belong together, keys, the die, the theme without a reload.

const byId = (id) => document.getElementById(id);
const isPoll = (request) => request.verb === "get" && !request.triggeringEvent;

// A hidden tab asks for nothing, and asks once when it is seen again.
// My own job is the exception: every few seconds, so that the tab's title and a notification can tell of it.
const HIDDEN_PAUSE = 5000; // ms
let rested = new Set(), askedHidden = 0;
document.addEventListener("htmx:beforeRequest", (event) => {
  if (!document.hidden || event.detail.requestConfig.verb !== "get") return;
  if (event.detail.elt.matches(".job.mine") && performance.now() - askedHidden > HIDDEN_PAUSE) {
    askedHidden = performance.now();
    return;
  }
  rested.add(event.detail.elt);
  event.preventDefault();
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  for (const element of rested) htmx.ajax("GET", element.getAttribute("hx-get"), { source: element });
  rested = new Set();
});

// What somebody did and the site refused is answered in #notice until the next thing is done; a failed poll is not.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (!event.detail.isError || !isPoll(event.detail.requestConfig)) return;
  event.detail.shouldSwap = false;
  byId("offline").hidden = event.detail.xhr.status !== 503; // the database is away
});
// Neither is the promise, which is asked for anew by itself and may come after the refusal.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (!isPoll(event.detail.requestConfig) && event.detail.elt.id !== "promise") byId("notice").textContent = "";
});

// Offline: say so, and stop saying so by itself.
document.addEventListener("htmx:sendError", () => { byId("offline").hidden = false; });
document.addEventListener("htmx:beforeOnLoad", () => { byId("offline").hidden = true; });

// A slider and its number box are one control.
document.addEventListener("input", (event) => {
  const twin = event.target.dataset.twin ? byId(event.target.dataset.twin) : document.querySelector(`[data-twin="${event.target.id}"]`);
  if (twin && event.target.value) twin.value = event.target.value;
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

// Arrow-up brings back the last prompts, where there is nothing to go up in: in an empty prompt, at its beginning, and at
// the end of one that was sent. Arrow-down goes the other way, to what was being written.
const sent = () => JSON.parse(localStorage.getItem("prompts") ?? "[]");
let draft = "";
document.addEventListener("submit", (event) => {
  const words = event.target.id === "composer" ? byId("id_prompt").value.trim() : "";
  if (words) localStorage.setItem("prompts", JSON.stringify([words, ...sent().filter((other) => other !== words)].slice(0, 50)));
}, true);
document.addEventListener("keydown", (event) => {
  if (event.target.id !== "id_prompt" || !["ArrowUp", "ArrowDown"].includes(event.key) || event.isComposing) return;
  const prompt = event.target, prompts = sent();
  const now = prompts.indexOf(prompt.value.trim()), next = now + (event.key === "ArrowUp" ? 1 : -1);
  const isAtEdge = prompt.selectionEnd === 0 || (now >= 0 && prompt.selectionStart === prompt.value.length);
  if (!isAtEdge || next < -1 || next >= prompts.length) return;
  event.preventDefault();
  if (now < 0) draft = prompt.value;
  prompt.value = next < 0 ? draft : prompts[next];
  prompt.setSelectionRange(prompt.value.length, prompt.value.length);
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
