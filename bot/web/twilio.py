"""The carrier's door: is it the carrier, is it whole, and then the one use case. Answers are never in the TwiML.

The fallback address is where the carrier goes when the first one failed: the same door once more, with one difference.
A text whose turn a fault of ours breaks is kept unread there, for it will not come by itself again.
"""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, Response, request
from sqlalchemy.exc import SQLAlchemyError

from bot import log, metrics
from bot.ports import SignatureCheck
from bot.usecases.receipt import receipt
from bot.usecases.receive import InboundText, Outcome, receive
from bot.web.context import services

blueprint = Blueprint("twilio", __name__, url_prefix="/twilio")

# Always XML: the carrier would text a plain-text error page to the person (`reference/stack.md` 3.1).
_EMPTY = '<?xml version="1.0" encoding="UTF-8"?><Response/>'


@blueprint.post("/inbound")
def inbound() -> Response:
    """One text. 200 once the turn is committed; 403, 400; 503 when nothing was kept and the carrier must try again."""
    return _refused() or _take(last_try=False)


@blueprint.post("/fallback")
def fallback() -> Response:
    """A text that the first address did not take, with the carrier's reason for coming here."""
    refusal = _refused()
    if refusal:
        return refusal
    code = request.form.get("ErrorCode", "")[:10]
    metrics.fallbacks.count(code)
    log.event("fallback_used", level="warning", code=code)
    return _take(last_try=True)


def _take(*, last_try: bool) -> Response:
    form = request.form
    sid, sender = form.get("MessageSid", ""), form.get("From", "").strip()
    if not (sid and sender) or len(sid) > 40 or len(sender) > 40:
        return _refuse("malformed", 400)
    media = _count(form.get("NumMedia", "0"))
    text = InboundText(
        provider_sid=sid,
        sender=sender,
        body=form.get("Body", ""),
        media=media,
        opt_out=form.get("OptOutType", "").upper(),
        media_kinds=_kinds(form, media),
        to=form.get("To", "").strip(),
    )
    line = services()
    try:
        outcome = receive(line.database, line, text)
    except SQLAlchemyError as error:
        return _not_kept(error)
    except Exception as error:
        if not last_try:
            return _not_kept(error)
        log.event("turn_failed", level="error", error=error)
        outcome = receive(line.database, line, text, unread=True)
    metrics.inbound.count(outcome.value)
    if outcome is not Outcome.DUPLICATE:
        metrics.turns.count()
    return Response(_EMPTY, 200, mimetype="text/xml")


def _not_kept(error: Exception) -> Response:
    metrics.inbound.count("failed")
    log.event("inbound_not_kept", level="error", error=error)
    return Response(_EMPTY, 503, mimetype="text/xml")


def _count(raw: str) -> int:
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 3 else 0


_KINDS = {"image": "picture", "audio": "voice", "video": "video"}
_CONTACTS = ("text/vcard", "text/x-vcard", "text/directory")


def _kinds(form: Mapping[str, str], media: int) -> tuple[str, ...]:
    """What came with the text, as an advocate would name it. Where it lies is not even read: nothing fetches it."""
    types = [form.get(f"MediaContentType{n}", "").lower() for n in range(min(media, 10))]
    named = ["contact" if t.startswith(_CONTACTS) else _KINDS.get(t.partition("/")[0], "file") for t in types]
    return tuple(dict.fromkeys(named))


@blueprint.post("/status")
def status() -> Response:
    """One delivery receipt. 204 whether it was news or not: the carrier has done its part."""
    refusal = _refused()
    if refusal:
        return refusal
    form = request.form
    line = services()
    done = receipt(
        line.database,
        line,
        message_id=request.args.get("m", "")[:40],
        provider_sid=form.get("MessageSid", "")[:40],
        status=form.get("MessageStatus", ""),
        error_code=form.get("ErrorCode", "")[:10],
    )
    metrics.receipts.count(done)
    return Response(status=204)


def _refused() -> Response | None:
    """Signature first, before anything in the body is trusted."""
    environ, form = request.environ, request.form
    header = environ.get("HTTP_X_TWILIO_SIGNATURE")
    if header is None:
        return _refuse("unsigned", 403)
    raw = environ.get("RAW_URI") or environ.get("REQUEST_URI") or request.full_path
    path, _, query = raw.partition("?")
    check: SignatureCheck = services().signature
    if not check.accepts(path, query, form, header, form.get("AccountSid")):
        return _refuse("signature", 403)
    return None


def _refuse(reason: str, status_code: int) -> Response:
    metrics.refused_webhooks.count(reason)
    log.event("webhook_refused", level="warning", reason=reason, http_status=status_code)
    return Response(_EMPTY, status_code, mimetype="text/xml")
