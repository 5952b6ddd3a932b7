"use strict";
// Pictures: keys and swipes, the star of the tile under the pointer, controls that apply at once, and a library
// that grows above without moving what one looks at.

const isTyping = (event) => event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");
const isZoomed = () => window.visualViewport && visualViewport.scale > 1.01;
const turn = (way) => document.querySelector(`#stage [rel=${way}]`)?.click();

// "/" goes to the search box, F stars a picture, the arrows turn the pages of the pictures.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTyping(event)) return;
  if (event.key === "/" && byId("q")) {
    event.preventDefault();
    byId("q").select();
  }
  if (event.key.toLowerCase() === "f" && !event.repeat) {
    const place = document.querySelector(".tile:focus-within") || document.querySelector(".tile:hover, .tile.zoomed") || (byId("stage") && byId("main"));
    place?.querySelector(".star button")?.click();
  }
  if (!isZoomed() && !event.shiftKey && event.key === "ArrowLeft") turn("prev");
  if (!isZoomed() && !event.shiftKey && event.key === "ArrowRight") turn("next");
});

// A swipe across the large picture with one finger.
let touch = null;
byId("stage")?.addEventListener("touchstart", (event) => {
  touch = event.touches.length === 1 && !isZoomed() ? event.touches[0] : null;
}, { passive: true });
byId("stage")?.addEventListener("touchend", (event) => {
  if (!touch || event.touches.length) return;
  const across = event.changedTouches[0].clientX - touch.clientX;
  const down = event.changedTouches[0].clientY - touch.clientY;
  touch = null;
  if (Math.abs(across) > 60 && Math.abs(across) > 2 * Math.abs(down)) turn(across > 0 ? "prev" : "next");
}, { passive: true });

// What was asked for before a star was given or a picture deleted knows nothing of it: such a poll is passed over, the
// next one will tell.
const asked = new WeakMap();
let posted = 0;
document.addEventListener("htmx:beforeRequest", (event) => asked.set(event.detail.xhr, performance.now()));
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.requestConfig.verb === "post") posted = performance.now();
  else if (event.detail.elt.getAttribute("hx-trigger")?.startsWith("every") && asked.get(event.detail.xhr) < posted) event.detail.shouldSwap = false;
});

// A control that changes applies at once, and they stay unfolded.
byId("controls")?.addEventListener("change", (event) => {
  if (event.target.checkValidity()) event.target.form.requestSubmit();
});

const controls = byId("controls")?.closest("details");
if (controls) {
  controls.open = sessionStorage.getItem("controls") === "open";
  controls.addEventListener("toggle", () => sessionStorage.setItem("controls", controls.open ? "open" : "shut"));
}

// The box "Refresh" is remembered; while it is off the poll asks for nothing.
const refresh = byId("refresh");
if (refresh) {
  refresh.checked = localStorage.getItem("refresh") !== "off";
  refresh.addEventListener("change", () => localStorage.setItem("refresh", refresh.checked ? "on" : "off"));
}
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.elt.id === "poll" && refresh && !refresh.checked) event.preventDefault();
});

// Of what a poll brings only what has a place on this page is swapped in, and nothing twice.
let anchor = null;
function placed(html) {
  const news = document.createElement("template");
  news.innerHTML = html;
  for (const section of news.content.querySelectorAll("section.batch")) {
    if (section.hasAttribute("hx-swap-oob") === Boolean(byId(section.id))) continue;
    section.remove();
    if (section.getAttribute("hx-swap-oob") === "true") putBack(section);
  }
  return news.innerHTML;
}
// One that came back out of the trash goes where it was, unless that is further down than this page reaches.
const madeAt = (section) => Date.parse(section.querySelector("time").dateTime);
function putBack(section) {
  const older = [...document.querySelectorAll("#batches > .batch")].find((other) => madeAt(other) < madeAt(section));
  if (!older && document.querySelector("#batches > .more")) return;
  section.removeAttribute("hx-swap-oob");
  byId("batches").insertBefore(section, older ?? null);
  htmx.process(section);
}
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.elt.id !== "poll" || !event.detail.shouldSwap) return;
  event.detail.serverResponse = placed(event.detail.serverResponse);
  const seen = [...document.querySelectorAll("#batches > .batch")].find((section) => section.getBoundingClientRect().bottom > 0);
  anchor = seen && { id: seen.id, top: seen.getBoundingClientRect().top, first: byId("batches").firstElementChild.id };
});
document.addEventListener("htmx:afterSwap", () => {
  if (!anchor) return;
  const { id, top, first } = anchor;
  anchor = null;
  const moved = byId(id) ? byId(id).getBoundingClientRect().top - top : 0;
  if (moved) window.scrollBy({ top: moved, behavior: "instant" });
  if (byId("batches").firstElementChild.id !== first && moved > 0) byId("new-above").hidden = false;
});
document.addEventListener("scroll", () => {
  const above = byId("new-above");
  if (above && !above.hidden && byId("batches").getBoundingClientRect().top >= 0) above.hidden = true;
}, { passive: true });
