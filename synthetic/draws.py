"""Draws that depend on what is drawn, never on when: one stream per (seed, subject, day)."""

from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
EPOCH = np.datetime64("1970-01-01", "D")


def stream(seed: int, label: str, *at: int) -> np.random.Generator:
    """The random stream of one purpose and place in time; the same arguments give the same stream for ever."""
    return np.random.Generator(np.random.PCG64([seed, crc32(label.encode()), *at]))


def scatter(values: Ints, salt: int) -> Ints:
    """A fixed hash of each whole number, spread over 31 bits: a trait that needs no stream of its own."""
    mixed = (values.astype(np.uint64) + np.uint64(salt)) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    return ((mixed >> np.uint64(33)) & np.uint64(0x7FFFFFFF)).astype(np.int64)


def chance(values: Ints, salt: int, share: float) -> NDArray[np.bool_]:
    """True for about ``share`` of the values, always the same ones."""
    return scatter(values, salt) % 10_000 < round(share * 10_000)


def day_number(iso: str) -> int:
    """Days since 1970-01-01 of an ISO date."""
    return int((np.datetime64(iso, "D") - EPOCH).astype(int))


def iso_day(day: int) -> str:
    """The ISO date of a day number."""
    return str(EPOCH + np.timedelta64(int(day), "D"))


def calendar(days: Ints) -> tuple[Ints, Ints, Ints]:
    """Year, month and day of month of day numbers."""
    dates = EPOCH + days.astype("timedelta64[D]")
    months = dates.astype("datetime64[M]")
    year = dates.astype("datetime64[Y]").astype(np.int64) + 1970
    month = months.astype(np.int64) % 12 + 1
    return year, month, (dates - months.astype("datetime64[D]")).astype(np.int64) + 1


def ages(birth: Ints, at: Ints | int) -> Ints:
    """Completed years between two day numbers, as civil law counts them."""
    birth_year, birth_month, birth_day = calendar(birth)
    year, month, day = calendar(np.broadcast_to(np.asarray(at), birth.shape))
    return year - birth_year - ((month * 100 + day) < (birth_month * 100 + birth_day))
