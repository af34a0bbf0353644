"""CCAM acts: code, PMSI extension, phase, activity, documentary extension, and their validity at a date.

Shapes: four letters and three digits (all 9,064 codes); the extension follows a hyphen and has two characters. The
grouper's control 185 says two digits, but 28 of the 471 extensions of 2025 have a letter (P0, 1B), so letters pass.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.codes.validity import gathered, joined, validity

SHAPE = r"^[A-Z]{4}\d{3}$"
EXTENSION_STATUSES = ("valid", "none", "no_hyphen", "malformed")
NO_EXTENSION = "00"  # sent as -00 for an act without extension (control 192)


def act_code(text: Column) -> Column:
    """Upper case without blanks; null only for nothing at all."""
    return F.nullif(F.upper(F.regexp_replace(text, "[\\s\u00a0]", "")), F.lit(""))


def has_shape(code: Column) -> Column:
    """True for four letters and three digits."""
    return F.coalesce(code.rlike(SHAPE), F.lit(False))


def extension(text: Column) -> Column:
    """The PMSI extension without its hyphen (``-01`` → ``01``); a malformed one keeps its characters (``-1`` → ``1``).

    Null when nothing was sent.
    """
    return F.nullif(F.regexp_replace(act_code(text), "^-", ""), F.lit(""))


def extension_status(text: Column) -> Column:
    """valid, none, no_hyphen (``01``) or malformed (``-1``, ``-001``): control 185."""
    value = act_code(text)
    return (
        F.when(value.isNull(), "none")
        .when(value.rlike("^-[0-9A-Z]{2}$"), "valid")
        .when(value.rlike("^[0-9A-Z]{2}$"), "no_hyphen")
        .otherwise("malformed")
    )


def split_act(text: Column) -> Column:
    """A struct ``code, extension`` of an act written in one piece (``JQGA004-01``); the extension keeps its hyphen."""
    value = act_code(text)
    return F.struct(
        F.substring_index(value, "-", 1).alias("code"),
        F.nullif(F.regexp_extract(value, "(-.*)$", 1), F.lit("")).alias("extension"),
    )


def phase_known(phase: Column) -> Column:
    """True for one digit. Which phases an act has is in the CCAM's own file, which is not loaded here."""
    return F.coalesce(phase.rlike(r"^\d$"), F.lit(False))


def activity_known(activity: Column) -> Column:
    """True for the activities 1 to 5 (1 the main gesture, 4 anaesthesia)."""
    return F.coalesce(activity.rlike("^[1-5]$"), F.lit(False))


def documentary_known(documentary: Column) -> Column:
    """True for a letter or digit other than O and I, which read like 0 and 1."""
    return F.coalesce(documentary.rlike("^[0-9A-HJ-NP-Z]$"), F.lit(False))


def with_act(
    frame: DataFrame, ccam: DataFrame, *, first: str, last: str | None = None, code: str = "code"
) -> DataFrame:
    """Adds ``code_known``, ``act_type``, ``sex_compatibility`` and ``act_validity`` (one of VALIDITY) from the table ``ccam``.

    ``first`` and ``last`` name the entry and exit of the unit stay (controls 078, 079), or give one date as ``first``.
    """  # noqa: E501
    names = ("act_type", "sex_compatibility", "valid_from", "valid_to")
    listed = ccam.select(F.col("code").alias("_act"), *[F.col(name).alias(f"_{name}") for name in names])
    found = frame.join(F.broadcast(listed), F.col(code) == F.col("_act"), "left")
    judged = validity(F.col("_valid_from"), F.col("_valid_to"), F.col(first), F.col(last or first))
    return found.withColumns(
        {
            "code_known": F.col("_act").isNotNull(),
            "act_type": F.col("_act_type"),
            "sex_compatibility": F.col("_sex_compatibility"),
            "act_validity": F.when(F.col("_act").isNull(), "unknown").otherwise(judged),
        }
    ).drop("_act", *[f"_{name}" for name in names])


def with_extension(
    frame: DataFrame,
    extensions: DataFrame,
    *,
    first: str,
    last: str | None = None,
    code: str = "code",
    extension: str = "extension",
) -> DataFrame:
    """Adds ``extension_validity`` and ``extension_expected`` from the table ``ccam_extension``, by one broadcast join.

    ``extension_validity``: one of VALIDITY (controls 186, 193, 194); null when there is no extension to judge.
    ``extension_expected``: the act has extensions at that date and came bare or with 00 (control 192).
    """
    acts = gathered(extensions, F.col("code"), "_extensions", ["extension", "valid_from", "valid_to"])
    found = joined(frame, acts, F.col(code), "_extensions")
    kind = "array<struct<extension:string,valid_from:date,valid_to:date>>"
    listed = F.coalesce("_extensions", F.array().cast(kind))
    given = F.nullif(F.col(extension), F.lit(NO_EXTENSION))
    own = F.filter(listed, lambda one: one["extension"] == given)
    states = F.transform(own, lambda one: state(one, first, last))
    # an extension listed for two periods is valid when one of them holds
    best = F.when(F.array_contains(states, "valid"), "valid").otherwise(F.get(states, F.lit(0)))
    return found.withColumns(
        {
            "extension_validity": F.when(given.isNotNull(), F.coalesce(best, F.lit("unknown"))),
            "extension_expected": given.isNull() & F.exists(listed, lambda one: state(one, first, last) == "valid"),
        }
    ).drop("_extensions")


def state(one: Column, first: str, last: str | None) -> Column:
    """The validity of one gathered row."""
    return validity(one["valid_from"], one["valid_to"], F.col(first), F.col(last or first))
