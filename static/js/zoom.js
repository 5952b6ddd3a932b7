"use strict";
// A picture under the pointer or with the focus is shown larger, above its neighbours: the full PNG lies there, outside
// of any link, so that every browser drags the picture itself, under a name that can be read.

const MOST = 4; // times the tile
const MARGIN = 8; // px to the window's edge
const zoom = document.createElement("img");
Object.assign(zoom, { id: "zoom", alt: "", hidden: true, draggable: true });
document.body.append(zoom);
let zoomedTile = null, timer = 0;

function enlarge(wanted) {
  if (zoomedTile === wanted) return;
  shrink();
  zoomedTile = wanted;
  timer = setTimeout(async () => {
    zoom.src = wanted.dataset.file;
    try { await zoom.decode(); } catch { return; }
    if (zoomedTile === wanted && wanted.isConnected) place();
  }, 150);
}

function shrink() {
  clearTimeout(timer);
  zoomedTile?.closest(".tile").classList.remove("zoomed");
  zoomedTile = null;
  zoom.hidden = true;
}

// At most four times the tile, the picture's own size and the window; never smaller than in the tile.
function place() {
  const box = zoomedTile.getBoundingClientRect();
  const width = zoom.naturalWidth, height = zoom.naturalHeight;
  const inTile = Math.min(box.width / width, box.height / height);
  const inWindow = Math.min((innerWidth - 2 * MARGIN) / width, (innerHeight - 2 * MARGIN) / height);
  const scale = Math.max(inTile, Math.min(MOST * inTile, 1, inWindow));
  const within = (middle, size, room) => Math.max(MARGIN, Math.min(middle - size / 2, room - size - MARGIN));
  zoom.style.width = `${width * scale}px`;
  zoom.style.height = `${height * scale}px`;
  zoom.style.left = `${within(box.left + box.width / 2, width * scale, document.documentElement.clientWidth)}px`;
  zoom.style.top = `${within(box.top + box.height / 2, height * scale, innerHeight)}px`;
  zoom.hidden = false;
  zoomedTile.closest(".tile").classList.add("zoomed");
}

document.addEventListener("pointerover", (event) => {
  const found = event.target.closest?.("[data-file]");
  if (found && event.pointerType === "mouse") enlarge(found);
  else if (event.target === zoom || zoomedTile?.closest(".tile").contains(event.target)) return; // its star lies above
  else if (zoomedTile && !zoomedTile.matches(":focus-visible")) shrink();
});
document.addEventListener("focusin", (event) => {
  if (event.target.matches("[data-file]:focus-visible")) enlarge(event.target);
});
document.addEventListener("focusout", (event) => { if (event.target === zoomedTile) shrink(); });
document.addEventListener("scroll", () => { // what has the focus may have scrolled into view
  if (!zoomedTile?.matches(":focus-visible")) shrink();
  else if (!zoom.hidden) place();
}, { passive: true });
document.addEventListener("keydown", (event) => { if (event.key === "Escape") shrink(); });
document.addEventListener("htmx:afterSettle", () => { // the tile's picture stays the same element, in a new tile
  if (zoomedTile && !zoomedTile.isConnected) shrink();
  else if (!zoom.hidden) place();
});

// What the tile's link does, the large picture does.
zoom.addEventListener("click", (event) => {
  zoomedTile.dispatchEvent(new MouseEvent("click", { detail: event.detail, bubbles: true, cancelable: true, ctrlKey: event.ctrlKey, metaKey: event.metaKey, shiftKey: event.shiftKey }));
});
zoom.addEventListener("auxclick", (event) => { if (event.button === 1) open(zoomedTile.href, "_blank", "noopener"); });
// Also whoever drags a tile before that carries the picture, not the tile's link.
document.addEventListener("dragstart", (event) => {
  const tile = event.target === zoom ? zoomedTile : event.target.closest?.("[data-file]");
  if (!tile) return;
  const address = new URL(tile.dataset.file, location).href;
  const name = decodeURIComponent(address.split("/").pop());
  event.dataTransfer.setData("text/uri-list", address);
  const kind = name.split(".").pop().toLowerCase().replace("jpg", "jpeg");
  event.dataTransfer.setData("DownloadURL", `image/${kind}:${name}:${address}`); // Chrome's way to a named file
  event.dataTransfer.effectAllowed = "copy";
});
