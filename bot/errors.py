"""Which failures are ours to name? One small tree; expected refusals are return values, not these."""

from __future__ import annotations


class QuietlineError(Exception):
    """Base of every error this project raises on purpose."""


class SettingsError(QuietlineError):
    """A setting is missing or wrong; the message is one line that names it."""


class SendError(QuietlineError):
    """The carrier refused, or did not answer. The words are fit for staff and hold nothing of a person.

    `fate` is `refused` (nothing left), `later` (nothing left and it is safe to try again after `retry_after_s`)
    or `unknown` (it may have left: look it up at the carrier before anything else).
    """

    def __init__(self, code: int | str, fate: str, staff_text: str, retry_after_s: float | None = None) -> None:
        super().__init__(f"{code}: {staff_text}")
        self.code = str(code)
        self.fate = fate
        self.staff_text = staff_text
        self.retry_after_s = retry_after_s


class PageFailed(QuietlineError):
    """A call to a colleague did not leave; the message is a code or a kind of fault, never an address."""


class PageGone(PageFailed):
    """The address of this call is no more, and never will be again: whoever keeps it may forget it."""


class SealBroken(QuietlineError):
    """A sealed value does not open with any key in the ring, or was moved to another row."""
