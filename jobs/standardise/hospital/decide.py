"""From judged lines to one outcome each: copies inside the delivery, the stay as a whole, the covered years."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.codes.ucd import READ, read_ucd
from jobs.standardise.hospital.fields import is_unit_stay
from jobs.standardise.hospital.rules import OUT_OF_SCOPE, at_fault
from jobs.standardise.hospital.transmissions import DELIVERY, in_force

# The token first: it tells stays apart in its first characters, where rows are sorted by a hash and eight bytes.
STAY = ["stay_id", *DELIVERY]


def decide(judged: DataFrame) -> DataFrame:
    """Adds ``outcome`` and ``current`` (the line is part of the new snapshot) to lines that were judged one by one."""
    late = F.col("late") & F.col("rule").isNull()
    lines = whole_stays(judged.withColumn("rule", F.when(late, "HOS-046").otherwise(F.col("rule"))))
    fine = F.col("rule").isNull()
    outcome = (
        F.when(F.col("rule").isin(*OUT_OF_SCOPE), "ignored")
        .when(~fine, "quarantined")
        .when(F.col("repeated"), "duplicate")
        .when(F.col("base_subject").isNotNull() & in_force(), "unchanged")
        .otherwise("accepted")
    )
    told = lines.withColumns({"outcome": outcome, "current": fine & ~F.col("repeated") & in_force()})
    # only what is rejected is kept as it was sent; the text is a quarter of a row
    return told.withColumn("line", F.when(F.col("outcome") == "quarantined", F.col("line")))


def among_lines(lines: DataFrame) -> DataFrame:
    """Within one delivery, the same line again is a ``repeated`` one.

    The same unit stay, or the identity of a stay, told in two ways is rejected both times: nothing says which is right.
    """
    clean = F.col("rule").isNull()
    kind = F.when(is_unit_stay(), "unit stay").otherwise(F.col("kind"))
    told = F.concat_ws("\x1f", kind, "stay", F.coalesce("rss_id", F.lit("")), F.coalesce("rum_id", F.lit("")))
    one_per_key = is_unit_stay() | (F.col("kind") == "vid_hosp")
    # a line of another kind is its own key; lines that were rejected already share no key with anything
    place = F.concat_ws("\x1f", F.lit("rejected"), "file", F.col("record").cast("string"))
    key = F.when(~clean, place).when(one_per_key, told).otherwise(F.concat_ws("\x1f", "kind", "line"))
    keyed = lines.withColumn("line_key", key)
    same_key = Window.partitionBy(*STAY, "line_key")
    # equal lines have equal tokens; where they differ all are rejected, so their order tells nothing
    told_twice = clean & (F.min("line_id").over(same_key) != F.max("line_id").over(same_key))
    repeated = clean & (F.row_number().over(same_key.orderBy("file", "record")) > 1)
    marked = keyed.withColumns({"told_twice": told_twice, "repeated": repeated})
    code = F.when(is_unit_stay(), "HOS-012").otherwise("HOS-015")
    return marked.withColumn("rule", F.when(F.col("told_twice"), code).otherwise(F.col("rule"))).drop("told_twice")


def whole_stays(lines: DataFrame) -> DataFrame:
    """A stay is taken in whole or not at all, in the year of its last exit, which the delivery must cover.

    When one unit line of a stay is rejected, so are the others (HOS-017): a stay without one of its units has a wrong
    length, wrong diagnoses and a wrong group. Warns of what belongs to no stay, and of what contradicts it.
    """
    unit, clean = is_unit_stay(), F.col("rule").isNull()
    stay = Window.partitionBy(*STAY)
    counts = unit & clean & ~F.col("repeated")
    seen = lines.withColumn("ucd", read_ucd(F.col("drug_code"))).withColumns(
        {
            "spoilt": F.coalesce(F.max(unit & at_fault()).over(stay), F.lit(False)) & F.col("stay").isNotNull(),
            "stay_entry": F.min(F.when(counts, F.col("entry_date"))).over(stay),
            "stay_exit": F.max(F.when(counts, F.col("exit_date"))).over(stay),
            "stay_rss": F.max(F.when(counts, F.col("rss_id"))).over(stay),
            "given": F.collect_list(F.when(clean & ~F.col("repeated"), administration())).over(stay),
            "identified": F.coalesce(F.max(clean & (F.col("kind") == "vid_hosp")).over(stay), F.lit(False)),
        }
    )
    outside = ~F.date_format("stay_exit", "yyyy").between(F.col("first_year"), F.col("last_year"))
    rule = F.when(unit & F.col("spoilt"), "HOS-017").when(unit & outside, "HOS-014")
    coded = F.col("stay_exit").isNotNull() & ~F.col("spoilt") & ~F.coalesce(outside, F.lit(False))
    found = F.filter(F.array(*stay_warnings(coded)), lambda code: code.isNotNull())
    return seen.withColumns(
        {
            "rule": F.when(clean, rule).otherwise(F.col("rule")),
            "warnings": F.when(clean, F.concat("warnings", found)).otherwise(F.col("warnings")),
            "coded": coded,
        }
    ).drop("spoilt", "given")


def administration() -> Column:
    """What makes two lines of a drug file the same administration: the day and the drug, however it is coded."""
    drug = F.coalesce("ucd.ucd13", "drug_code")
    return F.when(F.col("kind") == "drug", F.concat_ws("\x1f", "entry_text", drug))


def stay_warnings(coded: Column) -> list[Column]:
    """Codes of what a line is told about by the other lines of its stay; null when there is nothing to say."""
    kind = F.col("kind")
    drug, link = kind == "drug", kind == "link"
    in_stay = F.col("entry_date").between(F.col("stay_entry"), F.col("stay_exit"))
    return [
        F.when(is_unit_stay() & ~F.col("identified"), F.lit("IDE-003")),
        F.when((kind == "vid_hosp") & ~coded, F.lit("HOS-020")),
        F.when(drug & coded & ~in_stay, F.lit("HOS-030")),
        F.when(drug & (F.size(F.filter("given", lambda one: one == administration())) > 1), F.lit("HOS-031")),
        F.when(drug & ~coded, F.lit("HOS-032")),
        F.when(drug & ~F.col("ucd.status").isin(*READ), F.lit("HOS-033")),
        F.when(link & coded & (F.col("rss_id") != F.col("stay_rss")), F.lit("HOS-035")),
        F.when(link & ~coded, F.lit("HOS-038")),
    ]
