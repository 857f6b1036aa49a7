"""How many campaign texts may be released now, and why? Only what advocates and openings can serve.

Back-pressure, limited by openings, by the ends of shifts and by what texts in flight may still bring (`campaigns.md`
5.1). Each part stands because leaving it out does worse in bench/outreach_months.py. It fails closed: what is not known
to be good counts as bad (R-N10).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.rules.forecast import HORIZON, NOTHING_KNOWN, Coming, bounds

PER_MINUTE = 4
WANT_A_PLACE = 0.4
"""Of those who come to an advocate. The others want to talk, or something that is not one of our openings."""
SPEND_MINUTES = 15
"""What may still be released is spread over so long, and counted anew every minute."""
PLACES_PER_ADVOCATE = 2
"""Conversations one advocate holds at a time (`domain.md` 3.8)."""
HANDLING_MINUTES = 20.0
"""What an advocate needs for a conversation, long and short ones together."""
USED = 0.8
"""Of advocates' time this much is promised to replies: the rest is a breath, a note, a colleague."""
STAGES = (20, 40, 80, 160)
STAGE_REST = timedelta(minutes=30)
"""After the first 20 the campaign rests, so that what they bring is seen before more go out; so it does when that
many have doubled, and doubled again."""
HEARTBEAT_AGE = timedelta(seconds=30)
HARM_AGE = timedelta(minutes=2)
LIST_AGE = timedelta(minutes=5)
"""The carrier's own list was last read through so lately: a STOP that never reached us is known by then."""
APPROVAL_DAYS = 30
"""People change numbers, and advert data is not kept longer (`domain.md` E5): an older yes is no yes."""
SHIFT_TAIL_MINUTES = 30.0
"""Nothing is released so shortly before an advocate's shift ends on their account: replies would not find them."""
NEED_WORDS = {"bed": "a place to stay", "advocacy": "somebody to talk to", "health": "a doctor", "legal": "legal help",
              "basics": "food, cash or a ride"}  # fmt: skip
"""What the screen asks for (Q2), in words."""
MOST_UNMET = 5
"""Deeds promised to people and overdue: with more of them undone, nobody new is invited."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Advocates on shift, and what already comes their way. `minutes_left` is each one's time until their shift ends;
    `busy` are the hand-offs they own; `coming` is what the texts in flight may bring them."""

    minutes_left: tuple[float, ...] = ()
    busy: int = 0
    coming: tuple[Coming, ...] = ()

    @property
    def places(self) -> int:
        """Of those who stay long enough to count."""
        return PLACES_PER_ADVOCATE * sum(1 for left in self.minutes_left if left >= SHIFT_TAIL_MINUTES)

    @property
    def can_take(self) -> float:
        """People they can begin to serve within the forecast's horizon."""
        minutes = sum(min(left, HORIZON) for left in self.minutes_left if left >= SHIFT_TAIL_MINUTES)
        return USED * PLACES_PER_ADVOCATE * minutes / HANDLING_MINUTES - self.busy / 2


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands ready for the people of one area who speak one language. Counts are taken in the transaction that
    decides."""

    speakers: Desk
    """Advocates on shift who speak the language."""
    everyone: Desk
    """All advocates on shift: replies in other languages take their time too."""
    waiting: int
    """Hand-offs of tiers P0 to P2 that nobody has taken."""
    promised: int
    """People who were promised a human within minutes, and have none yet."""
    unmet: int
    """Deeds promised to people that are overdue."""
    openings: int
    """Free places, net of holds, that fit these people and whose count is fresh enough to be told: of what the list may
    ask for, the kind of which there is least."""
    coming: tuple[Coming, ...] = ()
    """What the texts in flight may bring to this area, in any language."""
    mine: Coming = NOTHING_KNOWN
    """What is believed of this list. Its texts in flight are in the desks, with everybody's."""
    need: str = ""
    """Which kind that is, where it is not simply a place to stay."""


@dataclass(frozen=True, slots=True)
class Speed:
    """Texts an hour that can be answered. `code` names what limits it; `why` and `more` say so, and what would raise
    it, in words."""

    per_hour: int
    code: str
    why: str
    more: str = ""


@dataclass(frozen=True, slots=True)
class Gates:
    """What must be right before anybody counts anything."""

    now: datetime
    state: str
    """campaigns.state."""
    approved_by_other: bool
    """Approved, by somebody who did not make the campaign."""
    approved_at: datetime | None
    reviewed: bool
    """Every language of the opener is signed off, or unreviewed texts are allowed here."""
    stopped: bool
    """The kill switch is on."""
    heartbeat_at: datetime | None
    """The clock's last sign of life before this moment; None if it never gave one."""
    list_read_at: datetime | None
    """When the carrier's own list was last read up to the present: what it knows of STOP, we know since then."""
    harm_looked_at: datetime | None
    """When signs of harm were last looked for."""
    harm_code: str = ""
    """Why it stopped by itself, if it did and nobody has resumed it; and in words."""
    harm: str = ""
    follow_ups: bool = False
    """Gentle follow-ups may still come: it is not over when nobody is left to text today."""


@dataclass(frozen=True, slots=True)
class Queue:
    """Who waits to be texted, and who was just now."""

    ready: int = 0
    """Recipients whose local hours are open; more than can be sent in a minute are not counted."""
    waiting_for_hours: int = 0
    next_hours_at: datetime | None = None
    """When the first of those becomes ready."""
    unsent: int = 0
    """Campaign texts, of any campaign, that were released and have not left for the carrier in time."""
    last_minute: int = 0
    """Released in the last minute, of any campaign."""
    last_ten_here: int = 0
    """Released in the last ten minutes, of campaigns for this area."""
    last_hour_here: int = 0
    released: int = 0
    """Of this campaign, since it was launched, or resumed after it had stopped by itself."""
    last_released_at: datetime | None = None
    """Of this campaign."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One language of a list: who could answer, and who waits."""

    language: str
    cell: Cell
    queue: Queue


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything one decision for one campaign rests on; kept, so that it can be decided again. The lanes are empty
    when a gate is shut: nobody counted then."""

    gates: Gates
    lanes: tuple[Lane, ...] = ()


@dataclass(frozen=True, slots=True)
class Pace:
    """`n` texts may be released now. `code` names the gate that holds it, or is `sending` or `done`; `sentence` says
    it to a coordinator in words, and `more` what would raise it."""

    n: int
    code: str
    sentence: str
    more: str = ""
    per_hour: int = 0
    languages: tuple[str, ...] = ()
    """In which something may be released now."""


def decide(facts: Facts, place: str = "", zone: str = "UTC") -> Pace:
    """The campaign's pace: that of the language that may go now, or else of the first one that waits. `place` and
    `zone` are for the words alone."""
    shut = shut_gate(facts.gates)
    if shut is not None:
        return shut
    if not facts.lanes:
        if facts.gates.follow_ups:
            return Pace(0, "follow_up", "Nobody is left to text today. Who answered and fell silent may get one gentle "
                        "text, two weeks after the first.", "Nothing: they are left in peace until then.")  # fmt: skip
        return Pace(0, *_nobody_ready(Queue(), facts.gates.now))
    now = facts.gates.now
    paces = []
    for lane in facts.lanes:
        until = until_words(now, lane.cell.speakers.minutes_left, zone)
        found = release_now(speed(lane.cell, place, until), lane.queue, now)
        paces.append(replace(found, languages=(lane.language,) if found.n else ()))
    best = max(paces, key=lambda one: (one.n, one.per_hour, one.code != "done"))
    silent = [lane.language for lane, one in zip(facts.lanes, paces, strict=True) if one.code == "nobody_speaks"]
    if silent and best.code != "nobody_speaks":
        best = replace(best, sentence=f"{best.sentence} {_named(silent)} waits for an advocate who speaks it.")
    n = min(sum(one.n for one in paces), PER_MINUTE - facts.lanes[0].queue.last_minute)
    return replace(best, n=max(best.n, n), languages=tuple(one for each in paces for one in each.languages))


def shut_gate(gates: Gates) -> Pace | None:
    """The first shut gate holds; None when all are open."""
    held = _by_people(gates) or _by_signs_of_life(gates)
    return None if held is None else Pace(0, *held)


def speed(cell: Cell, place: str = "", until: str = "") -> Speed:
    """Texts an hour for this cell. `place` is the area's name and `until` when the last shift ends, for the words."""
    held = _nobody_there(cell) or _people_first(cell)
    if held is not None:
        return held
    if cell.openings <= 0:
        return Speed(0, "no_openings", f"no opening{_for(cell.need)} {_near(place)} is known to be free now",
                     "A fresh count from a provider, by text or in the directory.")  # fmt: skip
    for_desk, for_openings = _room_at_desk(cell), _room_in_openings(cell)
    per_hour = min(for_desk, for_openings, SPEND_MINUTES * PER_MINUTE) * 60 // SPEND_MINUTES
    openings = "1 opening" if cell.openings == 1 else f"{cell.openings} openings"
    why = f"{openings}{_for(cell.need)} {_near(place)}, {_advocates(cell.speakers)}{until}"
    if per_hour == 0:
        return _full(cell, why, by_openings=for_openings == 0)
    if per_hour == 60 * PER_MINUTE:
        return Speed(per_hour, "most", why, f"Nothing: {PER_MINUTE} a minute is the most we send.")
    if for_openings < for_desk:
        return Speed(per_hour, "openings", why, f"More free places{_for(cell.need)} {_near(place)}.")
    return Speed(per_hour, "advocates", why, "One more advocate on shift.")


def release_now(found: Speed, queue: Queue, now: datetime) -> Pace:
    """How much of the speed is left at this moment."""
    if found.per_hour == 0:
        return Pace(0, found.code, f"Not sending: {found.why}.", found.more)
    if queue.ready == 0:
        return Pace(0, *_nobody_ready(queue, now))
    rest_until = _stage_rest(queue)
    if rest_until is not None and rest_until > now:
        return Pace(0, "canary", f"Resting after the first {queue.released} texts, to see what they bring: more in "
                    f"{_minutes(rest_until - now)}.", "Nothing: each rest is half an hour.")  # fmt: skip
    if queue.unsent:
        held = "1 text has" if queue.unsent == 1 else f"{queue.unsent} texts have"
        return Pace(0, "minute", f"Not sending: {held} not left for the carrier yet.",
                    "The worker and the carrier: doctor says what is wrong.")  # fmt: skip
    n = max(0, min(left_now(found.per_hour, queue), queue.ready, _stage_left(queue.released)))
    sentence = f"{found.per_hour} an hour: {found.why}."
    return Pace(n, "sending" if n else "minute", sentence, found.more, found.per_hour)


def left_now(per_hour: int, queue: Queue) -> int:
    """Spread over the hour: what a minute, ten minutes and the hour still have room for."""
    minute = max(1, per_hour // 60) - queue.last_minute
    ten = max(1, -(-per_hour // 6)) - queue.last_ten_here
    return min(minute, ten, per_hour - queue.last_hour_here)


def until_words(now: datetime, minutes_left: tuple[float, ...], zone: str) -> str:
    """" until 6:00 pm", when the last of these shifts ends; nothing when there is none, or one cannot be named."""
    if not minutes_left:
        return ""
    at = (now + timedelta(minutes=max(minutes_left))).astimezone(ZoneInfo(zone))
    hour = f"{at.hour % 12 or 12}:{at.minute:02d}" if at.minute else f"{at.hour % 12 or 12}"
    day = "" if at.date() == now.astimezone(ZoneInfo(zone)).date() else " tomorrow"
    return f" until {hour} {'am' if at.hour < 12 else 'pm'}{day}"


def _by_people(gates: Gates) -> tuple[str, str, str] | None:
    if gates.harm_code:
        return gates.harm_code, f"Stopped by itself: {gates.harm}", "Look at what was answered. A person resumes it."
    if gates.state != "running":
        words = {
            "draft": ("Not sending: a second person has not approved it yet.", "Approval by a second person."),
            "approved": ("Not sending: approved, and waiting to be launched.", "Somebody launches it."),
            "paused": ("Not sending: paused. It stays paused until a person resumes it.", "Somebody resumes it."),
            "done": ("Done: nobody on this list is left to text.", ""),
        }
        return gates.state, *words.get(gates.state, ("Not sending.", ""))
    if not gates.approved_by_other or gates.approved_at is None:
        return "approval", "Not sending: a second person has not approved it.", "Approval by a second person."
    age = (gates.now - gates.approved_at).days
    if age > APPROVAL_DAYS:
        return ("approval_old", f"Not sending: it was approved {age} days ago, and a list counts for {APPROVAL_DAYS}.",
                "A second person approves it again.")  # fmt: skip
    if gates.stopped:
        return "kill_switch", "Not sending: all campaigns are stopped.", "An approver lets campaigns go on."
    if not gates.reviewed:
        return ("unreviewed", "Not sending: this wording is not signed off in every language of the list.",
                "Its sign-off.")  # fmt: skip
    return None


def _named(languages: list[str]) -> str:
    names = {"en": "English", "es": "Spanish"}
    return " and ".join(names.get(one, one) for one in languages)


def _by_signs_of_life(gates: Gates) -> tuple[str, str, str] | None:
    doctor = "doctor says what is wrong."
    if gates.heartbeat_at is None or gates.now - gates.heartbeat_at > HEARTBEAT_AGE:
        return ("clock", "Not sending: the clock gives no sign of life, so nothing could be taken back in time.",
                f"The clock: {doctor}")  # fmt: skip
    if gates.harm_looked_at is None or gates.now - gates.harm_looked_at > HARM_AGE:
        return ("harm_watch", "Not sending: nothing has looked for signs of harm in the last minutes.",
                f"The clock: {doctor}")  # fmt: skip
    if gates.list_read_at is None or gates.now - gates.list_read_at > LIST_AGE:
        since = "" if gates.list_read_at is None else f" for {_minutes(gates.now - gates.list_read_at)}"
        return ("carrier_list", f"Not sending: the carrier's own list was not read{since}, so a STOP may have been "
                "missed.", f"The carrier: {doctor}")  # fmt: skip
    return None


def _nobody_there(cell: Cell) -> Speed | None:
    if not cell.everyone.minutes_left:
        return Speed(0, "nobody_on_shift", "no advocate is on shift to answer the replies", "An advocate on shift.")
    if not cell.speakers.minutes_left:
        return Speed(0, "nobody_speaks", "no advocate on shift speaks the language", "An advocate who speaks it.")
    if cell.speakers.places == 0:
        return Speed(0, "shift_ends", f"the last shift ends within {SHIFT_TAIL_MINUTES:.0f} minutes, and replies would "
                     "find nobody", "A shift that lasts longer.")  # fmt: skip
    return None


def _people_first(cell: Cell) -> Speed | None:
    if cell.waiting > 0:
        return Speed(0, "people_waiting", f"{_people(cell.waiting)} for an advocate already", "Taking those who wait.")
    if cell.promised > 0:
        return Speed(0, "promised", f"{_people(cell.promised)} for an answer promised within minutes",
                     "Writing to those who were promised it.")  # fmt: skip
    if cell.unmet > MOST_UNMET:
        return Speed(0, "unmet", f"{cell.unmet} things promised to people are overdue", "Doing those first.")
    for desk in (cell.speakers, cell.everyone):
        if desk.busy * 2 > desk.places:
            return Speed(0, "busy", f"{desk.busy} of {desk.places} places with advocates are taken, more than half",
                         "One more advocate on shift, or conversations that end.")  # fmt: skip
    return None


def _full(cell: Cell, why: str, *, by_openings: bool) -> Speed:
    low, high = bounds(cell.coming if by_openings else cell.everyone.coming)
    in_flight = f"the texts in flight may bring {_range(low, high)} in the next {HORIZON:.0f} minutes, for {why}"
    more = "More free places, or" if by_openings else "One more advocate on shift, or"
    return Speed(0, "in_flight", in_flight, f"{more} waiting until the answers have come.")


def _room_at_desk(cell: Cell) -> int:
    """Texts that may go now: in 95 of 100 cases advocates can serve what they and those in flight bring."""
    return min(_texts(cell.mine, desk.coming, desk.can_take) for desk in (cell.speakers, cell.everyone))


def _room_in_openings(cell: Cell) -> int:
    """The same of the places that people will want."""
    return _texts(cell.mine, cell.coming, cell.openings / WANT_A_PLACE)


def _texts(mine: Coming, in_flight: tuple[Coming, ...], most: float) -> int:
    """The largest number of texts with which no more people than this come; more than is ever sent is not asked."""
    low, high = 0, SPEND_MINUTES * PER_MINUTE
    while low < high:
        middle = (low + high + 1) // 2
        if bounds((*in_flight, replace(mine, weight=middle * mine.each)))[1] <= most:
            low = middle
        else:
            high = middle - 1
    return low


def _nobody_ready(queue: Queue, now: datetime) -> tuple[str, str, str]:
    if queue.waiting_for_hours == 0:
        return "done", "Done: nobody on this list is left to text.", ""
    soon = "" if queue.next_hours_at is None else f" The first opens in {_minutes(queue.next_hours_at - now)}."
    verb = "number is" if queue.waiting_for_hours == 1 else "numbers are"
    return "hours", f"Not sending: {queue.waiting_for_hours} {verb} outside local hours.{soon}", "Waiting for the hour."


def _stage_left(released: int) -> int:
    return next((stage - released for stage in STAGES if released < stage), PER_MINUTE)


def _stage_rest(queue: Queue) -> datetime | None:
    if queue.released not in STAGES or queue.last_released_at is None:
        return None
    return queue.last_released_at + STAGE_REST


def _near(place: str) -> str:
    return f"near {place.removesuffix(' area')}" if place else "anywhere"


def _for(need: str) -> str:
    return f" for {NEED_WORDS.get(need, need)}" if need else ""


def _advocates(desk: Desk) -> str:
    n = len(desk.minutes_left)
    return "1 advocate" if n == 1 else f"{n} advocates"


def _range(fewest: float, most: float) -> str:
    low, high = int(fewest), -int(-most // 1)
    return f"{low} to {high} people" if low != high else _plain(high)


def _plain(n: int) -> str:
    return "1 person" if n == 1 else f"{n} people"


def _people(n: int) -> str:
    return "1 person waits" if n == 1 else f"{n} people wait"


def _minutes(span: timedelta) -> str:
    minutes = max(1, -(-int(span.total_seconds()) // 60))
    if minutes < 90:
        return "1 minute" if minutes == 1 else f"{minutes} minutes"
    return f"{minutes // 60} h {minutes % 60:02d} min"
