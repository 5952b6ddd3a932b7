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
