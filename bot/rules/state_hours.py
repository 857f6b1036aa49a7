"""In which hours do states let a solicitation reach a number? Data with its date; re-verify it before relying on it.

Read on 2026-11-21 (R-Q2): RCW 19.158.040 (WA), Fla. Stat. 501.616(6) (FL), Texas SB 140 of 2025, and for the other rows
a vendor's table (dropcowboy.com/state-compliance), which is secondary. Pennsylvania's Sunday limit comes from that
table alone and has no hours in it: Sunday is taken as closed, the careful reading. Ours are not solicitations; the
windows are kept all the same. A number is placed by the area code it was issued in, because nothing better is known:
a number that moved with its owner is covered by the bound every text obeys, not by this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

READ_ON = "2026-11-21"


@dataclass(frozen=True, slots=True)
class StateWindow:
    """Local hours, `from` inclusive, `to` exclusive; None is a day on which nothing may be sent."""

    weekday: tuple[int, int]
    saturday: tuple[int, int] | None
    sunday: tuple[int, int] | None
    holidays: bool = True
    """False: closed on federal holidays. A state's own further holidays are not known here."""


def _daily(start: int, end: int) -> StateWindow:
    return StateWindow((start, end), (start, end), (start, end))


WINDOWS: Mapping[str, StateWindow] = {
    "AL": StateWindow((8, 20), (8, 20), None, holidays=False),
    "CT": _daily(9, 20),
    "FL": _daily(8, 20),
    "KY": _daily(10, 21),
    "LA": StateWindow((8, 20), (8, 20), None, holidays=False),
    "MA": _daily(8, 20),
    "MD": _daily(8, 20),
    "MI": _daily(9, 21),
    "MN": _daily(9, 21),
    "MS": StateWindow((8, 20), (8, 20), None, holidays=False),
    "NJ": _daily(8, 20),
    "NM": _daily(9, 21),
    "NV": _daily(9, 20),
    "OK": _daily(8, 20),
    "PA": StateWindow((8, 21), (8, 21), None),
    "RI": StateWindow((9, 18), (10, 17), (10, 17)),
    "TX": StateWindow((9, 21), (9, 21), (12, 21)),
    "WA": _daily(8, 20),
}

_AREA_CODES: Mapping[str, str] = {
    "AL": "205 251 256 334 659 938",
    "CT": "203 475 860 959",
    "FL": "239 305 321 324 352 386 407 448 561 645 656 689 727 728 754 772 786 813 850 863 904 941 954",
    "KY": "270 364 502 606 859",
    "LA": "225 318 337 457 504 985",
    "MA": "339 351 413 508 617 774 781 857 978",
    "MD": "227 240 301 410 443 667",
    "MI": "231 248 269 313 517 586 616 679 734 810 906 947 989",
    "MN": "218 320 507 612 651 763 924 952",
    "MS": "228 471 601 662 769",
    "NJ": "201 551 609 640 732 848 856 862 908 973",
    "NM": "505 575",
    "NV": "702 725 775",
    "OK": "405 539 572 580 918",
    "PA": "215 223 267 272 412 445 484 570 582 610 717 724 814 835 878",
    "RI": "401",
    "TX": "210 214 254 281 325 346 361 409 430 432 469 512 621 682 713 726 737 806 817 830 832 903 915 936 940 945 "
    "956 972 979",
    "WA": "206 253 360 425 509 564",
}

STATE_OF: Mapping[str, str] = {code: state for state, codes in _AREA_CODES.items() for code in codes.split()}
"""Area code -> state, for the states above."""
