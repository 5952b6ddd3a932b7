"use strict";
// A setting that differs from the default is marked.
function mark() {
  for (const setting of document.querySelectorAll("[data-default]")) {
    const control = setting.querySelector("input[type=number], input[type=text], select");
    const usual = setting.dataset.default;
    setting.classList.toggle("changed", control.value !== usual && !(control.type === "number" && Number(control.value) === Number(usual)));
  }
}
document.addEventListener("input", mark);
document.addEventListener("change", mark);
document.addEventListener("htmx:afterSettle", mark);
mark();

// A factor says what would come out with the sides as they are now; one of which that is too much cannot be chosen, but
// one that is chosen stays, so that what is sent is what is shown.
function tellFactors() {
  const factors = document.getElementById("id_downsampling_factor");
  const [width, height] = ["id_width", "id_height"].map((id) => {
    const side = document.getElementById(id);
    return Number(side.value || side.closest("[data-default]").dataset.default);
  });
  for (const option of factors.options) {
    const sides = [width, height].map((side) => Math.floor(side * 8 / option.value));
    const isTooMuch = sides[0] * sides[1] > Number(factors.dataset.most);
    option.disabled = isTooMuch && !option.selected;
    option.textContent = `${option.value}: ${sides.join(" × ")} px${isTooMuch ? `, ${factors.dataset.beyond}` : ""}`;
  }
}
document.addEventListener("input", tellFactors);
document.addEventListener("change", tellFactors);

// A source picture that is dropped on its place or pasted goes the way of a chosen one, and is shown.
const sourceOf = (event) => event.target.closest?.("[data-source]");
function takeSource(file) {
  const carrier = new DataTransfer();
  carrier.items.add(file);
  const input = document.getElementById("id_source_file");
  input.files = carrier.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}
document.addEventListener("change", (event) => {
  if (event.target.id !== "id_source_file") return;
  const shown = document.querySelector("[data-source] .dropped");
  const [file] = event.target.files;
  shown.hidden = !file;
  if (file) shown.src = URL.createObjectURL(file);
});
document.addEventListener("dragover", (event) => {
  if (!event.dataTransfer.types.includes("Files") && !event.dataTransfer.types.includes("text/uri-list")) return;
  event.preventDefault(); // a file that misses its place must not take the page's
  const place = sourceOf(event);
  event.dataTransfer.dropEffect = place ? "copy" : "none";
  place?.classList.add("awaits");
});
document.addEventListener("dragleave", (event) => {
  const place = sourceOf(event);
  if (place && !place.contains(event.relatedTarget)) place.classList.remove("awaits");
});
document.addEventListener("drop", (event) => {
  const place = sourceOf(event);
  if (!place) return;
  event.preventDefault();
  place.classList.remove("awaits");
  const [file] = event.dataTransfer.files;
  const address = event.dataTransfer.getData("text/uri-list").split(/[\r\n]+/)[0];
  if (address && URL.canParse(address) && new URL(address).origin === location.origin) takeAddress(address);
  else if (file) takeSource(file);
  else if (address) document.getElementById("id_source_url").value = address;
});
async function takeAddress(address) {
  const answer = await fetch(address).catch(() => null);
  const picture = answer?.ok && await answer.blob();
  if (picture && picture.type.startsWith("image/")) takeSource(new File([picture], "picture", { type: picture.type }));
  else document.getElementById("notice").textContent = "That is no picture of this site.";
}
document.addEventListener("paste", (event) => {
  const image = [...event.clipboardData.files].find((file) => file.type.startsWith("image/"));
  if (!image || event.clipboardData.types.includes("text/plain")) return;
  event.preventDefault();
  takeSource(image);
});
