/* How long is there still to answer, has their owner seen what they wrote, and is what was hidden gone again? The page
   works without any of it. */

import { say } from "./say.js";

// What they wrote is seen when it stands in the window, the window is looked at, and a hand moved a moment ago.
const A_MOMENT_MS = 60 * 1000;
let moved = Date.now();
for (const kind of ["pointerdown", "keydown", "input", "wheel"]) {
  document.addEventListener(kind, () => { moved = Date.now(); tellSeen(); }, { passive: true });
}

const live = document.querySelector("[data-seen]");
let told = Number(live?.querySelector("[data-seq]")?.dataset.seq || 0); // the server counts what it rendered itself

function inSight(element) {
  const { top, bottom } = element.getBoundingClientRect();
  return bottom > 0 && top < window.innerHeight;
}

function tellSeen() {
  if (!live || !live.dataset.seen) return;
  const seq = Number(live.querySelector("[data-seq]")?.dataset.seq || 0);
  const last = live.querySelector(".thread > .bubble.in:nth-last-child(1 of .bubble.in)");
  const looks = document.visibilityState === "visible" && document.hasFocus() && Date.now() - moved < A_MOMENT_MS;
  if (seq <= told || !looks || !last || !inSight(last)) return;
  const before = told;
  told = seq;
  const headers = { ...JSON.parse(document.body.getAttribute("hx-headers")), "HX-Request": "true" };
  fetch(live.dataset.seen, { method: "POST", headers, body: new URLSearchParams({ seq }) })
    .then((answer) => { if (!answer.ok) told = before; })
    .catch(() => { told = before; });
}
document.addEventListener("htmx:afterSettle", tellSeen);
window.addEventListener("focus", tellSeen);

// What was opened stays open when its part of the page is made new.
let opened = [];
document.addEventListener("htmx:beforeSwap", () => {
  opened = Array.from(document.querySelectorAll("details[id][open]"), (one) => one.id);
});
document.addEventListener("htmx:afterSettle", () => {
  for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
});

// The time is the server's word; what is left is counted here, against the reader's own clock.
function tellTimeLeft() {
  for (const time of document.querySelectorAll("time[data-until]")) {
    const left = Math.max(0, Math.ceil((Date.parse(time.dateTime) - Date.now()) / 1000));
    const clock = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    time.textContent = left > 0 ? say("%(clock)s left", { clock }) : say("over");
    const lead = time.parentElement.querySelector("[data-lead]");
    if (lead) lead.hidden = true; // "until" reads well before a time of day alone
    const bar = time.parentElement.querySelector("progress");
    if (bar) { bar.hidden = false; bar.value = Math.min(left, bar.max); }
  }
}
document.addEventListener("htmx:afterSwap", tellTimeLeft);
setInterval(tellTimeLeft, 1000);
tellTimeLeft();

document.addEventListener("htmx:afterSwap", () => {
  const shown = document.querySelector("[data-gone-in]");
  if (!shown || shown.dataset.counting) return;
  shown.dataset.counting = "1";
  setTimeout(() => shown.replaceChildren(say("Hidden again.")), Number(shown.dataset.goneIn) * 1000);
});
