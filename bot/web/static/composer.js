/* How many texts will this leave as, and how is it sent without the mouse? The count is the one of bot/rules/segments.py;
   a test compares them. */

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

const composer = document.querySelector("[data-composer]");
const count = document.getElementById("count");

function show() {
  const { encoding, units, segments } = measure(composer.value);
  const wide = Array.from(composer.value).find((sign) => !BASIC.has(sign) && !EXTENDED.has(sign));
  const why = encoding === "UCS-2" ? ` (“${wide}” makes every text shorter)` : "";
  count.textContent = `${segments} ${segments === 1 ? "text" : "texts"}, ${units} ${encoding === "UCS-2" ? "wide characters" : "characters"}${why}`;
}

if (composer) {
  composer.addEventListener("input", show);
  composer.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); composer.form.requestSubmit(); }
  });
  for (const ready of document.querySelectorAll("[data-words]")) {
    ready.addEventListener("click", (event) => {
      event.preventDefault();
      composer.value = composer.value.trim() ? `${composer.value.trimEnd()} ${ready.dataset.words}` : ready.dataset.words;
      composer.focus();
      show();
    });
  }
  show();
}
