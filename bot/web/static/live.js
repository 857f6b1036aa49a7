/* How does a page stay true without being reloaded? Fragments that are polled (htmx), compared by ETag, and announced
   without their content: what is spoken or put in the title can be heard and seen by somebody else. */

import { locale, say } from "./say.js";

const plainTitle = document.title;

// A fragment that has not changed answers 304 and nothing is swapped, so a reader's place is kept.
document.addEventListener("htmx:configRequest", (event) => {
  const etag = event.target.dataset.etag;
  if (etag && event.detail.verb === "get") event.detail.headers["If-None-Match"] = etag;
});

document.addEventListener("htmx:afterRequest", (event) => {
  const place = event.target;
  if (!("etag" in place.dataset)) return;
  const status = event.detail.xhr ? event.detail.xhr.status : 0;
  // Also with a 304: what was drawn anew and is the same stands on other rows now.
  const tag = status === 200 || status === 304 ? event.detail.xhr.getResponseHeader("ETag") : null;
  if (tag || status === 200) place.dataset.etag = tag || "";
  tellConnection(status === 200 || status === 304);
});

// Two presses of a button are one: "take next" must not take two people. Coming back to the page makes it new.
document.addEventListener("submit", (event) => {
  if (event.target.dataset.sent) event.preventDefault();
  event.target.dataset.sent = "1";
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// Whoever reads further up stays there; whoever is at the end sees what is new.
let kept = 0;
document.addEventListener("htmx:beforeSwap", (event) => {
  kept = event.target.querySelector("[data-keep]")?.scrollTop || 0;
});

document.addEventListener("htmx:afterSwap", (event) => {
  const scroller = event.target.querySelector("[data-keep]");
  if (scroller) scroller.scrollTop = kept;
  announce(event.target);
  tellLocalTime(event.target);
});

// The server writes UTC; whoever reads is somewhere.
function tellLocalTime(place) {
  for (const time of place.querySelectorAll("time[data-show]")) {
    const hour = { hour: "2-digit", minute: "2-digit" };
    const form = time.dataset.show === "time" ? hour : { ...hour, day: "numeric", month: "short" };
    time.textContent = new Date(time.dateTime).toLocaleString(locale, form);
  }
}

function tellConnection(good) {
  const strip = document.getElementById("connection");
  if (!strip) return;
  const lost = strip.classList.contains("lost");
  const time = new Date().toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit" });
  if (good) strip.dataset.last = time;
  if (good && (lost || !strip.dataset.told)) strip.textContent = say("Connected");
  if (!good && !lost) {
    strip.textContent = strip.dataset.last ? say("Not connected. What you see is from %(time)s.", { time: strip.dataset.last })
      : say("Not connected. What you see is from earlier.");
  };
  strip.dataset.told = "1";
  strip.classList.toggle("lost", !good);
}

// `data-count` is what the title counts, `data-say` what a screen reader hears when `data-mark` changes.
function announce(place) {
  const news = place.querySelector("[data-mark]");
  if (!news) return;
  const count = Number(news.dataset.count || 0);
  document.title = count > 0 ? `(${count}) ${plainTitle}` : plainTitle;
  if (place.dataset.mark !== undefined && place.dataset.mark !== news.dataset.mark && news.dataset.say) {
    document.getElementById("say").textContent = news.dataset.say;
  }
  place.dataset.mark = news.dataset.mark;
}

for (const place of document.querySelectorAll("[data-etag]")) announce(place);
tellLocalTime(document);
