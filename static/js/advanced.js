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

// With a source picture the factor is 8, until there is none any more; what it was comes back then.
const element = (id) => document.getElementById(id);
const hasSource = () => [
  document.querySelector("[name=source_image]:checked")?.value, element("id_source_url").value.trim(), element("id_source_file").value,
].some(Boolean);
function fixFactor() {
  const factors = element("id_downsampling_factor"), isFixed = hasSource();
  if (isFixed) factors.dataset.own ??= factors.value;
  factors.value = isFixed ? "8" : factors.dataset.own ?? factors.value;
  if (!isFixed) delete factors.dataset.own;
  factors.selectedOptions[0].disabled = false; // else it would not be sent
  element("factor-fixed").hidden = !isFixed;
  element("id_source_chosen").value = element("id_source_file").value && "on"; // all that the outlook is told of it
}
// A factor says what would come out with the sides as they are now; one of which that is too much cannot be chosen, but
// one that is chosen stays, so that what is sent is what is shown.
function tellFactors() {
  const factors = element("id_downsampling_factor"), isFixed = hasSource();
  const given = [element("id_width"), element("id_height")].map((side) => side.value || side.closest("[data-default]").dataset.default);
  for (const option of factors.options) {
    const [width, height] = given.map((side) => Math.floor(side * 8 / option.value));
    const beyond = width * height > Number(factors.dataset.most) && factors.dataset.beyond;
    const hindrance = beyond || (isFixed && option.value !== "8" && factors.dataset.fixed);
    option.disabled = hindrance && !option.selected;
    option.textContent = `${option.value}: ${width} × ${height} px${hindrance ? `, ${hindrance}` : ""}`;
  }
}
for (const event of ["input", "change"]) {
  document.addEventListener(event, fixFactor, true); // before the outlook is asked for
  document.addEventListener(event, tellFactors); // after a slider has told its number
}
window.addEventListener("pageshow", () => { fixFactor(); tellFactors(); });

// A source picture that is dropped on its place or pasted goes the way of a chosen one, and is shown.
const sourceOf = (event) => event.target.closest?.("[data-source]");
function takeSource(file) {
  const carrier = new DataTransfer();
  carrier.items.add(file);
  const input = element("id_source_file");
  input.files = carrier.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}
document.addEventListener("change", (event) => {
  if (event.target.id !== "id_source_file") return;
  const shown = element("dropped");
  const [file] = event.target.files;
  shown.hidden = !file;
  if (file) shown.querySelector("img").src = URL.createObjectURL(file);
});
document.addEventListener("click", (event) => {
  if (!event.target.matches("[data-forget]")) return;
  const input = element("id_source_file");
  input.value = "";
  input.focus();
  input.dispatchEvent(new Event("change", { bubbles: true }));
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
  else if (address) takeUrl(address);
});
function takeUrl(address) {
  const input = element("id_source_url");
  input.value = address;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}
async function takeAddress(address) {
  const answer = await fetch(address).catch(() => null);
  const picture = answer?.ok && await answer.blob();
  if (picture && picture.type.startsWith("image/")) takeSource(new File([picture], "picture", { type: picture.type }));
  else element("notice").textContent = "That is no picture of this site.";
}
document.addEventListener("paste", (event) => {
  const image = [...event.clipboardData.files].find((file) => file.type.startsWith("image/"));
  if (!image || event.clipboardData.types.includes("text/plain")) return;
  event.preventDefault();
  takeSource(image);
});
