"""How well is the corpus read? Recall and precision per class and language, wrong stops, wrong alarms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from flows.understanding import Intent, Reading
from tests.corpus.generate import Sample, samples
from tests.corpus.hearing import hear

CRISIS = ("danger", "suicide", "self_harm", "medical", "overdose", "minor")
"""The classes whose recall must be 0.99: a miss may cost a life."""
SUPPRESSED = frozenset({Intent.STOP, Intent.STOP_SILENT, Intent.WRONG_NUMBER})
ALARMS = ("danger", "suicide", "medical", "minor")
QUIET = (
    "ordinary", "answer", "place", "letter", "yes", "no", "none", "skip", "thanks", "lost", "start", "later", "other",
)  # fmt: skip
"""Classes in which nothing of crisis may fire."""

_URGENT = frozenset({Intent.SUICIDE, Intent.MEDICAL, Intent.DANGER})
_FLAGS = {
    "danger": {"danger"}, "suicide": {"suicide"}, "self_harm": {"suicide"}, "medical": {"medical"},
    "overdose": {"medical", "suicide"}, "minor": {"minor"}, "runaway": {"human"}, "human": {"human"},
    "help": {"human"}, "third_party": {"third_party"}, "control": {"control"}, "labour": {"labour"},
    "unsafe": {"unsafe"}, "service_harm": {"human"}, "means": {"human"},
}  # fmt: skip
_INTENTS = {
    "stop": {Intent.STOP}, "stop_silent": {Intent.STOP_SILENT}, "wrong_number": {Intent.WRONG_NUMBER},
    "start": {Intent.START}, "later": {Intent.LATER}, "skip": {Intent.SKIP},
    "none": {Intent.NO, Intent.SKIP}, "yes": {Intent.YES}, "no": {Intent.NO},
    "who": {Intent.WHO}, "bot": {Intent.BOT}, "police": {Intent.POLICE}, "cost": {Intent.COST},
    "where": {Intent.WHERE}, "erase": {Intent.ERASE}, "unshare": {Intent.UNSHARE}, "thanks": {Intent.THANKS},
    "hostile": {Intent.HOSTILE}, "lost": {Intent.LOST}, "immigration": {Intent.POLICE, Intent.DISCLOSURE},
    "help": {Intent.HELP, Intent.HUMAN}, "maybe_stop": {Intent.MAYBE_STOP}, "delete_what": {Intent.DELETE_WHAT},
}  # fmt: skip
_ALSO = {
    "stop_silent": {"unsafe"}, "grief": {"human", "suicide"}, "unsafe": {"human"}, "runaway": {"minor"},
    "means": {"suicide"}, "hostile": {"third_party"}, "wrong_number": {"third_party"}, "immigration": {"human"},
}  # fmt: skip


@dataclass(slots=True)
class Score:
    """What was counted over some texts. Keys are (class, language)."""

    seen: Counter[tuple[str, str]] = field(default_factory=Counter)
    right: Counter[tuple[str, str]] = field(default_factory=Counter)
    meant: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Flags (and stop) that fired where they should or may."""
    wrong: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Flags (and stop) that fired where they should not."""
    quiet: Counter[str] = field(default_factory=Counter)
    alarms: Counter[str] = field(default_factory=Counter)
    foreign: Counter[str] = field(default_factory=Counter)
    """Texts in a language of ours taken for another."""
    switched: Counter[str] = field(default_factory=Counter)
    """Texts in one of our languages taken for the other."""
    strays: list[tuple[str, Sample, Reading]] = field(default_factory=list)
    """What fired where it should not."""
    misses: list[tuple[Sample, Reading]] = field(default_factory=list)

    def recall(self, labels: Iterable[str], language: str | None = None) -> float:
        """The share of the texts of these classes that was read as meant."""
        keys = [key for key in self.seen if key[0] in labels and language in (None, key[1])]
        return sum(self.right[key] for key in keys) / (sum(self.seen[key] for key in keys) or 1)

    def precision(self, flag: str, language: str) -> float:
        """Of the times a flag fired, the share where it was meant or may be."""
        fired = self.meant[flag, language] + self.wrong[flag, language]
        return self.meant[flag, language] / fired if fired else 1.0

    def alarm_rate(self, language: str) -> float:
        """The share of texts without any crisis in them in which a crisis fired."""
        return self.alarms[language] / (self.quiet[language] or 1)


def score(part: str) -> Score:
    """Read every text of one part of the corpus."""
    total = Score()
    for language in ("en", "es"):
        for sample in samples(part, language):
            _count(total, sample, hear(sample.family.asked, sample.text, language))
    return total


def _count(total: Score, sample: Sample, got: Reading) -> None:
    family = sample.family
    key = (family.label, family.language)
    total.seen[key] += 1
    if is_right(sample, got):
        total.right[key] += 1
    else:
        total.misses.append((sample, got))
    for flag in fired(got):
        if flag in _allowed(sample):
            total.meant[flag, family.language] += 1
        else:
            total.wrong[flag, family.language] += 1
            total.strays.append((flag, sample, got))
    if family.label in QUIET and not _minor_meant(sample):
        total.quiet[family.language] += 1
        total.alarms[family.language] += bool(set(ALARMS) & set(got.flags))
    if family.label != "other":
        total.foreign[family.language] += got.intent is Intent.OTHER_LANGUAGE
        total.switched[family.language] += got.language not in (None, family.language)


def fired(got: Reading) -> set[str]:
    """The flags of a reading, and `stop` when it ends the texts."""
    return {*got.flags, *({"stop"} if got.intent in SUPPRESSED else ())}


def _minor_meant(sample: Sample) -> bool:
    return isinstance(sample.family.wanted, dict) and sample.family.wanted.get("age") == "under18"


def _allowed(sample: Sample) -> set[str]:
    family = sample.family
    allowed = {*family.may, *_FLAGS.get(family.label, ()), *_ALSO.get(family.label, ())}
    if family.label in ("stop", "stop_silent", "wrong_number"):
        allowed.add("stop")
    if family.label in CRISIS or family.label == "maybe_trap":
        allowed |= {"danger", "suicide", "medical", "minor", "human", "control", "labour", "unsafe"}
    if family.label in ("grief", "service_harm", "runaway"):
        allowed.add("human")
    if _minor_meant(sample):
        allowed.add("minor")
    return allowed


def is_right(sample: Sample, got: Reading) -> bool:
    """Was the text read as its family says?"""
    family = sample.family
    match family.label:
        case "danger" | "suicide" | "self_harm" | "medical" | "overdose":
            return _FLAGS[family.label] <= set(got.flags) and got.intent in _URGENT
        case "ordinary":
            return not got.flags and got.intent not in SUPPRESSED | {Intent.OTHER_LANGUAGE}
        case "maybe_trap":
            return got.intent not in SUPPRESSED
        case "answer":
            return dict(got.answers) == family.wanted
        case "place":
            area = got.answers.get("area")
            return isinstance(area, dict) and area.get("place") == family.wanted
        case "letter":
            return got.option == family.wanted
        case "grief":
            return bool({"human", "suicide"} & set(got.flags))
        case "language_es" | "language_en":
            return got.intent is Intent.LANGUAGE and got.language == family.label[-2:]
        case "other":
            return got.other_language == family.wanted
        case label:
            return _FLAGS.get(label, set()) <= set(got.flags) and (
                label not in _INTENTS or got.intent in _INTENTS[label] or (got.intent in _URGENT and label != "stop")
            )
