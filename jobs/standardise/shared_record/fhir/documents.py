"""Documents of a night's exports: each DocumentReference with the resources it names, and resources that stand alone.

Both are rows of PARSED, so that typing, versions and tables follow as for any other carrier.
"""

from collections.abc import Callable
from functools import reduce
from operator import add

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.standardise.shared_record import patient
from jobs.standardise.shared_record.columns import HEADER, PARSED
from jobs.standardise.shared_record.facts import FACTS
from jobs.standardise.shared_record.fhir.columns import LINE
from jobs.standardise.shared_record.fhir.lines import DELIVERY, RESOURCE
from jobs.standardise.shared_record.fhir.resources import CLINICAL, DOCUMENT
from jobs.standardise.shared_record.registry import hidden

CARRIER, WHOLE = "fhir", "document"  # the entry of ``resources`` that stands for the document itself
INCOMPLETE, STRANGER = "FHR-011", "FHR-012"
AFTER_NAMED = 1_000_000  # place of resources that name their document, after those that it names


def documents(resources: DataFrame, aside: DataFrame, policy: dict[str, str]) -> DataFrame:
    """Columns of PARSED and ``lines``, the places that make up the document, ``resources``, what fills its rows.

    ``resources`` is resolved.resolved, settled; ``aside`` names resources that are not read, so that no document misses
    them. A panel without values of its own makes no document; ``alone`` marks a resource that no document names.
    """
    heads, clinical = resources.where(F.col("kind") == DOCUMENT), resources.where(F.col("kind").isin(*CLINICAL))
    pairs = membership(heads, clinical).join(aside.select(*RESOURCE), list(RESOURCE), how="left_anti")
    alone = clinical.join(pairs.select(*RESOURCE).distinct(), list(RESOURCE), how="left_anti")
    heads = judged(with_members(heads, pairs, clinical), policy).withColumn("alone", F.lit(False))
    flags = {"alone": F.lit(True), "incomplete": F.lit(False), "stands": F.lit(True)}
    return parsed(heads).unionByName(parsed(on_its_own(alone).withColumns(flags)))


def membership(heads: DataFrame, clinical: DataFrame) -> DataFrame:
    """``document`` (its resource) of each resource and ``pos``: as the document names them; others as they say."""
    owners = heads.select(*DELIVERY, F.col("resource").alias("document"), "whose", "names")
    named = owners.select(*DELIVERY, "document", "whose", F.posexplode("names").alias("pos", "resource"))
    said = (
        clinical.where(F.col("of_document").isNotNull())
        .select(*RESOURCE, F.col("of_document").alias("document"))
        .join(named.select(*RESOURCE).distinct(), list(RESOURCE), how="left_anti")
        .join(owners.drop("names"), [*DELIVERY, "document"], how="inner")
        .withColumn("pos", F.lit(AFTER_NAMED))
    )
    return named.unionByName(said)


def with_members(heads: DataFrame, pairs: DataFrame, clinical: DataFrame) -> DataFrame:
    """Documents with the facts of their ``members`` in order, ``labels``, and whether these are missing or strange."""
    own = clinical.select(
        *RESOURCE, "file", "record", "content", "warnings", "rule", F.col("whose").alias("member_of"),
        F.col("header.visibility").alias("label"), *[facts_of(name).alias(name) for name in FACTS],
    )  # fmt: skip
    joined = pairs.join(own, list(RESOURCE), how="left")
    kept = F.col("record").isNotNull() & F.col("rule").isNull()
    member = F.struct("pos", "file", "record", "resource", "content", "warnings", *FACTS)
    grouped = joined.groupBy(*DELIVERY, F.col("document").alias("resource")).agg(
        F.sort_array(F.collect_list(F.when(kept, member))).alias("members"),
        F.max(~kept).alias("incomplete"),
        F.max(F.coalesce(F.col("member_of") != F.col("whose"), F.lit(False))).alias("stranger"),
        F.array_join(F.collect_set("label"), " ").alias("labels"),
    )
    none = F.array().cast(grouped.schema["members"].dataType)
    found = heads.join(grouped, list(RESOURCE), how="left")
    found = found.withColumn("members", F.coalesce("members", none))
    lists = {name: facts_in(name) for name in FACTS}
    entries = [F.flatten(F.transform("members", owners(name))) for name in FACTS]
    ranked = [F.transform(who, ranks(name)) for name, who in zip(FACTS, entries, strict=True)]
    return found.withColumns(
        {
            **lists,
            "contents": F.transform("members", lambda one: one["content"]),
            "warnings": F.concat("warnings", F.flatten(F.transform("members", lambda one: one["warnings"]))),
            "lines": F.concat(
                F.array(F.struct("file", "record")),
                F.transform("members", lambda one: F.struct(one["file"].alias("file"), one["record"].alias("record"))),
            ),
            "resources": F.concat(F.array(entry(F.col("resource"), F.col("content"), WHOLE, F.lit(0))), *ranked),
        }
    )


def facts_in(name: str) -> Column:
    """The facts of the resources that a document names, else those of the CDA document that is its body."""
    told = F.flatten(F.transform("members", lambda one: one[name]))
    return F.when(F.size("members") > 0, told).otherwise(facts_of(name))


def owners(name: str) -> Callable[[Column], Column]:
    """For each member, its resource and content once for every fact of a list."""
    return lambda one: F.transform(one[name], lambda _: F.struct(one["resource"], one["content"]))


def ranks(name: str) -> Callable[[Column, Column], Column]:
    """An entry for each place of a list."""
    return lambda who, rank: entry(who["resource"], who["content"], name, rank + 1)


def entry(resource: Column, content: Column, fact: str, rank: Column) -> Column:
    """Which resource fills which row: the list of facts and the 1-based place in it."""
    return F.struct(
        resource.alias("resource"),
        content.alias("content"),
        F.lit(fact).alias("fact"),
        rank.cast("bigint").alias("rank"),
    )


def facts_of(name: str) -> Column:
    """The facts of a resource; what was entered in error says none."""
    none = F.array().cast(LINE[name].dataType)
    return F.coalesce(F.when(~F.col("gone"), F.col(name)), none)


def judged(found: DataFrame, policy: dict[str, str]) -> DataFrame:
    """Documents with their level and the visibility of all they hold; adds ``incomplete`` and ``stands`` (shown).

    ``policy``: see registry.visibility_policy.
    """
    sent = F.concat_ws(" ", "header.visibility", "labels")
    visible = F.array_join(F.array_sort(F.array_distinct(F.array_remove(F.split(sent, " "), ""))), " ")
    approved = F.coalesce("header.availability", F.lit("approved")) == "approved"
    stands = approved & ~hidden(policy, visible, F.upper("header.confidentiality")) & ~F.col("gone")
    rule = F.when(F.col("stranger"), F.lit(STRANGER))
    header = F.col("header").withField("visibility", F.nullif(visible, F.lit("")))
    header = header.withField("level", F.when(has_facts(), F.lit(3).cast("bigint")).otherwise(F.col("header.level")))
    newly = F.col("rule").isNull() & rule.isNotNull()
    return found.withColumns(
        {
            "field": F.when(newly, F.lit("context.related")).otherwise(F.col("field")),
            "rule": F.coalesce("rule", rule),
            "header": header,
            "incomplete": F.coalesce(F.col("incomplete"), F.lit(False)),
            "stands": stands,
        }
    )


def has_facts() -> Column:
    """Whether any list holds a fact."""
    return reduce(add, [F.size(name) for name in FACTS]) > 0


def on_its_own(alone: DataFrame) -> DataFrame:
    """Resources that no document names, each a document of its own."""
    shaped = alone.withColumns({name: facts_of(name) for name in FACTS}).where(has_facts() | F.col("gone"))
    ranked = [F.transform(F.transform(name, lambda _: F.struct("resource", "content")), ranks(name)) for name in FACTS]
    return shaped.withColumns(
        {
            "contents": F.array().cast("array<string>"),
            "lines": F.array(F.struct("file", "record")),
            "resources": F.concat(F.array(entry(F.col("resource"), F.col("content"), WHOLE, F.lit(0))), *ranked),
        }
    )


def parsed(found: DataFrame) -> DataFrame:
    """Columns of PARSED, ``lines``, ``resources``, ``alone``, ``incomplete`` and ``stands``."""
    said = F.concat_ws("\x1f", "content", F.coalesce("patient_content", F.lit("")), F.array_join("contents", "\x1f"))
    said = F.concat_ws("\x1f", said, "body_content")  # of a body that another line brings
    columns: dict[str, Column] = {
        **{name: F.col(f"header.{name}") for name in (*HEADER, "level", "body_bytes")},
        **{name: F.col(f"patient.{name}") for name in patient.FIELDS},
        "content_sha256": F.sha2(said, 256),
        "kind": F.lit("document"),
        "carrier": F.lit(CARRIER),
        "action": F.when(F.col("gone"), F.lit("D")),
        "warnings": F.array_sort(F.array_distinct("warnings")),
    }
    shaped = [columns.get(item.name, F.col(item.name)).cast(item.dataType).alias(item.name) for item in PARSED.fields]
    return found.select(*shaped, "lines", "resources", "alone", "incomplete", "stands")
