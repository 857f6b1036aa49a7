/* How do the phones stay at their newest text, and ready to type on? Nothing here is needed to use the page. */

const glasses = () => document.querySelectorAll(".glass");
const atEnd = (glass) => glass.scrollHeight - glass.scrollTop - glass.clientHeight < 40;
const places = new Map();
const toEnd = (glass) => { glass.scrollTop = glass.scrollHeight; };

glasses().forEach(toEnd);

// A replaced thread starts at its top: it goes back to where the reader was, or to the newest text.
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const glass = event.detail.target;
  if (!glass.classList.contains("glass")) return;
  places.set(glass.id, atEnd(glass) ? null : glass.scrollTop);
});
document.addEventListener("htmx:oobAfterSwap", (event) => {
  const glass = document.getElementById(event.detail.target.id);
  if (!glass || !glass.classList.contains("glass")) return;
  const place = places.get(glass.id) ?? null;
  if (place === null) toEnd(glass);
  else glass.scrollTop = place;
});

// A phone that was texted for the first time is not on this page yet.
document.addEventListener("htmx:oobAfterSwap", (event) => {
  if (event.detail.target.id !== "count") return;
  const known = document.querySelectorAll(".phone").length;
  const typing = [...document.querySelectorAll(".typing input[name=body]")].some((input) => input.value);
  if (Number(document.getElementById("count").dataset.phones) > known && !typing) window.location.reload();
});

document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.target.closest(".typing");
  if (!form || !event.detail.successful) return;
  form.querySelector("input[name=body]").value = "";
  window.htmx.trigger("#live", "poll");
});
