/* How does a passkey get from the browser to the line, and back? Two forms (`data-passkey` is `add` or `get`): ask for the
   options, let the browser ask its owner, send what came of it. Without JavaScript the forms stay hidden. */

import { say } from "./say.js";

const toBytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

const withBytes = (list) => (list || []).map((one) => ({ ...one, id: toBytes(one.id) }));

async function post(address, body) {
  const token = document.querySelector("[name=csrf_token]").value;
  const answer = await fetch(address, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": token, "HX-Request": "true" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

async function make(options) {
  const made = await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: toBytes(options.challenge),
      user: { ...options.user, id: toBytes(options.user.id) },
      excludeCredentials: withBytes(options.excludeCredentials),
    },
  });
  const { attestationObject, clientDataJSON } = made.response;
  const transports = made.response.getTransports ? made.response.getTransports() : [];
  return wrapped(made, { attestationObject: toText(attestationObject), clientDataJSON: toText(clientDataJSON), transports });
}

async function use(options) {
  const found = await navigator.credentials.get({
    publicKey: { ...options, challenge: toBytes(options.challenge), allowCredentials: withBytes(options.allowCredentials) },
  });
  const { authenticatorData, clientDataJSON, signature, userHandle } = found.response;
  return wrapped(found, {
    authenticatorData: toText(authenticatorData),
    clientDataJSON: toText(clientDataJSON),
    signature: toText(signature),
    userHandle: userHandle ? toText(userHandle) : null,
  });
}

function wrapped(credential, response) {
  return { id: credential.id, rawId: toText(credential.rawId), type: credential.type, response };
}

async function go(form) {
  const options = await post(form.dataset.options, {});
  const adding = form.dataset.passkey === "add";
  const credential = adding ? await make(options) : await use(options);
  const body = adding ? { name: form.elements.name.value, credential } : credential;
  const { go: place } = await post(form.dataset.answer, body);
  window.location.assign(place);
}

for (const form of document.querySelectorAll("[data-passkey]")) {
  if (!window.PublicKeyCredential) continue;
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    event.stopPropagation(); // it is not sent, so it may be pressed again
    const wrong = form.querySelector("[data-wrong]");
    wrong.hidden = true;
    go(form).catch((error) => {
      const asked = ["NotAllowedError", "AbortError", "InvalidStateError"].includes(error.name);
      wrong.textContent = asked ? say("That did not come to an end. Nothing was changed; try once more.") : error.message;
      wrong.hidden = false;
    });
  });
}
