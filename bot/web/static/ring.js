/* How does a call reach whoever has a page open? Two tones that come again until it is answered, and the title; nothing of
   anyone. A browser lets a page sound once its owner has pressed something on it. What is kept here is "on" or "off". */

import { say } from "./say.js";

const place = document.getElementById("ring");
const AGAIN_MS = 4000;
const TONES = [[0, 660], [0.22, 880], [0.7, 660], [0.92, 880]];
const NEEDED = say("Somebody is needed");
let context = null;
let title = null;

const wanted = () => localStorage.getItem("sound") !== "off";

function wake() {
  if (!wanted() || !window.AudioContext) return;
  context = context || new AudioContext();
  if (context.state === "suspended") context.resume().then(look, () => {});
}

function sound() {
  if (!wanted() || !context || context.state !== "running") return false;
  for (const [after, pitch] of TONES) {
    const at = context.currentTime + after;
    const tone = context.createOscillator();
    const level = context.createGain();
    tone.frequency.value = pitch;
    level.gain.setValueAtTime(0, at);
    level.gain.linearRampToValueAtTime(0.3, at + 0.02);
    level.gain.linearRampToValueAtTime(0, at + 0.2);
    tone.connect(level).connect(context.destination);
    tone.start(at);
    tone.stop(at + 0.21);
  }
  return true;
}

function look() {
  const call = place.querySelector("[data-ring]");
  if (!call) {
    if (title !== null) document.title = title;
    title = null;
    return;
  }
  const heard = sound();
  call.querySelector("[data-silent]").hidden = heard || !wanted();
  if (title === null) title = document.title;
  if (!("trial" in call.dataset)) document.title = NEEDED;
}

for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, wake, { passive: true });
document.addEventListener("htmx:afterSwap", (event) => { if (event.target === place) look(); });
setInterval(() => { if (title !== null) look(); }, AGAIN_MS);

// The page on which the sound is tried, and switched off.
const said = document.getElementById("sound");
for (const button of document.querySelectorAll("[data-sound]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    localStorage.setItem("sound", button.dataset.sound);
    wake();
    if (context && wanted()) await context.resume().catch(() => {});
    if (!wanted()) said.textContent = say("Off on this device. Texts, mail and the browser still call you.");
    else said.textContent = sound() ? say("On. You should have heard two tones, twice.") : say("This browser makes no sound here.");
  });
}
