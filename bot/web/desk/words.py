"""What do our codes mean in plain words? For staff pages; nothing here is ever texted to anyone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.rules.carrier_errors import policy_of
from bot.rules.phrases import counted, listed, phrase, phrases

REASONS = phrases(
    {
        "danger": "Said they are in danger now",
        "suicide": "Wrote of suicide or of hurting themselves",
        "medical": "Wrote of something that may need a doctor at once",
        "minor": "Said they are under 18",
        "human": "Asked for a person",
        "help": "Sent HELP",
        "unclear": "The bot did not understand, twice",
        "language": "Writes in a language the bot does not have",
        "share": "Wants a place, and agreed that we ask for it",
        "share_no": "Wants a place, and does not want anything shared",
        "short_time": "Has very little time",
        "no_match": "No open place fits; somebody has to look",
        "again": "Wrote again while waiting",
        "disclosure": "Told something that a person should read",
        "third_party": "May be written by someone else: prices or bookings",
        "erase": "Asked that what they sent be erased",
        "hold_lapsed": "A held place ran out",
        "hold_declined": "A place said no",
        "opening_found": "A place that fits has opened: nothing did before",
        "duress": "Sent the word that means: not free to text",
        "changed": "Writes otherwise than before: may be someone else",
        "hello": "Wished for a hello, and something stood in its way",
        "hold_held": "A place said yes, while they wish for quiet",
        "promise_broken": "Something was promised, and nobody did it in time",
        "unsafe": "May not be safe to text",
        "hostile": "Wrote in anger",
        "who": "Asks who we are, again: may be someone else",
        "police": "Asks about the police, again: may be someone else",
        "stop_silent": "Wants no texts, because somebody may see them",
        "stopped": "Wants no more texts, and an advocate held them",
        "stopped_asks_help": "Wants no texts from us, and asks for help",
        "stopped_wrote": "Wants no texts from us, and wrote again",
        "hold_call": "A place asks for a call about a hold",
        "unread": "Came in, but the bot could not read it",
        "unreviewed": "Was sent nothing: the words for it are not signed off",
        "wrote_again": "Wrote again after the end",
        "odd_sender": "Came from a sender that cannot be texted back",
        "text_failed": "A text to them did not arrive",
        "text_unknown": "Nobody can tell whether a text reached them",
        "reopened": "Opened again by an advocate",
        "holder_in_doubt": "A text was held back: somebody else may hold the phone",
        "transfer_late": "Was being brought together with a place, and nobody went on with it",
        "no_movement": "Was referred, and nothing has moved since",
    }
)
"""Every reason that a flow, the engine or a use case can give."""
OUTCOMES = phrases(
    {
        "safe_for_now": "Safe for now",
        "referred": "Referred",
        "held": "A place is held",
        "arrived": "Arrived at a place",
        "lost_contact": "Lost contact",
        "wrong_person": "Wrong person",
        "other": "Something else",
    }
)
HELLOS = phrases({1: "Yes, tomorrow", 7: "Yes, in a week", 30: "Yes, in a month", 90: "Yes, in three months"})
LANGUAGES = phrases({"en": "English", "es": "Spanish"})
KINDS = phrases(
    {
        "night_shelter": "night shelter",
        "emergency_house": "emergency house",
        "transitional": "transitional housing",
        "outpatient": "outpatient care",
    }
)
WINDOWS = phrases({"morning": "morning", "afternoon": "afternoon", "night": "night"})
NEAR = phrases("Near")
SLOTS = (
    ("urgency", phrase("How soon")),
    ("need", phrase("What would help")),
    ("area", phrase("Near")),
    ("age", phrase("Age")),
    ("household", phrase("Who would come")),
    ("places", phrase("Kind of place")),
    ("musts", phrase("Must have")),
)
HOLDS = {
    "asked": (phrase("Asked for"), "info"),
    "held": (phrase("Held for them"), "good"),
    "declined": (phrase("They said no"), "warn"),
    "expired": (phrase("Ran out"), "plain"),
    "withdrawn": (phrase("Taken back"), "plain"),
    "arrived": (phrase("Moved in"), "good"),
    "no_show": (phrase("Did not come"), "plain"),
}
"""How a hold stands, and how loud to say it (the kind of a badge)."""
WHY_NOT_HELD = phrases({"full": "full now", "fit": "not the right fit", "consent": "they no longer share",
                "staffing": "nobody to take them in", "safety": "not safe for them there", "paused": "paused now",
                "conditions": "not on their terms"})  # fmt: skip
UNITS = phrases({"women_bed": "bed for women", "men_bed": "bed for men", "family_unit": "family unit",
         "hotel_night": "hotel night"})  # fmt: skip
SKIPPED = "skipped"
LONG, MANY_LINES = 280, 4
"""Signs, and line ends, from which a text of theirs is folded."""
_VALUES = phrases(
    {
        "urgency": {"now": "Now: in danger", "tonight": "Tonight", "week": "This week", "looking": "Just looking"},
        "need": {
            "bed": "a place to stay",
            "advocacy": "someone to talk to",
            "health": "a doctor",
            "legal": "legal help",
            "basics": "food, cash or a ride",
            "other": "something else",
        },
        "age": {"under18": "Under 18", "18-24": "18 to 24", "25up": "25 or older"},
        "places": {"women": "women's", "men": "men's", "trans": "trans or nonbinary welcome", "any": "any"},
        "musts": {
            "phone": "keep their phone",
            "no_religion": "no religious rules",
            "lgbtq": "LGBTQ welcome",
            "wheelchair": "wheelchair access",
            "meds": "keep their medicine",
            "come_and_go": "come and go",
            "language": "their language spoken",
        },
    }
)
_AND = phrase(" and ")
_MEDIA = phrases({"picture": "picture", "voice": "voice", "video": "video", "contact": "contact", "file": "file"})
_COME_ALONG = phrases({"pregnant": "pregnant", "pet": "a pet", "adult": "another adult"})
_REFUSALS = phrases(
    {
        "held_by_advocate": "an advocate took over before it left",
        "stopped": "they asked for no more texts",
        "suppressed": "they asked for no more texts",
        "unreviewed": "these words are not signed off yet",
        "release_ended": "their consent to share had ended",
        "stale_epoch": "somebody else holds the conversation now",
        "taken_back": "it was taken back, and was not sent",
        "only_after_they_write": "they want to write first",
        "no_hours": "they chose no hour in which it could leave",
        "overtaken": "something about their safety came first",
        "stale": "it could not leave for an hour, and would answer nothing now",
        "holder_in_doubt": "somebody else may hold the phone",
        "no_such_phone": "the carrier says that this number cannot be texted",
    }
)


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of what a person told us. `known` is false when it was not asked or was skipped."""

    label: str
    text: str
    known: bool


def reason(code: str) -> str:
    return REASONS.get(code, plain(code))


def all_of(parts: Iterable[str]) -> str:
    """One and another."""
    return listed(parts, _AND)


def plain(code: str) -> str:
    """A code nobody gave words to yet, readable all the same."""
    return phrase(code.replace("_", " ").capitalize())


def facts(answers: Mapping[str, object]) -> list[Fact]:
    """Every question of the screen, answered or not: what was not said is as important as what was."""
    lines = []
    for slot, label in SLOTS:
        value = answers.get(slot)
        if value is None:
            lines.append(Fact(label, phrase("Not known"), known=False))
        elif value == SKIPPED:
            lines.append(Fact(label, phrase("Did not want to say"), known=False))
        else:
            lines.append(Fact(label, _value(slot, value), known=True))
    return lines


def _value(slot: str, value: object) -> str:
    match slot, value:
        case "area", Mapping():
            return _area(value)
        case "household", Mapping():
            return _household(value)
        case _, list() | tuple():
            return listed(_VALUES.get(slot, {}).get(str(v), plain(str(v)).lower()) for v in value).begun()
        case _:
            return _VALUES.get(slot, {}).get(str(value), plain(str(value)))


def _area(value: Mapping[str, object]) -> str:
    near = value.get("place") or (f"ZIP {value['zip3']}xx" if value.get("zip3") else "")
    far = phrase("wants to get far away") if value.get("far") else ""
    known = [part for part in (near, far) if part]
    return listed(known, "; ") if known else phrase("Not known")


def _household(value: Mapping[str, object]) -> str:
    parts = []
    if value.get("alone"):
        parts.append(phrase("just them"))
    if "kids" in value and value["kids"] is not False:
        kids = value["kids"]
        a_number = isinstance(kids, int) and not isinstance(kids, bool)
        parts.append(counted("%(n)s child", "%(n)s children", kids) if a_number else phrase("children"))
    parts += [text for name, text in _COME_ALONG.items() if value.get(name)]
    return listed(parts or [phrase("just them")]).begun()


def safe_hours(value: str | None) -> str:
    """When they said it is all right to text."""
    if value is None:
        return phrase("Not asked")
    if not value:
        return phrase("Only after they write")
    return listed(WINDOWS.get(window, window) for window in value.split(",")).capitalize()


def came_with(media: int, kinds: Sequence[str]) -> str:
    """How many things came with a text and of what kind; empty when none did. They are never shown or fetched."""
    if not media:
        return ""
    what = all_of(_MEDIA.get(kind, kind) for kind in kinds) if kinds else phrase("file, perhaps a picture")
    if media == 1:
        return phrase("(A %(what)s came with this. Not opened here.)", what=what)
    return phrase("(%(n)s files came with this: %(what)s. Not opened here.)", n=media, what=what)


def is_long(body: str) -> bool:
    """A text that is folded until somebody is ready to read it."""
    return len(body) > LONG or body.count("\n") >= MANY_LINES


def held_up(created_at: datetime, sent_at: datetime | None) -> str:
    """A text that reached us late, in words."""
    if sent_at is None or created_at - sent_at < timedelta(minutes=5):
        return ""
    return phrase("Written %(ago)s before it reached us", ago=ago(sent_at, created_at))


def delivery(status: str, why: str | None) -> tuple[str, str]:
    """What became of a text, in words, and how loud to say it (a CSS class)."""
    match status:
        case "queued":
            return phrase("Waiting to leave"), ""
        case "sending":
            return phrase("Leaving now"), ""
        case "unknown":
            return phrase("Not known if it left: we are asking the carrier"), "warn"
        case "sent":
            return phrase("Sent"), ""
        case "delivered":
            return phrase("Delivered"), ""
        case "refused":
            return phrase(
                "Held back: %(why)s", why=_REFUSALS.get(why or "") or plain(why or "not allowed").lower()
            ), "warn"
        case "undelivered" | "failed":
            return phrase("Did not arrive. %(why)s", why=policy_of(why).words) if why else phrase(
                "Did not arrive"
            ), "bad"
        case _:
            return "", ""


def ago(moment: datetime, now: datetime) -> str:
    """A span in the one unit that matters: 40 s, 12 min, 3 h, 2 days."""
    span = max(now - moment, timedelta(0))
    if span < timedelta(minutes=1):
        return phrase("less than a minute")
    if span < timedelta(hours=1):
        return phrase("%(n)s min", n=span // timedelta(minutes=1))
    if span < timedelta(days=2):
        hours, minutes = span // timedelta(hours=1), span % timedelta(hours=1) // timedelta(minutes=1)
        return phrase("%(h)s h %(min)s min", h=hours, min=minutes)
    return phrase("%(n)s days", n=span.days)
