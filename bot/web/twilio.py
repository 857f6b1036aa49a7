"""The carrier's door: is it the carrier, is it whole, and then the one use case. Answers are never in the TwiML."""

from __future__ import annotations

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
    form = request.form
    refusal = _refused()
    if refusal:
        return refusal
    sid, sender = form.get("MessageSid", ""), form.get("From", "").strip()
    if not (sid and sender) or len(sid) > 40 or len(sender) > 40:
        return _refuse("malformed", 400)
    media = form.get("NumMedia", "0")
    text = InboundText(
        provider_sid=sid,
        sender=sender,
        body=form.get("Body", ""),
        media=int(media) if media.isascii() and media.isdigit() and len(media) < 3 else 0,
        opt_out=form.get("OptOutType", ""),
    )
    line = services()
    try:
        outcome = receive(line.database, line, text)
    except SQLAlchemyError as error:
        metrics.inbound.count("failed")
        log.event("inbound_not_kept", level="error", error=error)
        return Response(_EMPTY, 503, mimetype="text/xml")
    metrics.inbound.count(outcome.value)
    if outcome is not Outcome.DUPLICATE:
        metrics.turns.count()
    return Response(_EMPTY, 200, mimetype="text/xml")


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
    header = request.headers.get("X-Twilio-Signature")
    if header is None:
        return _refuse("unsigned", 403)
    environ = request.environ
    path = environ.get("RAW_URI", environ.get("REQUEST_URI", request.full_path))
    check: SignatureCheck = services().signature
    if not check.accepts(*_path_and_query(path), request.form, header, request.form.get("AccountSid")):
        return _refuse("signature", 403)
    return None


def _path_and_query(raw: str) -> tuple[str, str]:
    path, _, query = raw.partition("?")
    return path, query


def _refuse(reason: str, status_code: int) -> Response:
    metrics.refused_webhooks.count(reason)
    log.event("webhook_refused", level="warning", reason=reason, http_status=status_code)
    return Response(_EMPTY, status_code, mimetype="text/xml")
