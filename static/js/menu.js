"use strict";
// The menu of a picture: by right-click, menu key or long press, and its letters also without it. Shift and right-click
// leave the browser's own.

const LONG_PRESS = 500; // ms
const STILL = 10; // px that a finger may tremble
const menu = byId("menu");
const entries = () => [...menu.querySelectorAll("[role=menuitem]")].filter((entry) => !entry.hidden);
let menuOf = null; // the picture's link

// The link of the picture at that place: a tile's, that of the enlarged one, or the one on the picture's own page.
function pictureAt(target) {
  if (target === zoom) return zoomedTile;
  const tile = target.closest?.(".tile");
  return tile ? tile.querySelector("a.picture") : target.closest?.("#stage .large");
}
const keyOf = (link) => link.dataset.image ?? link.id.replace("image-", "");
const starOf = (link) => (link.closest(".tile") ?? byId("main")).querySelector(".star button");
const pageOf = (link) => (link.closest(".tile")?.querySelector(".open") ?? link).href;
const wordsOf = (link) => link.closest(".batch, .job, main").querySelector("h1 bdi, h2 bdi").textContent;
const pictureInHand = () => document.querySelector(".tile:focus-within > a.picture")
  ?? document.querySelector(".tile:hover > a.picture, .tile.zoomed > a.picture") ?? document.querySelector("#stage .large");

// Done with the menu or without it.
const verbs = {
  copy: (link) => copyWords(wordsOf(link)),
  favourite: (link) => starOf(link)?.click(),
  select: (link) => selectPicture?.(link),
  delete: (link) => askToDelete([keyOf(link)]),
};
let selectPicture = null; // where several can be selected, select.js puts it here

async function copyWords(words) {
  try {
    await navigator.clipboard.writeText(words);
  } catch { // over plain http there is no clipboard but the old one
    const box = Object.assign(document.createElement("textarea"), { value: words, className: "unseen" });
    (document.querySelector("dialog[open]") ?? document.body).append(box);
    box.select();
    document.execCommand("copy");
    box.remove();
  }
  tell("The prompt is copied.");
}

// Each entry as it is for this picture: where it leads to, or hidden.
function dress(link) {
  const file = link.dataset.file ?? link.href;
  const leads = { vary: link.dataset.vary ?? link.href, open: pageOf(link), download: file };
  for (const entry of menu.querySelectorAll("[role=menuitem]")) {
    const verb = entry.dataset.verb;
    if (verb in leads) entry.href = leads[verb];
    if (verb === "download") entry.download = decodeURIComponent(file.split("/").pop());
    entry.hidden = verb === "select" ? !selectPicture || !link.closest("#batches") : verb === "favourite" ? !starOf(link) : verb === "delete" && "kept" in link.dataset;
    if (verb === "favourite") entry.firstElementChild.textContent = starOf(link)?.ariaPressed === "true" ? "No favourite any more" : "Favourite";
  }
}

function openMenu(link, x, y) {
  if (!menu.hidden && menuOf === link) return;
  menuOf = link;
  dress(link);
  menu.hidden = false;
  const within = (wanted, size, room) => Math.max(8, Math.min(wanted, room - size - 8));
  menu.style.left = `${within(x, menu.offsetWidth, document.documentElement.clientWidth)}px`;
  menu.style.top = `${within(y, menu.offsetHeight, innerHeight)}px`;
  entries()[0].focus({ preventScroll: true });
}
function closeMenu() {
  if (menu.hidden) return;
  const hadFocus = menu.contains(document.activeElement);
  menu.hidden = true;
  if (!hadFocus || !menuOf.isConnected) return;
  menuOf.focus({ preventScroll: true });
  shrink(); // whoever comes from the menu has seen it large
}

document.addEventListener("contextmenu", (event) => {
  if (event.shiftKey && event.button === 2) return closeMenu();
  const link = pictureAt(event.target);
  if (menu.contains(event.target)) event.preventDefault();
  if (!link) return;
  event.preventDefault();
  const box = link.getBoundingClientRect();
  const isKey = event.button !== 2 && event.pointerType !== "touch"; // then it has no place of its own
  openMenu(link, isKey ? box.left + box.width / 2 : event.clientX, isKey ? box.top + box.height / 2 : event.clientY);
});

// A long press where the browser tells nothing of it; the click that ends it opens nothing.
let press = null, wasPressed = false;
const endPress = () => { clearTimeout(press?.timer); press = null; };
document.addEventListener("pointerdown", (event) => {
  wasPressed = false;
  if (!menu.contains(event.target)) closeMenu();
  const link = event.pointerType === "touch" && event.isPrimary && pictureAt(event.target);
  endPress();
  if (!link || event.target.closest(".star, .check")) return;
  press = { x: event.clientX, y: event.clientY, timer: setTimeout(() => {
    wasPressed = true;
    openMenu(link, event.clientX, event.clientY);
  }, LONG_PRESS) };
});
document.addEventListener("pointermove", (event) => {
  if (press && Math.hypot(event.clientX - press.x, event.clientY - press.y) > STILL) endPress();
});
for (const kind of ["pointerup", "pointercancel", "scroll"]) document.addEventListener(kind, endPress, { passive: true });
document.addEventListener("click", (event) => {
  if (!wasPressed || menu.contains(event.target)) return;
  wasPressed = false;
  event.preventDefault();
  event.stopPropagation();
}, true);

document.addEventListener("scroll", closeMenu, { passive: true });
window.addEventListener("resize", closeMenu);
window.addEventListener("blur", closeMenu);

menu.addEventListener("click", (event) => {
  const entry = event.target.closest("[role=menuitem]");
  if (!entry) return;
  const link = menuOf;
  closeMenu();
  verbs[entry.dataset.verb]?.(link);
});
menu.addEventListener("pointerover", (event) => event.target.closest("[role=menuitem]")?.focus({ preventScroll: true }));
menu.addEventListener("keydown", (event) => {
  const all = entries(), now = all.indexOf(document.activeElement);
  const wanted = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: -1 }[event.key];
  const isOurs = !event.ctrlKey && !event.metaKey && !event.altKey;
  const lettered = isOurs && all.find((entry) => entry.dataset.key === letterOf(event));
  event.stopPropagation();
  if (wanted !== undefined) all.at(wanted % all.length).focus();
  else if (event.key === "Escape" || event.key === "Tab") closeMenu();
  else if (event.key === " ") document.activeElement.click();
  else if (lettered) lettered.click();
  else return;
  event.preventDefault();
});
const letterOf = (event) => event.key === "Delete" ? "x" : event.key.toLowerCase();

// The letters without the menu, for the picture that has the focus or lies under the pointer. F is in library.js.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.defaultPrevented) return;
  if (isTyping(event) || document.querySelector("dialog[open]")) return;
  const link = pictureInHand();
  const entry = link && menu.querySelector(`[data-key="${CSS.escape(letterOf(event))}"]`);
  if (!entry || entry.dataset.key === "f") return;
  dress(link);
  if (entry.hidden) return;
  event.preventDefault();
  menuOf = link;
  if (verbs[entry.dataset.verb]) verbs[entry.dataset.verb](link);
  else entry.click();
});
