"""What do the acts of the desk, and the reasons for them, mean in plain words? For staff pages; never texted."""

from __future__ import annotations

from bot.rules.phrases import phrases
from bot.rules.presence import Presence

STATES = phrases({
    "waiting": "Nobody holds this", "offered": "Nobody holds this, and somebody was asked",
    "owned": "In somebody's hands", "transferring": "Being given on", "parked": "Parked until an hour",
    "until_safe": "Kept open until they are safe", "wrap_up": "All said, to be written up", "closed": "Finished",
})  # fmt: skip
"""What an open page is told when it is of before."""
PULLS = phrases({
    "knows_them": "I know them", "language": "I speak their language", "asked_for_me": "They asked for me",
    "closest": "I am closest", "other": "Something else",
})  # fmt: skip
DECLINES = phrases({
    "full": "I have enough", "break": "I need a break", "language": "Not my language",
    "known_person": "I know them myself", "other": "Something else",
})  # fmt: skip
TAKE_OVERS = phrases({
    "cannot_be_reached": "Their advocate cannot be reached", "asked_me": "Their advocate asked me",
    "their_safety": "For the person's safety", "end_of_shift": "The shift ends", "language": "Their language",
    "other": "Something else",
})  # fmt: skip
WHY_NUMBER = phrases({
    "emergency_call": "For an emergency call", "they_asked_for_a_call": "They asked to be called",
    "carrier_asks": "The carrier asks", "legal_duty": "The law asks", "other": "Something else",
})  # fmt: skip
WHY_EARLIER = phrases({
    "their_safety": "For their safety", "they_spoke_of_it": "They spoke of it",
    "a_plan_goes_on": "A plan from then goes on", "other": "Something else",
})  # fmt: skip
PRESENCE = phrases({
    Presence.HERE: "here", Presence.RESTING: "resting", Presence.AWAY: "away from the page",
    Presence.UNPROVEN: "no alert heard yet", Presence.OFF: "off shift",
})  # fmt: skip
OFFERS = phrases({
    "next": "Nobody has them yet.",
    "transfer": "%(who)s wants to give them on to you, and keeps them until you say yes.",
    "rescue": "%(who)s has them and does not answer. They stay with %(who)s until you say yes.",
})  # fmt: skip
"""Why somebody is asked."""
TRIGGERS = phrases({
    "danger": "Danger now", "suicide": "Suicide or hurting themselves", "medical": "A doctor at once",
    "minor": "Under 18", "foreign_minor": "Under 18, from another country", "foreign_adult": "From another country",
    "missing_child": "A missing child", "labour": "Wages or labour", "le_report": "Wants to report to the police",
})  # fmt: skip
"""Who must be told, by what fires it: every trigger of bot/rules/protocols.py."""
TASK_OUTCOMES = phrases({
    "done": "Done", "told": "They were told", "not_needed": "Not needed", "refused": "They refused",
    "no_answer": "Nobody answered",
})  # fmt: skip
DOUBTS = phrases({
    "third_party": "Asked about prices or bookings, or asked twice who we are.",
    "unsafe": "Said, or showed, that somebody may be with them.",
    "who": "Asked who we are, more than once.",
    "police": "Asked about the police, more than once.",
    "duress": "Sent the word that means: not free to text.",
    "stop_silent": "Asked for no texts, because somebody may see them.",
})  # fmt: skip
"""Why somebody else may hold the phone, by flag or by reason."""
CHECKS = phrases({
    "them": "It is them", "not_them": "It is not them", "unsure": "I cannot tell",
})  # fmt: skip
CHECKED = phrases({"them": "thought it was them; something new was said since",
                   "not_them": "thinks that it is not them",
                   "unsure": "could not tell"})  # fmt: skip
WHEN = phrases({"": "Just now", "1": "An hour ago", "3": "Three hours ago", "8": "Earlier today", "24": "Yesterday",
        "48": "Two days ago", "72": "Three days ago"})  # fmt: skip
"""When an outcome came about, in hours before now."""
BESIDE = phrases({
    "offered": "somebody was asked", "transferring": "being given on", "parked": "parked until",
    "until_safe": "kept until safe", "wrap_up": "to be written up",
})  # fmt: skip
"""How a person stands, beside whose they are; being in somebody's hands goes without saying."""
