"""National numbers, establishments and professionals: right in shape and key, and impossible in reality.

The commune is 999 (99 in overseas departments), which does not exist, so no number belongs to anybody.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic.draws import Ints, calendar, day_number

Text = NDArray[np.str_]
CORSICA_SPLIT = day_number("1976-01-01")
METROPOLIS = [f"{n:02d}" for n in range(1, 96) if n != 20]
CORSICA = ["2A", "2B"]
OVERSEAS = ["971", "972", "973", "974", "976"]
ABROAD = "99"
DEPARTMENTS = np.array(METROPOLIS + CORSICA + OVERSEAS + [ABROAD])


def department_weights() -> NDArray[np.float64]:
    """Share of each department among births: uneven as in life, with Corsica, overseas and abroad well represented."""
    rank = np.arange(len(METROPOLIS), dtype=float)
    metropolis = 1.0 / (6.0 + (rank * 37) % len(METROPOLIS))
    weights = np.concatenate(
        [metropolis / metropolis.sum() * 0.86, [0.01, 0.01], np.full(len(OVERSEAS), 0.008), [0.08]]
    )
    return weights / weights.sum()


def birth_places(department: Text, birth: Ints) -> Text:
    """INSEE code of the place of birth, five characters; Corsica was 20 until 1976."""
    old_corsica = np.isin(department, CORSICA) & (birth < CORSICA_SPLIT)
    department = np.where(old_corsica, "20", department)
    commune = np.where(np.char.str_len(department) == 3, "99", "999")
    return np.char.add(department, commune)


def numbers(sex: Ints, birth: Ints, place: Text) -> Text:
    """The 13 characters of each person; persons of one month and place are counted in the order given."""
    year, month, _ = calendar(birth)
    century_free = year % 100
    cell = pd.DataFrame({"s": sex, "y": century_free, "m": month, "p": place})
    order = cell.groupby(["s", "y", "m", "p"], sort=False).cumcount().to_numpy() + 1
    if order.max(initial=0) > 999:
        raise ValueError("more than 999 births of one sex in one month and place: use fewer persons")
    parts = [two(sex, 1), two(century_free, 2), two(month, 2), place, two(order, 3)]
    number = parts[0]
    for part in parts[1:]:
        number = np.char.add(number, part)
    return number


def keys(number: Text) -> Text:
    """The two digits that follow the 13 characters: 97 minus the number modulo 97; 2A counts as 19, 2B as 18."""
    digits = np.char.replace(np.char.replace(number, "2A", "19"), "2B", "18")
    return two(97 - digits.astype(np.int64) % 97, 2)


def two(values: Ints, width: int) -> Text:
    """Whole numbers as text, padded with zeros to ``width``."""
    return np.char.zfill(values.astype(str), width) if len(values) else values.astype(str)  # numpy cannot pad nothing


def luhn_digit(digits: str) -> str:
    """The digit that makes ``digits`` followed by it pass the Luhn test."""
    total = 0
    for place, char in enumerate(reversed(digits)):
        value = int(char) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def finess(rank: int) -> str:
    """FINESS number of the n-th invented hospital: department 99, key right, nine characters."""
    body = f"9900{rank + 1:04d}"
    return body + luhn_digit(body)


def rpps(rank: int) -> str:
    """RPPS number of the n-th invented professional: eleven digits beginning with 9990, key right."""
    body = f"9990{rank:06d}"
    return body + luhn_digit(body)
