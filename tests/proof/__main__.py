"""Live one seed again and tell what happened: `python -m tests.proof SEED`. With --lives, many from it on."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter

from tests.proof.lives import simulated


def main() -> int:
    """Exit code 1 when a promise was not kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.proof")
    parser.add_argument("seed", type=int)
    parser.add_argument("--lives", type=int, default=1, help="how many lives, from this seed on")
    parser.add_argument("--every", type=int, default=1, help="live only every so many of them")
    parser.add_argument("--json", action="store_true", help="one JSON document for whoever started this")
    asked = parser.parse_args()
    bad, killed = [], Counter[str]()
    with simulated(setattr) as lives:
        for seed in range(asked.seed, asked.seed + asked.lives, asked.every):
            lived = lives.live(seed)
            killed += lived.killed
            if lived.complaints:
                bad.append((seed, [(c.promise, c.words) for c in lived.complaints]))
            if asked.lives == 1 and not asked.json:
                print("\n".join(lived.story))
    if asked.json:
        json.dump({"bad": bad, "killed": killed}, sys.stdout)
        return 0
    for seed, complaints in bad:
        for promise, words in complaints:
            print(f"seed {seed}: promise {promise}: {words}")
    print(f"{asked.lives} lives, {sum(killed.values())} kills, {len(bad)} with a promise that was not kept")
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
