/* Is anybody still here? A page left open must not show a person's words to whoever comes by: after a while without a
   sign it draws a curtain, which what was typed outlives. The server locks by itself too; this page then hears it. */

import { say } from "./say.js";

const curtain = document.getElementById("curtain");
const IDLE_MS = 15 * 60 * 1000;
const TELL_MS = 60 * 1000;
let told = Date.now();
let last = Date.now();

function headers() {
  return { ...JSON.parse(document.body.getAttribute("hx-headers")), "HX-Request": "true" };
}

function close() {
  if (!curtain.open && !document.getElementById("away").open) curtain.showModal(); // whoever left is away already
}

function sign() {
  if (curtain.open) return;
  last = Date.now();
  if (last - told < TELL_MS) return;
  told = last;
  fetch(curtain.dataset.here, { method: "POST", headers: headers() })
    .then((answer) => { if (answer.status === 423) close(); })
    .catch(() => { told = 0; }); // offline: the next sign tells it
}

for (const kind of ["pointerdown", "keydown", "input", "wheel"]) document.addEventListener(kind, sign, { passive: true });

setInterval(() => {
  if (Date.now() - last < IDLE_MS || curtain.open) return;
  close();
  fetch(curtain.dataset.lock, { method: "POST", headers: headers() }).catch(() => {});
}, 5000);

document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.xhr && event.detail.xhr.status === 423) close();
});

curtain.addEventListener("cancel", (event) => event.preventDefault()); // Escape opens no lock
curtain.querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  event.stopPropagation();
  const form = event.target;
  const wrong = form.querySelector("[data-wrong]");
  wrong.hidden = true;
  try {
    const answer = await fetch(form.action, { method: "POST", headers: headers(), body: new FormData(form) });
    if (!answer.ok) throw new Error(await answer.text());
    form.reset();
    last = told = Date.now();
    curtain.close();
  } catch (error) {
    wrong.textContent = error instanceof TypeError ? say("No connection. Try again in a moment.") : error.message;
    wrong.hidden = false;
  }
});
