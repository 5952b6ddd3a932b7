"use strict";
// A picture dropped on the prompt, pasted into it or dragged there from a page of this site goes the way of a chosen
// one: into the file input, which asks for the form anew.

const LARGEST = 32 * 1024 * 1024; // bytes that the site reads
const OURS = /^\/library\/[0-9a-f-]{36}\/(\d+\/)?[\w-]+\.(png|jpe?g|webp)$/;

const composerOf = (event) => event.target.closest?.("#composer");
const say = (sentence) => { document.getElementById("notice").textContent = sentence; };
const mayTake = (transfer) => ["Files", "text/uri-list"].some((type) => transfer.types.includes(type));

function take(file) {
  const input = document.getElementById("id_picture");
  const carrier = new DataTransfer();
  carrier.items.add(file);
  input.files = carrier.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

// What is dragged from a page is known by its address: the file that comes with it is a thumbnail.
function ours(transfer) {
  const line = transfer.getData("text/uri-list").split(/[\r\n]+/).find((text) => text && !text.startsWith("#"));
  const address = line && URL.canParse(line) ? new URL(line) : null;
  return address?.origin === location.origin && OURS.test(address.pathname) ? address : null;
}

async function takeOurs(address) {
  const answer = await fetch(address).catch(() => null);
  if (!answer?.ok) return say("That picture is not there any more.");
  const name = answer.headers.get("Content-Disposition")?.match(/filename="([^"]+)"/)?.[1] ?? "picture.png";
  const picture = await answer.blob();
  take(new File([picture], name, { type: picture.type }));
}

document.addEventListener("dragover", (event) => {
  if (!mayTake(event.dataTransfer)) return;
  const composer = composerOf(event);
  if (!composer && !event.dataTransfer.types.includes("Files")) return;
  event.preventDefault(); // a file that misses the prompt must not take the page's place
  event.dataTransfer.dropEffect = composer ? "copy" : "none";
  composer?.classList.add("awaits");
});
document.addEventListener("dragleave", (event) => {
  const composer = composerOf(event);
  if (composer && !composer.contains(event.relatedTarget)) composer.classList.remove("awaits");
});
document.addEventListener("drop", (event) => {
  const composer = composerOf(event);
  if (!composer || !mayTake(event.dataTransfer)) return; // words that are dragged stay words
  composer.classList.remove("awaits");
  event.preventDefault();
  const address = ours(event.dataTransfer);
  const [file] = event.dataTransfer.files;
  if (address) takeOurs(address);
  else if (file) take(file);
  else say("That is no picture of this site. Save it, and drop the file here.");
});

document.addEventListener("paste", (event) => {
  const image = [...event.clipboardData.files].find((file) => file.type.startsWith("image/"));
  if (!composerOf(event) || !image || event.clipboardData.types.includes("text/plain")) return;
  event.preventDefault();
  take(image);
});

// A file that the site would not read is not sent. The same file can be chosen twice.
document.addEventListener("change", (event) => {
  if (event.target.id !== "id_picture" || !(event.target.files[0]?.size > LARGEST)) return;
  event.stopPropagation();
  event.target.value = "";
  say("That is too large: 32 MiB are the most that is read.");
}, true);
document.addEventListener("click", (event) => {
  if (event.target.id === "id_picture") event.target.value = "";
  if (!event.target.closest("[data-reset]")) return;
  event.preventDefault();
  document.getElementById("carried").remove();
  document.querySelector("#composer .from")?.remove();
  document.getElementById("id_prompt").focus();
  document.getElementById("said").textContent = "The settings are the defaults again.";
  document.getElementById("composer").dispatchEvent(new Event("change")); // the promise follows
});
