/* Somebody comes: Escape twice, or the button, and a neutral page covers this one at once; the session locks behind it.
   What was typed stays underneath until whoever it was unlocks it. */

const cover = document.getElementById("away");
const door = document.getElementById("curtain");
const form = document.querySelector("form[data-leave]");
const TWICE_MS = 800;
const title = document.title;
let escaped = 0;

function leave() {
  if (cover.open || door.open) return;
  document.title = cover.dataset.title;
  cover.showModal();
  cover.scrollTop = 0;
  document.querySelector("[data-gone-in]")?.replaceChildren(); // a number stays nowhere
  const headers = { ...JSON.parse(document.body.getAttribute("hx-headers")), "HX-Request": "true" };
  fetch(form.action, { method: "POST", headers, redirect: "manual", keepalive: true }).catch(() => {});
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  if (cover.open || door.open) { event.preventDefault(); return; } // neither is closed by a key
  const now = Date.now();
  if (now - escaped < TWICE_MS) { event.preventDefault(); leave(); }
  escaped = now;
}, true);

form.addEventListener("submit", (event) => { event.preventDefault(); event.stopPropagation(); leave(); });
cover.addEventListener("cancel", (event) => event.preventDefault());
cover.querySelector("button").addEventListener("click", () => {
  door.showModal(); // over it: first the password, then what was underneath
  cover.close();
  document.title = title;
});
