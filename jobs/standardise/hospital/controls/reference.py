"""What dated lists say of a line's codes. Lists are never complete: they decide only for the codes that they hold."""

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.standardise.hospital.controls.model import Control, named_if

LINE = ["producer", "delivery_id", "file", "record"]
COUNTED_TWICE_UNTIL = 2017  # from 2018 on those numbers are sent once
ADDED_ACT = "2"  # act_type of what is only done along with another act; inferred from the codes that have it
OPEN = "9999-12-31"


@dataclass(frozen=True)
class References:
    """Lists, each of them small and possibly empty.

    ``ccam``: code, act_type, sex_compatibility ('1' men only, '2' women only), valid_from, valid_to (dates, null when
    open). ``ccam_extension``: code, extension ('01'), valid_from, valid_to. ``cim10_type``: code, mco_type '0' to '4'.
    ``units``: producer, delivery_id, unit_code of the unit files of this night. ``counted_twice``: FINESS numbers of
    sites whose stays their legal entity sent as well, up to 2017.
    """

    ccam: DataFrame
    ccam_extension: DataFrame
    cim10_type: DataFrame
    units: DataFrame
    counted_twice: tuple[str, ...] = ()


def with_references(units: DataFrame, references: References) -> DataFrame:
    """Adds ``findings`` (names, null when there are none), ``declared`` (units of the unit file), act sorts.

    Codes of all lines meet the lists in one broadcast join. Few lines have a finding, so these come back to the units
    by a broadcast as well, and the wide lines are not shuffled for them.
    """
    declared = references.units.groupBy("producer", "delivery_id").agg(F.collect_set("unit_code").alias("declared"))
    mentions = mentioned(units).join(F.broadcast(listed(references)), ["kind", "code"])
    named = mentions.select(*LINE, named_if({**diagnosis_findings(), **act_findings()}).alias("found"))
    found = named.where(F.size("found") > 0).groupBy(*LINE).agg(F.flatten(F.collect_list("found")).alias("findings"))
    joined = units.join(F.broadcast(found), LINE, "left").join(
        F.broadcast(declared), ["producer", "delivery_id"], "left"
    )
    added = F.coalesce(F.size(F.filter("findings", lambda name: name == "added_act")), F.lit(0))
    return joined.withColumns({"added_act": added > 0, "main_act": F.coalesce(F.size("acts"), F.lit(0)) > added})


def listed(references: References) -> DataFrame:
    """One row per listed code: ``kind``, ``code``, ``mco_type``, ``act_type``, ``sex_allowed``, validity, extensions.

    A code listed for several periods is valid from the first to the last of them.
    """
    diagnoses = references.cim10_type.select(F.lit("cim10").alias("kind"), "code", "mco_type")
    acts = references.ccam.select(
        F.lit("ccam").alias("kind"),
        "code",
        "act_type",
        F.col("sex_compatibility").alias("sex_allowed"),
        "valid_from",
        F.coalesce("valid_to", F.lit(OPEN).cast("date")).alias("valid_to"),
    )
    extensions = references.ccam_extension.select(
        F.lit("ccam").alias("kind"), "code", F.struct("extension", "valid_from", "valid_to").alias("extension")
    )
    rows = diagnoses.unionByName(acts, allowMissingColumns=True).unionByName(extensions, allowMissingColumns=True)
    told = [F.max(name).alias(name) for name in ("mco_type", "act_type", "sex_allowed", "valid_to")]
    return rows.groupBy("kind", "code").agg(
        *told, F.min("valid_from").alias("valid_from"), F.collect_list("extension").alias("extensions")
    )


def mentioned(units: DataFrame) -> DataFrame:
    """One row per code of a line: its place, ``kind``, ``role``, ``code`` and, for acts, the bare ``extension``."""
    none = F.lit(None).cast("string")

    def mention(kind: str, role: str, code: Column, extension: Column = none) -> Column:
        return F.struct(
            F.lit(kind).alias("kind"), F.lit(role).alias("role"), code.alias("code"), extension.alias("extension")
        )

    codes = F.concat(
        F.array(*[mention("cim10", role, F.col(f"{role}_diagnosis")) for role in ("principal", "related")]),
        F.coalesce(F.transform("associated", lambda code: mention("cim10", "associated", code)), F.array()),
        F.coalesce(F.transform("acts", lambda act: mention("ccam", "act", act["ccam_code"], bare(act))), F.array()),
    )
    return units.select(*LINE, "sex", "entry_date", "exit_date", F.inline(codes)).where(F.col("code").isNotNull())


def bare(act: Column) -> Column:
    """An act's PMSI extension without its hyphen."""
    return F.regexp_replace(act["pmsi_extension"], "^-", "")


def diagnosis_findings() -> dict[str, Column]:
    """A code of a PMSI type that its position does not allow."""

    def placed(role: str, *types: str) -> Column:
        return (F.col("role") == role) & F.col("mco_type").isin(*types)

    return {
        "principal_vague": placed("principal", "1", "4"),
        "principal_external": placed("principal", "2"),
        "principal_parent": placed("principal", "3"),
        "related_vague": placed("related", "1"),
        "related_external": placed("related", "2"),
        "related_parent": placed("related", "3"),
        "associated_parent": placed("associated", "3"),
    }


def act_findings() -> dict[str, Column]:
    """An act, or its extension, that the patient's sex or the unit's dates do not allow.

    An extension is judged only where the list knows others of the same act.
    """
    entry, exit_, sex, extension = (F.col(name) for name in ("entry_date", "exit_date", "sex", "extension"))
    extended, same = F.size("extensions") > 0, F.filter("extensions", lambda one: one["extension"] == extension)
    left_out = extension.isNull() | (extension == "00")
    known = F.size(same) > 0
    return {
        "added_act": F.col("act_type") == ADDED_ACT,
        "act_ended": entry > F.col("valid_to"),
        "act_not_begun": exit_ < F.col("valid_from"),
        "act_of_other_sex": sex.isin("1", "2") & F.col("sex_allowed").isin("1", "2") & (sex != F.col("sex_allowed")),
        "extension_left_out": extended & left_out,
        "extension_unknown": extended & ~left_out & ~known,
        "extension_ended": known & F.forall(same, lambda one: entry > one["valid_to"]),
        "extension_not_begun": known & F.forall(same, lambda one: exit_ < one["valid_from"]),
    }


def reference_controls(references: References) -> list[Control]:
    """Signals on the unit and the hospital that are no controls of the grouper."""
    twice = F.col("producer").isin(*references.counted_twice) & (F.year("covers_to") <= COUNTED_TWICE_UNTIL)
    return [
        Control("HOS-040", "signal", ~F.array_contains("declared", F.col("unit_code")), "unit_code"),
        Control("HOS-041", "signal", twice if references.counted_twice else F.lit(False), "finess"),
    ]
