"""Establishments against the register: legal entity or site, and numbers that count twice. Shape and key of a FINESS
number are in ``jobs.identifiers.finess``; the key rule of Haute-Corse (2B) is not known, so none is called wrong.
"""  # noqa: D205

from functools import cache, reduce
from operator import or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.reference.tables import arrow_table


def with_register(frame: DataFrame, register: DataFrame, *, finess: str = "finess") -> DataFrame:
    """Adds ``finess_level`` (legal, site or unknown) and ``legal_finess`` from the table ``finess``.

    A public hospital signs its stays with its legal entity, a private one with its site, in the same field: only the
    register tells them apart. A legal entity is its own ``legal_finess``. Without a loaded register all is ``unknown``.
    """
    names = {"code": "_finess", "level": "_level", "legal_finess": "_legal"}
    listed = register.select(*[F.col(name).alias(alias) for name, alias in names.items()])
    found = frame.join(F.broadcast(listed), F.col(finess) == F.col("_finess"), "left")
    return found.withColumns(
        {
            "finess_level": F.coalesce("_level", F.lit("unknown")),
            "legal_finess": F.when(F.col("_level") == "legal", F.col(finess)).otherwise(F.col("_legal")),
        }
    ).drop(*names.values())


def counted_twice(finess: Column, year: Column) -> Column:
    """True for one of the 166 numbers under which stays were reported a second time, in a year up to 2017.

    The university hospitals of Paris, Lyon and Marseille were reported under their legal entity and their sites:
    whoever sums over establishments leaves these out. Never from 2018 on. Source: list ``finess_duplicate``. One number
    is printed with eight characters, its last one lost: any number that begins so is meant.
    """
    listed = [(year <= last) & among(finess, numbers) for last, numbers in twice_until()]
    return F.coalesce(reduce(or_, listed, F.lit(False)), F.lit(False))


def among(finess: Column, numbers: tuple[str, ...]) -> Column:
    """True when a number is listed, whole or by its first eight characters when that is all that was printed."""
    whole = finess.isin(*[number for number in numbers if len(number) == 9])
    cut = [number for number in numbers if len(number) == 8]
    return whole | F.substring(finess, 1, 8).isin(*cut) if cut else whole


@cache
def twice_until() -> tuple[tuple[int, tuple[str, ...]], ...]:
    """The embedded list as (last year, numbers)."""
    found: dict[int, list[str]] = {}
    for row in arrow_table(None, "finess_duplicate").to_pylist():
        found.setdefault(row["valid_to"].year, []).append(row["code"])
    return tuple((last, tuple(numbers)) for last, numbers in sorted(found.items()))
