"""The numbers of a pharmacy's lots over its files and nights: which lots have not come.

A missing lot is told each night on which its pharmacy deposits, until it comes or ``lot_days`` (config/policy.toml)
are over: then it was given up at its sender, and is told no more. Numbers may begin again (a new software, a counter
at its end): a leap of more than LEAP, ahead or back, begins another sequence and leaves nothing missing.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any

LEAP = 100
Known = dict[str, Any]  # ``last``: the greatest number; ``missing``: pairs of a number and the night that missed it


def after(known: Known | None, seen: Iterable[int], night: str, lot_days: int) -> Known:
    """What is known of a pharmacy's lots once a night has read the lots of some numbers.

    ``known``: the same after the night before, None at the beginning; then a lot was ``seen``.
    Lots may come in any order, and again.
    """
    told, before = set(seen), dict((known or {}).get("missing", []))
    missing = {number: since for number, since in before.items() if number not in told}
    missing = {number: since for number, since in missing.items() if waited(since, night) <= lot_days}
    fresh = sorted(told - set(before))
    last: int = known["last"] if known else fresh[0]
    if fresh and fresh[-1] < last - LEAP:
        last = fresh[0]
    for number in fresh:
        if 0 < number - last <= LEAP:
            missing |= dict.fromkeys(range(last + 1, number), night)
        last = max(last, number)
    return {"last": last, "missing": [[number, since] for number, since in sorted(missing.items())]}


def waited(since: str, night: str) -> int:
    """Days from one night to another."""
    return (date.fromisoformat(night) - date.fromisoformat(since)).days
