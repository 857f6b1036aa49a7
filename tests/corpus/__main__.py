"""`python -m tests.corpus`: how well are the texts of the corpus read, class by class, in both languages?"""

from __future__ import annotations

import argparse

from tests.corpus.generate import BLIND, PARTS
from tests.corpus.score import ALARMS, Score, score


def main() -> None:
    arguments = argparse.ArgumentParser(prog="python -m tests.corpus", description=__doc__)
    arguments.add_argument(
        "--misses",
        choices=[part for part in PARTS if part not in BLIND],
        help="list every misread text of a part, and the line that decided",
    )
    arguments.add_argument("--only", help="of one class")
    given = arguments.parse_args()
    for part in (given.misses,) if given.misses else PARTS:
        total = score(part)
        print(f"\n{part}: {sum(total.seen.values())} texts\n\n{table(total)}")
        if given.misses:
            print(misses(total, given.only))
            print(strays(total, given.only))


def table(total: Score) -> str:
    """The figures as people read them."""
    rows = ["| class | texts en | recall en | texts es | recall es |", "|---|---|---|---|---|"]
    for label in dict.fromkeys(label for label, _ in total.seen):
        cells = [f"{total.seen[label, code]} | {_share(total, label, code)}" for code in ("en", "es")]
        rows.append(f"| {label} | {' | '.join(cells)} |")
    rows += ["", "| fires | precision en | precision es |", "|---|---|---|"]
    for flag in dict.fromkeys((*ALARMS, "stop", *sorted({flag for flag, _ in (*total.meant, *total.wrong)}))):
        rows.append(f"| {flag} | {total.precision(flag, 'en'):.3f} | {total.precision(flag, 'es'):.3f} |")
    rows.append("")
    for code in ("en", "es"):
        texts = sum(count for (_, language), count in total.seen.items() if language == code)
        rows.append(
            f"{code}: crisis fires in {total.alarms[code]} of {total.quiet[code]} texts without one"
            f" ({total.alarm_rate(code):.4f}); taken for another language: {total.foreign[code]} of {texts};"
            f" for the other of ours: {total.switched[code]}"
        )
    return "\n".join(rows)


def misses(total: Score, only: str | None = None) -> str:
    """Every misread text: where its family stands, how it was read, and which line decided."""
    return "\n".join(
        f"{sample.family.language}:{sample.family.line} {sample.family.label} [{sample.family.asked}] {sample.dress:5} "
        f"{sample.text!r} -> {got.intent} {' '.join(got.flags)} {dict(got.answers) or ''} "
        f"{' '.join(cause.rule.removeprefix('lexicon/') for cause in got.causes[:2])}"
        for sample, got in total.misses
        if only in (None, sample.family.label)
    )


def strays(total: Score, only: str | None = None) -> str:
    """Every flag that fired where it should not have."""
    return "\n".join(
        f"{sample.family.language}:{sample.family.line} {sample.family.label} STRAY {flag} {sample.text!r} "
        f"{' '.join(cause.rule.removeprefix('lexicon/') for cause in got.causes[:3])}"
        for flag, sample, got in total.strays
        if only in (None, sample.family.label)
    )


def _share(total: Score, label: str, code: str) -> str:
    return f"{total.recall([label], code):.3f}" if total.seen[label, code] else ""


if __name__ == "__main__":
    main()
