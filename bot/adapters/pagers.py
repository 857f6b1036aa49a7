"""How does a call reach a colleague? By the log, a text, a mail, a webhook or a push, none with a word of anyone."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import smtplib
import ssl
import time
import urllib.error
import urllib.request
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from bot import log
from bot.adapters.push import WebPush
from bot.errors import PageFailed, PageGone, SendError
from bot.ports import OutboundText, Page, SmsCarrier

_TIMEOUT_S = 8
_VALIDITY_S = 600
"""A call that the carrier brings later than this calls nobody."""


class Pagers:
    """Every way of calling somebody. The desk's own page shows each call by itself: there nothing has to be sent."""

    def __init__(self, carrier: SmsCarrier, smtp_url: str = "", mail_from: str = "",
                 push: WebPush | None = None) -> None:  # fmt: skip
        self._carrier = carrier
        self._smtp_url = smtp_url
        self._mail_from = mail_from
        self._push = push

    def page(self, *, handoff_id: str, tier: str, step: int) -> None:
        """A content-free line for whoever watches the log."""
        log.event("handoff_waits", level="warning" if step else "info", handoff_id=handoff_id, tier=tier, step=step)

    def reach(self, page: Page) -> None:
        """Send this call. Raises PageFailed."""
        match page.kind:
            case "desk":
                return
            case "sms":
                self._text(page)
            case "email":
                self._mail(page)
            case "webhook":
                post(page)
            case "push" if self._push is not None:
                self._push.call(page.address)
            case _:
                raise PageFailed("this line has no such channel")

    def _text(self, page: Page) -> None:
        try:
            self._carrier.send(OutboundText(page.page_id, page.address, page.words, _VALIDITY_S))
        except SendError as error:
            raise PageFailed(error.code) from None

    def _mail(self, page: Page) -> None:
        if not self._smtp_url:
            raise PageFailed("SMTP_URL is not set")
        server, mail = urlsplit(self._smtp_url), EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = self._mail_from, page.address, "Desk"
        mail.set_content(page.words)
        kind = smtplib.SMTP_SSL if server.scheme == "smtps" else smtplib.SMTP
        try:
            with kind(server.hostname or "", server.port or 0, timeout=_TIMEOUT_S) as smtp:
                if server.username:
                    if server.scheme == "smtp":
                        smtp.starttls(context=ssl.create_default_context())
                    smtp.login(unquote(server.username), unquote(server.password or ""))
                smtp.send_message(mail)
        except (OSError, smtplib.SMTPException) as error:
            raise PageFailed(type(error).__name__) from None


def post(page: Page) -> None:
    """Post the call, signed over its time and body: `t=<seconds>,v1=<HMAC-SHA256>`. Redirects are not followed."""
    body = json.dumps({"page": page.page_id, "why": page.why, "tier": page.tier, "code": page.code}).encode()
    headers = {"Content-Type": "application/json", "X-Desk-Signature": signature(page.secret, int(time.time()), body)}
    request = urllib.request.Request(page.address, body, headers, method="POST")  # noqa: S310
    try:
        with _NO_REDIRECTS.open(request, timeout=_TIMEOUT_S) as answer:
            if answer.status >= 300:
                raise PageFailed(str(answer.status))
    except (OSError, http.client.HTTPException, ValueError) as error:
        code = error.code if isinstance(error, urllib.error.HTTPError) else type(error).__name__
        raise PageFailed(str(code)) from None


def signature(secret: str, at: int, body: bytes) -> str:
    """What a receiver computes itself, over `<seconds>.<body>`, and compares."""
    return f"t={at},v1={hmac.digest(secret.encode(), f'{at}.'.encode() + body, hashlib.sha256).hex()}"


class _Stays(urllib.request.HTTPRedirectHandler):
    """The address that was proven is the one that is called."""

    def redirect_request(self, *_args: object, **_more: object) -> None:
        return None


_NO_REDIRECTS = urllib.request.build_opener(_Stays)


class RecordedPager:
    """The fake twin: remembers every bell and every call; `broken` names the channels that do not work,
    `gone` those whose address is no more."""

    def __init__(self) -> None:
        self.pages: list[tuple[str, str, int]] = []
        self.calls: list[Page] = []
        self.broken: set[str] = set()
        self.gone: set[str] = set()

    def page(self, *, handoff_id: str, tier: str, step: int) -> None:
        self.pages.append((handoff_id, tier, step))

    def reach(self, page: Page) -> None:
        if page.kind in self.gone:
            raise PageGone("410")
        if page.kind in self.broken:
            raise PageFailed("503")
        self.calls.append(page)
