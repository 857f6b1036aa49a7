"""What does each of the carrier's error codes mean, what do we do about it, and how is it said to staff? One table.

Sources: `campaigns.md`, error-code policy, and `stack.md` 3.5. A code that is not here is one nobody has words for: the
text has failed, and a person looks. The same table serves answers to a call (nothing was created) and receipts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from bot.rules.phrases import phrase


class Reaction(Enum):
    """What is done, each in usecases/react.py."""

    WITHDRAW = "withdraw"  # consent is withdrawn, as by STOP
    SUPPRESS = "suppress"  # nothing more is sent to this number; what they send us lifts it
    LANDLINE = "landline"  # learned of the number, and suppressed
    UNREACHABLE = "unreachable"
    REASSIGNED = "reassigned"  # the number is given up: the next owner never agreed to anything
    RETRY = "retry"  # a campaign text or notice: once more, after a day
    OTHER_SENDER = "other_sender"  # at once by another number of ours, if there is one
    REST = "rest"  # this sender waits before its next text
    REST_DAY = "rest_day"  # until its daily cap begins anew
    PAUSE = "pause"  # the campaign is paused; a person resumes it
    PAUSE_ALL = "pause_all"  # every running campaign is
    WATCH = "watch"  # the campaign is paused when too many of its texts end so
    ALERT = "alert"  # an operator is told: log, metric and `doctor`
    REPLAN = "replan"  # it did not reach the person, and does not count as a contact


@dataclass(frozen=True, slots=True)
class Policy:
    """`words` are said to staff where the text failed; `fix` to an operator, by `doctor`."""

    words: str
    reactions: frozenset[Reaction] = frozenset()
    rest_s: int = 0
    fix: str = ""


R = Reaction


def _policy(words: str, *reactions: Reaction, rest_s: int = 0, fix: str = "") -> Policy:
    return Policy(words, frozenset(reactions), rest_s, fix)


_NOT_A_MOBILE = phrase("This number cannot get texts: it may be a landline.")  # fmt: skip
_BUSY = phrase("Our number's queue at the carrier was full.")
_FAST = phrase("We sent faster than the carrier allows.")
_CAP = phrase("Our daily limit at one network is used up.")
_UNREGISTERED = phrase("Our number is not registered to send.")
_ACCOUNT = phrase("The carrier has stopped our account.")
_NO_WAY = phrase("Our number cannot reach this one.")
_OWN = phrase("Something in our own settings is wrong; an operator is told.")
_OURS = phrase("Our text could not be sent as it was written.")
_OFF = phrase("The phone was off or out of reach.")
_LATER = phrase("The network had a fault of its own.")
_CONSENT = phrase("The carrier asks for proof that people agreed to be texted.")
_QUIET = phrase("The carrier held it back for quiet hours.")

POLICIES: Mapping[str, Policy] = {
    # Who we are to the carrier
    "20003": _policy(_OWN, R.ALERT, R.PAUSE_ALL, fix="The carrier refuses our credentials: check TWILIO_ACCOUNT_SID "
                     "and TWILIO_AUTH_TOKEN. Texts that failed meanwhile stand at the desk."),
    "30002": _policy(_ACCOUNT, R.ALERT, R.PAUSE_ALL, fix="The account is suspended: talk to the carrier."),
    "30037": _policy(_ACCOUNT, R.ALERT, R.PAUSE_ALL, fix="Sending is switched off for the account: talk to the "
                     "carrier."),
    "30032": _policy(_UNREGISTERED, R.ALERT, R.PAUSE_ALL, R.OTHER_SENDER, fix="A toll-free number is not verified: "
                     "finish its verification, or take it out of TWILIO_FROM."),
    "30034": _policy(_UNREGISTERED, R.ALERT, R.PAUSE_ALL, R.OTHER_SENDER, fix="A number is not in a registered 10DLC "
                     "campaign: register it, or take it out of TWILIO_FROM."),
    "21212": _policy(_OWN, R.ALERT, R.OTHER_SENDER, fix="A number in TWILIO_FROM is not valid."),
    "21603": _policy(_OWN, R.ALERT, fix="No sender was given: set TWILIO_FROM."),
    "21606": _policy(_NO_WAY, R.ALERT, R.OTHER_SENDER, fix="A number in TWILIO_FROM is not ours or cannot send "
                     "texts: check it in the carrier's console."),
    "21609": _policy(_OWN, R.ALERT, fix="The carrier does not accept our address for receipts: check PUBLIC_URL."),
    "21408": _policy(_NO_WAY, R.ALERT, R.PAUSE, fix="Texting to a region is not switched on: do so in the carrier's "
                     "console, under geographic permissions."),
    # What the carrier will not have said
    "30007": _policy(phrase("It was filtered as unwanted by the carrier."),
                     R.WATCH, R.ALERT, fix="Texts are filtered: have a person look at the words of the campaign "
                     "before it goes on."),
    "30555": _policy(_CONSENT, R.PAUSE_ALL, R.ALERT, fix="The carrier sees no documented consent: open a consent "
                     "review with it."),
    "30831": _policy(_CONSENT, R.PAUSE_ALL, R.ALERT, fix="The carrier sees no documented consent: open a consent "
                     "review with it."),
    "14107": _policy(phrase("Too many replies in a short time: a machine may be answering us."), R.ALERT,
                     fix="The loop breaker was reached with one number: see whether a machine answers us."),
    "21605": _policy(_OURS), "21617": _policy(_OURS), "21619": _policy(_OURS),
    # The person and their number
    "21610": _policy(phrase("They asked the carrier for no more texts from us."), R.WITHDRAW),
    "21604": _policy(_OURS),
    "21211": _policy(phrase("This is not a number that can get texts."),
                     R.UNREACHABLE),
    "21614": _policy(_NOT_A_MOBILE, R.LANDLINE),
    "21612": _policy(_NO_WAY, R.OTHER_SENDER),
    "30003": _policy(_OFF, R.RETRY),
    "30004": _policy(phrase("Their phone or network blocks our texts."),
                     R.SUPPRESS),
    "30005": _policy(phrase("This number is not in use any more; its next owner is somebody else."), R.REASSIGNED),
    "30006": _policy(_NOT_A_MOBILE, R.LANDLINE),
    "30640": _policy(phrase("The carrier forbids texts to this number."),
                     R.SUPPRESS),
    # Rates and queues
    "20009": _policy(phrase("The carrier was still at work on it.")),
    "20429": _policy(_FAST, R.REST),
    "21611": _policy(_BUSY, R.REST, R.PAUSE, R.ALERT, rest_s=600, fix="The queue of a sender is ten hours long: its "
                     "rate in SENDER_RATES is higher than the carrier's."),
    "30001": _policy(_BUSY, R.REST, R.PAUSE, R.ALERT, rest_s=600, fix="The queue of a sender overflowed: its rate in "
                     "SENDER_RATES is higher than the carrier's."),
    "30022": _policy(_FAST, R.REST, R.ALERT, R.RETRY, rest_s=60, fix="A sender is faster than its registration "
                     "allows: lower its rate in SENDER_RATES."),
    "30454": _policy(_FAST, R.REST, R.ALERT, R.RETRY, rest_s=60, fix="The account is faster than it may be: lower "
                     "the rates in SENDER_RATES."),
    "30023": _policy(_CAP, R.REST_DAY, R.ALERT, R.RETRY, fix="The daily cap at one network is reached: campaigns "
                     "rest until midnight Pacific; give the cap in SENDER_RATES."),
    "30026": _policy(_CAP, R.ALERT, fix="The daily cap at one network is nearly reached."),
    "30027": _policy(_CAP, R.REST_DAY, R.ALERT, R.RETRY, fix="The daily cap at one network is reached: campaigns "
                     "rest until midnight Pacific; give the cap in SENDER_RATES."),
    # On the way
    "30008": _policy(phrase("The network did not say why."), R.RETRY),
    "30017": _policy(_LATER, R.RETRY), "30410": _policy(_LATER, R.RETRY), "30450": _policy(_LATER, R.RETRY),
    "30453": _policy(_OFF, R.RETRY), "30485": _policy(_LATER, R.RETRY), "30500": _policy(_LATER, R.RETRY),
    "30036": _policy(phrase("Its time ran out in the carrier's queue."),
                     R.REPLAN),
    "30610": _policy(_QUIET, R.REPLAN), "30047": _policy(_QUIET, R.REPLAN),
    # Ours, where the carrier said nothing
    "unreachable": _policy(phrase("The carrier could not be reached."), R.REST,
                           R.ALERT, rest_s=5, fix="The carrier cannot be reached: check the network and "
                           "TWILIO_API_BASE."),
    "never_taken": _policy(phrase("The carrier never took it, though we tried more than once."), R.ALERT,
                           fix="The carrier often does not answer: see its status page."),
    "passed_by": _policy(phrase("It never left, and what was said later went ahead of it.")),
    "clock_stopped": _policy(phrase("The clock stood still."), R.ALERT,
                             fix="The clock stood still: alarms were late. Start `python worker.py clock`, and two."),
    "nobody_called": _policy(phrase("Nobody could be called."), R.ALERT,
                             fix="An alarm went beyond the shift and reached nobody: `desk on-call`, `desk channel`."),
    "canary_failed": _policy(phrase("Nobody answered the canary."), R.ALERT,
                             fix="Nobody answered the canary's call: `desk status` says how far it came."),
    "stays_unknown": _policy(phrase("Nobody can tell whether it arrived."), R.ALERT,
                             fix="The fate of some texts cannot be told: see that receipts reach PUBLIC_URL."),
}  # fmt: skip

UNKNOWN_CODE = _policy(
    phrase("The carrier gave a reason we have no words for."), R.ALERT,
    fix="The carrier gave a code that stands in no table of ours: look it up, and add it.",
)  # fmt: skip

FILTERED_MOST, FILTERED_FEWEST = 0.02, 3
"""A campaign rests when more than this share of its texts is filtered; one or two are no share of anything yet."""


def policy_of(code: str) -> Policy:
    """What stands in the table, or what is said of a code nobody has met."""
    return POLICIES.get(code, UNKNOWN_CODE)


def too_many_filtered(filtered: int, handed_over: int) -> bool:
    return filtered >= FILTERED_FEWEST and filtered > FILTERED_MOST * handed_over
