"""Whoever was erased does not come back: records of theirs are read, counted, and kept nowhere but in raw bytes.

The intake outcome of a record stays what it is; the event `erased` says what befell it. What a night refused is
remembered in the identity zone as tokens and places, so that the next run of ``jobs.rights`` removes the bytes as well.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.core.keys import key_table
from jobs.core.tokens import token_hex, with_key
from jobs.link.traits import trait_rows
from jobs.rights.memory import Refused, refused_nights
from jobs.rights.register import ERASURE, KEY, NUMBER, Register, load
from jobs.rights.resolve import Values, own_numbers

if TYPE_CHECKING:
    from jobs.standardise.context import Context, Standardised

PLACE = ("producer", "delivery_id", "file", "record")
WHOLE_LINES, WHOLE_DOCUMENTS = "hospital_line", "document_version"
NUMBERS = ("own_nir", "holder_nir", "ins")
# As in jobs.rights.numbers, as Java reads it: overlapping candidates by looking ahead.
GAP = "[ \\u00a0-]?"
CANDIDATE = f"(?=([1278]{GAP}(?:\\d{GAP}){{5}}[\\dA-Ba-b]{GAP}(?:\\d{GAP}){{5}}\\d))"
# As ISO-8859-1 shows the digits and letters of a number in EBCDIC.
ASCII = "0123456789ABab -"
EBCDIC = ASCII.encode("cp500").decode("latin-1")


def without_erased(context: "Context", result: "Standardised") -> tuple["Standardised", Refused | None]:
    """What a parser returned, without what is erased; as it is, and None, when no erasure is in force.

    Five small Spark jobs at most, all of them only when somebody is erased.
    """
    register = load(context.settings)
    if not register.has(ERASURE):
        return result, None
    came = own(context, result.claims, register.all_of(ERASURE, "numbers"))
    earlier = [night for _, night in refused_nights(context.settings)]
    known = register.all_of(ERASURE, "subjects") | {one for night in earlier for one, _ in night.subjects}
    came |= by_local_number(result, known)
    subjects = known | {subject for subject, _ in came}
    stays = stays_of(result, subjects)
    every = register.all_of(ERASURE, "stays") | {one for night in earlier for _, one in night.stays}
    places = places_of(result, subjects)
    refused = Refused(tuple(sorted(came)), tuple(sorted(stays)), tuple(sorted(places)))
    kept = Kept(subjects, every | {stay for _, stay in stays})
    tables = {name: kept.of(frame) for name, frame in result.tables.items()}
    claims = kept.claims(context, result.claims, register)
    return replace(result, tables=tables, claims=claims, events=[*result.events, *refused.lines()]), refused


def own(context: "Context", claims: DataFrame, tokens: Values) -> set[tuple[str, str]]:
    """(subject, number token) of tonight's claims that state an erased number as the subject's own."""
    numbers = own_numbers(trait_rows(claims), key_table(context.spark, context.settings, KEY))
    rows = numbers.where(F.col("token").isin(sorted(tokens))).collect() if tokens else []
    return {(row.subject_id, row.token) for row in rows}


def by_local_number(result: "Standardised", known: Iterable[str]) -> set[tuple[str, str]]:
    """(subject, erased subject) of tonight's documents that bear the erased one's own number beside another number."""
    versions = result.tables.get(WHOLE_DOCUMENTS)
    if versions is None or not known:
        return set()
    theirs = F.col("local_id").isin(sorted(known)) & (F.col("local_id") != F.col("subject_id"))
    rows = versions.where(theirs).select("subject_id", "local_id").distinct().collect()
    return {(row.subject_id, row.local_id) for row in rows}


def stays_of(result: "Standardised", subjects: Iterable[str]) -> set[tuple[str, str]]:
    """(subject, stay) of tonight's lines of hospitals."""
    lines = result.tables.get(WHOLE_LINES)
    if lines is None or not subjects:
        return set()
    rows = lines.where(F.col("subject_id").isin(sorted(subjects))).select("subject_id", "stay_id").distinct().collect()
    return {(row.subject_id, row.stay_id) for row in rows if row.stay_id}


def places_of(result: "Standardised", subjects: Iterable[str]) -> set[tuple[Any, ...]]:
    """(subject, place) of every record that made a row about an erased subject."""
    wanted, found = sorted(subjects), None
    for frame in result.tables.values():
        if wanted and {"subject_id", *PLACE} <= set(frame.columns):
            own_rows = frame.where(F.col("subject_id").isin(wanted)).select("subject_id", *PLACE)
            found = own_rows if found is None else found.unionByName(own_rows)
    return {tuple(row) for row in found.distinct().collect()} if found is not None else set()


@dataclass(frozen=True)
class Kept:
    """Tonight's rows but for those of erased subjects and stays."""

    subjects: Iterable[str]
    stays: Iterable[str]

    def of(self, frame: DataFrame) -> DataFrame:
        """A standard table without them; a child's row does not name the mother's stay."""
        if "subject_id" in frame.columns:
            frame = frame.where(~F.col("subject_id").isin(sorted(self.subjects)))
        elif "stay_id" in frame.columns:
            frame = frame.where(~F.coalesce(F.col("stay_id").isin(sorted(self.stays)), F.lit(False)))
        if "mother_stay_id" in frame.columns:
            frame = frame.withColumn("mother_stay_id", unless(F.col("mother_stay_id"), self.stays))
        return frame

    def claims(self, context: "Context", claims: DataFrame, register: Register) -> DataFrame:
        """Claims without theirs; somebody else's do not state their number or subject."""
        tokens = register.all_of(ERASURE, "numbers")
        rows = claims.where(~F.col("subject_id").isin(sorted(self.subjects)))
        rows = rows.withColumn("mother_subject_id", unless(F.col("mother_subject_id"), self.subjects))
        keyed = with_key(rows, key_table(context.spark, context.settings, KEY).withColumnRenamed("key", "rights_key"))
        return keyed.withColumns(
            {name: unless(F.col(name), tokens, token_hex(NUMBER, F.upper(name), key="rights_key")) for name in NUMBERS}
        ).drop("rights_key")


def unless(value: Column, values: Iterable[str], told: Column | None = None) -> Column:
    """The value, null where it (or ``told``) is one of some values."""
    return F.when(~F.coalesce((value if told is None else told).isin(sorted(values)), F.lit(False)), value)


def without_erased_bytes(context: "Context", rejected: DataFrame) -> DataFrame:
    """Refused records but for those whose bytes hold an erased number; packages are left to the next run of rights."""
    tokens = load(context.settings).all_of(ERASURE, "numbers")
    if not tokens:
        return rejected
    keyed = with_key(rejected, key_table(context.spark, context.settings, KEY).withColumnRenamed("key", "rights_key"))
    text = F.decode(F.coalesce("bytes", F.lit(b"")), "ISO-8859-1")
    readings = (text, F.translate(text, EBCDIC, ASCII), F.replace(text, F.lit("\0"), F.lit("")))
    candidates = F.flatten(F.array(*[F.regexp_extract_all(one, F.lit(CANDIDATE), F.lit(1)) for one in readings]))
    numbers = F.transform(candidates, lambda one: F.upper(F.regexp_replace(one, "[^0-9A-Ba-b]", "")))
    told = F.transform(F.array_distinct(numbers), lambda one: token_hex(NUMBER, one, key="rights_key"))
    theirs = F.arrays_overlap(told, F.array(*[F.lit(one) for one in sorted(tokens)]))
    return keyed.where(~F.coalesce(theirs, F.lit(False))).drop("rights_key")
