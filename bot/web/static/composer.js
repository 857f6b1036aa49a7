/* How does an advocate write without losing a word? The draft is kept on the server as it is typed, a text is sent without
   leaving the page, and what could not be sent stays in its box. Nothing is kept in the browser.

   How many texts it will leave as is counted as in bot/rules/segments.py; a test compares them. */

import { locale, say } from "./say.js";

const BASIC = new Set(
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿" +
  "abcdefghijklmnopqrstuvwxyzäöñüà"
);
const EXTENDED = new Set("^{}\\[~]|€\f");

// A pair (an escape and its sign, or two halves of an emoji) may not straddle two parts.
function parts(widths, one, many) {
  const units = widths.reduce((sum, width) => sum + width, 0);
  if (units <= one) return 1; // an empty text is still one message
  let count = 1;
  let room = many;
  for (const width of widths) {
    if (width > room) { count += 1; room = many; }
    room -= width;
  }
  return count;
}

export function measure(text) {
  const signs = Array.from(text);
  const narrow = signs.every((sign) => BASIC.has(sign) || EXTENDED.has(sign));
  const widths = signs.map((sign) => (narrow ? (EXTENDED.has(sign) ? 2 : 1) : sign.length));
  const units = widths.reduce((sum, width) => sum + width, 0);
  const segments = narrow ? parts(widths, 160, 153) : parts(widths, 70, 67);
  return { encoding: narrow ? "GSM-7" : "UCS-2", units, segments };
}

const TYPING_MS = 700;
const AGAIN_MS = 5000;
const PATIENCE_MS = 15000;
const OFFLINE = say("You are offline. Nothing was sent: your text is still in the box.");
const NO_ANSWER = say("The line did not answer, so this is not known to be sent. Your text is still in the box. Press Send again when you are connected: it goes once, however often you press.");
const LOGGED_OUT = say("Your log-in has ended, and nothing was sent. Log in again in another tab, then come back and press Send: your text is still in the box.");

const $ = (id) => document.getElementById(id);
const box = () => document.querySelector("[data-composer]");
let timer = 0;
let dirty = false;
let saving = null;
let sending = false;

function speak(words) {
  $("say").textContent = words;
}

// --- What it costs

function show() {
  const typed = box().value;
  const { encoding, units, segments } = measure(typed);
  const wide = Array.from(typed).find((sign) => !BASIC.has(sign) && !EXTENDED.has(sign));
  const counts = { n: segments, units, sign: wide };
  const texts = segments === 1 ? say("1 text", counts) : say("%(n)s texts", counts);
  $("count").textContent = encoding === "UCS-2"
    ? `${texts}, ${say("%(units)s wide characters (“%(sign)s” makes every text shorter)", counts)}`
    : `${texts}, ${say("%(units)s characters", counts)}`;
  const price = $("price");
  if (!price) return;
  const [amount, money] = price.dataset.each.split(" ");
  const cost = (segments * Number(amount)).toFixed((amount.split(".")[1] || "").length);
  price.textContent = say("about %(price)s, at the price set here (SEGMENT_PRICE)", { price: `${cost} ${money}` });
}

// --- Talking to the line

async function post(address, body, more = {}) {
  const headers = { ...JSON.parse(document.body.getAttribute("hx-headers")), "HX-Request": "true" };
  const answer = await fetch(address, { method: "POST", headers, body, signal: AbortSignal.timeout(PATIENCE_MS), ...more });
  if (answer.status === 423) {
    document.body.dispatchEvent(new CustomEvent("htmx:afterRequest", { bubbles: true, detail: { xhr: { status: 423 } } }));
    throw new Error("locked");
  }
  if (answer.status === 400 || answer.status === 401) throw new Error("logged out");
  if (answer.status >= 500) throw new Error("no answer");
  return answer;
}

// After a new log-in in another tab the page's token is an old one: fetched anew, if it is still the same person.
async function logInAgain() {
  const answer = await fetch(location.href, { signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!answer.ok || answer.redirected) return false;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const who = (place) => place.querySelector(".who a")?.textContent;
  const headers = page.body.getAttribute("hx-headers");
  if (!headers || who(page) !== who(document)) return false;
  document.body.setAttribute("hx-headers", headers);
  for (const field of document.querySelectorAll("input[name=csrf_token]")) field.value = JSON.parse(headers)["X-CSRFToken"];
  return true;
}

// `fill` makes the body, since the token in it may be another one at the second try.
async function postOrLogIn(address, fill) {
  try {
    return await post(address, fill());
  } catch (error) {
    if (error.message !== "logged out" || !(await logInAgain().catch(() => false))) throw error;
    return post(address, fill());
  }
}

function filled(form, pressed) {
  const body = new FormData(form);
  if (pressed?.name) body.append(pressed.name, pressed.value);
  return body;
}

// --- The draft

function typed() {
  dirty = true;
  if (!$("kept")?.classList.contains("lost")) tellKept("");  // "kept" is said of these words, not of those before them
  show();
  clearTimeout(timer);
  timer = setTimeout(save, TYPING_MS);
}

function tellKept(words, lost = false) {
  const kept = $("kept");
  if (!kept) return;
  if (lost && !kept.classList.contains("lost")) speak(words);
  kept.textContent = words;
  kept.classList.toggle("lost", lost);
}

async function save() {
  clearTimeout(timer);
  if (saving) await saving;
  if (!dirty || sending || !box()) return;
  dirty = false;
  saving = keep(box().form).finally(() => { saving = null; });
  await saving;
}

async function keep(form, pressed) {
  const address = pressed?.getAttribute("formaction") || form.dataset.draft;
  try {
    const answer = await postOrLogIn(address, () => filled(form, pressed));
    const advice = await answer.text();
    if (form.isConnected) htmx.swap("#advice", advice, { swapStyle: "innerHTML" });
    const time = new Date().toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit" });
    if (answer.ok) tellKept(box()?.value.trim() ? say("Draft kept %(at)s", { at: time }) : "");
    if (!answer.ok && form.isConnected && document.querySelector("[data-over]")) tellKept(say("This box is not kept"), true);
  } catch (error) {
    dirty = true;
    tellKept(error.message === "logged out" ? say("Not kept: your log-in has ended. Log in in another tab.")
      : say("Not kept: no connection. These words are only in this box."), true);
    timer = setTimeout(save, AGAIN_MS);
  }
}

// --- Sending

async function send(form, pressed) {
  if (sending) return;
  if (!navigator.onLine) return complain(OFFLINE);
  if (form !== box()?.form) await save(); // what was typed meanwhile is not swapped away
  sending = true;
  clearTimeout(timer);
  if (box()) box().readOnly = true;
  try {
    if (saving) await saving;
    clearTimeout(timer); // one that failed meanwhile would try again
    const answer = await postOrLogIn(pressed?.getAttribute("formaction") || form.action, () => filled(form, pressed));
    dirty = false;
    swap(await answer.text());
  } catch (error) {
    complain(error.message === "logged out" ? LOGGED_OUT : NO_ANSWER);
  } finally {
    sending = false;
    if (box()) box().readOnly = false;
    if (dirty) timer = setTimeout(save, AGAIN_MS);
  }
}

function complain(words) {
  if (document.querySelector("dialog[open]")) return; // the curtain says it
  let notice = $("not-sent");
  if (!notice) {
    notice = document.createElement("p");
    notice.id = "not-sent";
    notice.className = "notice bad";
    notice.setAttribute("role", "alert");
    $("composing").prepend(notice);
  }
  notice.textContent = words;
}

function swap(page) {
  htmx.swap("#composing", page, { swapStyle: "outerHTML" }, { select: "#composing" });
  ready();
  if (document.activeElement === document.body) box()?.focus();
  const live = $("live");
  if (live) htmx.ajax("GET", live.getAttribute("hx-get"), { source: live, target: live, swap: "innerHTML" });
}

// What can be taken back, for as long as it can.
function ready() {
  const composing = $("composing");
  if (!composing) return;
  if (composing.dataset.say) speak(composing.dataset.say);
  const undo = $("undo");
  if (undo) count(undo, Date.now() + Number(undo.dataset.left));
  if (box()) show();
}

function count(undo, until) {
  const left = Math.ceil((until - Date.now()) / 1000);
  if (!undo.isConnected) return;
  if (left <= 0) { undo.remove(); return; }
  undo.querySelector("p").textContent = left === 1 ? say("Your text leaves in 1 second.")
    : say("Your text leaves in %(n)s seconds.", { n: left });
  setTimeout(count, 250, undo, until);
}

// --- Hands

document.addEventListener("input", (event) => { if (event.target === box()) typed(); });
document.addEventListener("focusout", (event) => { if (event.target === box()) save(); });
document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") save(); });
window.addEventListener("pagehide", () => {
  if ((dirty || saving) && box() && !sending) post(box().form.dataset.draft, filled(box().form), { keepalive: true }).catch(() => {});
});
window.addEventListener("beforeunload", (event) => { if (dirty && $("kept")?.classList.contains("lost")) event.preventDefault(); });

// A log-in that ended leads every poll to the log-in page; not away from words that nobody else has.
document.addEventListener("htmx:beforeOnLoad", (event) => {
  if (event.detail.xhr.status !== 401 || !dirty) return;
  event.preventDefault();
  tellKept(say("Not kept: your log-in has ended. Log in in another tab."), true);
});

// Before live.js, which would take a second press for the same one: here it is a new try of the same text.
document.addEventListener("submit", (event) => {
  const form = event.target;
  const pressed = event.submitter;
  const ours = form.id === "composer" ? !pressed?.hasAttribute("formaction") || pressed.name === "over" : "swap" in form.dataset;
  if (!ours) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (pressed?.name === "over") keep(form, pressed);
  else send(form, pressed);
}, { capture: true });

document.addEventListener("keydown", (event) => {
  if (event.target === box() && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    box().form.requestSubmit();
  }
  if (event.target === box() && event.key === "/" && !box().value) {
    event.preventDefault();
    $("ready").open = true;
    document.querySelector("#ready [data-words]")?.focus();
  }
  if (event.target.matches?.("#ready [data-words]")) chooseReady(event);
});

// From the list of ready words by its arrows; Escape goes back to the box.
function chooseReady(event) {
  const all = [...document.querySelectorAll("#ready [data-words]")];
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) all[(all.indexOf(event.target) + step + all.length) % all.length].focus();
  if (event.key === "Escape") { $("ready").open = false; box().focus(); }
  if (step || event.key === "Escape") event.preventDefault();
}

document.addEventListener("click", (event) => {
  const words = event.target.closest?.("[data-words]")?.dataset.words;
  if (!words || !box()) return;
  event.preventDefault();
  box().value = box().value.trim() ? `${box().value.trimEnd()} ${words}` : words;
  box().focus();
  typed();
});

ready();
