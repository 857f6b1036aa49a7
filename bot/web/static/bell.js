/* What does a device show when its browser brings a call? Always the same words: nothing of anyone comes with a push, and
   nothing that came would be shown. It keeps nothing, and answers no request for any page. */

// In the language of whoever asked to be called: it stands in the address this script was fetched from.
const WORDS = new URL(self.location.href).searchParams.get("words") || "Somebody is needed";

self.addEventListener("push", (event) => {
  event.waitUntil(self.registration.showNotification(WORDS, { tag: "call", renotify: true, requireInteraction: true }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil((async () => {
    const open = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
    const desk = open.find((page) => new URL(page.url).pathname.startsWith("/desk/"));
    if (desk) await desk.focus();
    else await self.clients.openWindow("/desk/reach");
  })());
});
