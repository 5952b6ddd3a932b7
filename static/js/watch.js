"use strict";
// Waiting made bearable: times count down, the tab tells how far my job is, and the system says when it is done.

// Between two answers of the site the times go on by themselves, down to the last second; an answer that says nearly the
// same moves nothing.
const ends = new Map(); // by the element's id: the moment it counts down to
function countDown() {
  const now = performance.now();
  for (const element of document.querySelectorAll("[data-seconds]")) {
    if (!element.ends) {
      const told = now + element.dataset.seconds * 1000;
      const known = ends.get(element.id);
      element.ends = Math.abs(known - told) < 2000 ? known : told;
      ends.set(element.id, element.ends);
    }
    const seconds = Math.max(1, Math.round((element.ends - now) / 1000));
    const minutes = Math.floor(seconds / 60);
    const text = minutes < 60
      ? `${minutes}:${String(seconds % 60).padStart(2, "0")}`
      : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")}`;
    if (element.textContent !== text) element.textContent = text;
  }
}
setInterval(countDown, 250);

// The tab's title and icon carry the progress of my job, and that it is done until somebody looks.
const usual = { title: document.title, icon: document.querySelector('link[rel="icon"]').href };
const ring = (share) => `data:image/svg+xml,${encodeURIComponent(
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" fill="none" stroke-width="6"><circle cx="16" cy="16" r="12" stroke="#777"/>` +
  `<circle cx="16" cy="16" r="12" stroke="#f5a524" pathLength="100" stroke-dasharray="${share} 100" transform="rotate(-90 16 16)"/></svg>`)}`;
function show(title, icon) {
  document.title = title;
  document.querySelector('link[rel="icon"]').href = icon;
}
function tellTab() {
  const job = document.querySelector(".job-running.mine");
  const share = Math.floor(100 * (job?.querySelector("progress")?.value ?? 0));
  if (job) show(`${share} % · ${job.querySelector("h2").innerText.trim()}`, ring(share));
  else if (!document.hidden || document.title.includes(" % · ")) show(usual.title, usual.icon);
}
document.addEventListener("htmx:afterSettle", tellTab);
document.addEventListener("visibilitychange", tellTab);

// "Done: a red apple" is said to screen readers in #said; in a hidden tab the title says it too, and a notification
// does if that is wanted.
const bell = document.getElementById("bell");
const isWanted = () => localStorage.getItem("notify") === "yes" && Notification.permission === "granted";
const showBell = () => bell.setAttribute("aria-pressed", isWanted());
new MutationObserver(() => {
  const said = document.getElementById("said").textContent.trim();
  if (!said || !document.hidden) return;
  show(said, usual.icon);
  if (!bell.hidden && isWanted()) new Notification(said, { icon: usual.icon }).onclick = () => window.focus();
}).observe(document.getElementById("said"), { childList: true });

// Notifications exist on localhost and over https only.
if (window.isSecureContext && "Notification" in window) {
  bell.hidden = false;
  showBell();
  bell.addEventListener("click", async () => {
    const asked = isWanted() ? "no" : await Notification.requestPermission();
    localStorage.setItem("notify", asked === "granted" ? "yes" : "no");
    showBell();
    if (asked === "denied") document.getElementById("notice").textContent = "This browser was told to show no notifications from here; its settings for this page can change that.";
  });
}

countDown();
tellTab();
document.addEventListener("htmx:afterSettle", countDown);
