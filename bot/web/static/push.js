/* How does a device ask to be called by its browser? It asks its owner, lets our service worker stand by, and tells us where
   the browser's own push service takes calls for it. */

import { say } from "./say.js";

const form = document.querySelector("[data-push]");
const toBytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));

async function subscribe() {
  if ((await Notification.requestPermission()) !== "granted") throw new Error(say("Your browser was told not to show calls. Allow notifications for this page, then try again."));
  const worker = await navigator.serviceWorker.register(form.dataset.worker, { scope: "/desk/" });
  await navigator.serviceWorker.ready;
  const before = await worker.pushManager.getSubscription();
  if (before) await before.unsubscribe(); // it may be of another key
  return worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: toBytes(form.dataset.push) });
}

async function tell(subscription) {
  const answer = await fetch(form.dataset.answer, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": form.elements.csrf_token.value, "HX-Request": "true" },
    body: JSON.stringify(subscription),
  });
  if (answer.ok) return answer.json();
  await subscription.unsubscribe();
  throw new Error(await answer.text());
}

if (form && navigator.serviceWorker && window.PushManager && window.Notification) {
  form.hidden = false;
  document.querySelector("[data-no-push]").hidden = true;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    event.stopPropagation(); // it is not sent, so it may be pressed again
    const wrong = form.querySelector("[data-wrong]");
    wrong.hidden = true;
    try {
      const { go } = await tell(await subscribe());
      window.location.assign(go);
    } catch (error) {
      wrong.textContent = error.name === "AbortError" ? say("The push service of this browser does not answer. Try again later.") : error.message;
      wrong.hidden = false;
    }
  });
}
