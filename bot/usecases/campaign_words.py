"""What does a campaign say, in each language and wording, and may it be said? The words are those of flows/copy."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.rules.phrases import phrase
from bot.rules.segments import count_segments, encoding, measure
from bot.rules.variants import MOST
from bot.rules.wording import PREVIEW_CHARACTERS, look
from bot.services import Services
from bot.store import campaigns
from bot.store.campaigns import FOLLOW_UP, KEYS, Campaign
from bot.store.db import Tx
from bot.usecases.refusal import Refused
from bot.usecases.signed_off import wording_at_the_gate
from flows.conversation import LANGUAGES
from flows.wording import Text

_FIRST_NAME = re.compile(r"(?!.{9})[^\W\d_]+([ '-][^\W\d_]+)*")
_AS_SENT = frozenset({"T-1", "T-2", "T-3", "T-4", "T-6", "E11"})
"""Rules of a text that depend on what fills it. How hard it is to read was judged when it was written."""


def keys_of(campaign: Campaign) -> tuple[str, ...]:
    """Everything it may say to somebody who has not answered, or not for long."""
    return (*campaign.keys, FOLLOW_UP) if campaign.follow_up else campaign.keys


def opener(services: Services, *, key: str, language: str, sender: str, area: str) -> str:
    """The words of a campaign's first text. A region's name ends in the English word "area", which no other language
    says: "Cerca de San Antonio"."""
    place = area if language == "en" else area.removesuffix(" area")
    fields = {"NAME": sender, "BRAND": services.settings.brand, "AREA": place}
    return services.script.wording.render(key, language, fields)


def first_line(text: str) -> str:
    """What a locked screen shows of it, whoever looks."""
    return text if len(text) <= PREVIEW_CHARACTERS else f"{text[:PREVIEW_CHARACTERS].rstrip()}\u2026"


def faults(key: str, language: str, text: str) -> list[str]:
    """What is wrong with these words as they would be sent: too long, outside the alphabet, betraying, no way out."""
    found = look(Text(key, language, text.replace("{", "(").replace("}", ")"), "")).findings
    return [one.detail for one in found if one.rule in _AS_SENT]


def is_reviewed(tx: Tx, services: Services, campaign: Campaign) -> bool:
    """Whether everything it says is signed off in every language of the list, or drafts may be said here."""
    if services.settings.allow_unreviewed_texts:
        return True
    wording = wording_at_the_gate(tx, services)
    unsigned = {one for one in LANGUAGES if not all(wording.is_reviewed(key, one) for key in keys_of(campaign))}
    return not unsigned or not unsigned & campaigns.languages(tx, campaign.campaign_id)


def unfit_words(services: Services, *, keys: Sequence[str], sender: str, area: str,
                follow_up: bool = False) -> Refused | None:  # fmt: skip
    """Why these words cannot be sent, if they cannot: one plain segment in each language, and nothing telling."""
    if not keys or not set(keys) <= set(KEYS) or len(set(keys)) < len(keys) or len(keys) > MOST:
        return Refused("Choose one of the first texts, or up to four to be tried side by side.")
    if not _FIRST_NAME.fullmatch(sender):
        return Refused("The sender is a staff first name or alias of at most 8 letters.")
    if strange := measure(sender).offenders:
        return Refused(
            phrase(
                "The sender's name must do without %(what)s: with it every text would cost two.", what=" ".join(strange)
            )
        )
    if "O2" in keys and not area:
        return Refused("This text names the area: choose one.")
    for key in (*keys, FOLLOW_UP) if follow_up else keys:
        for language in LANGUAGES:
            text = opener(services, key=key, language=language, sender=sender, area=area)
            if encoding(text) != "GSM-7" or count_segments(text) > 1:
                return Refused("With this name and area the text does not fit one message. Shorten it, or drop "
                               "accents.")  # fmt: skip
            if wrong := faults(key, language, text):
                return Refused(phrase("These words cannot be sent: %(wrong)s.", wrong=wrong[0]))
    return None
