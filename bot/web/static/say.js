/* In which language does a script speak? In the page's: the server writes beside the page what scripts say in it
   (`data-words`), and English is what stands in the code. */

const { lang, dataset } = document.documentElement;
const words = JSON.parse(dataset.words || "{}");

// The reader's own way to write a date, where their browser speaks the language of the page.
export const locale = navigator.languages?.find((one) => one.split("-")[0] === lang) ?? lang;

export function say(sentence, values = {}) {
  return (words[sentence] ?? sentence).replace(/%\((\w+)\)s/g, (_, name) => values[name]);
}
