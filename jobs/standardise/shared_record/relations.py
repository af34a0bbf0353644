"""Replacements by identifier: which document is meant, who may replace it, and circles."""

from functools import partial

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from jobs.core.tables import small_frame
from jobs.standardise.shared_record.refuse import DOCUMENT, judge, refuse, refuse_packages

Name = tuple[str, str]  # producer, token of a document, entry or logical identifier
PARENT = ("subject_id", "patient_token", "organisation_token", "type_code")


def aliases() -> Column:
    """All tokens by which a document may be named."""
    return F.array_distinct(F.array_compact(F.array("document_id", "entry_id", "logical_id")))


def named_documents(names: DataFrame, documents: DataFrame) -> DataFrame:
    """Columns producer, ``replaces_id``, document_id: what each name of ``names`` means among some documents.

    A document identifier comes before an entry's; an entry identifier that several documents bear means none of them
    (packages are known that number their entries 1, 2, 3).
    """
    wanted = names.select("producer", "replaces_id").distinct()
    every = documents.select(*DOCUMENT, F.explode(aliases()).alias("replaces_id"))
    own = F.col("document_id") == F.col("replaces_id")
    found = every.join(wanted, ["producer", "replaces_id"], how="left_semi").distinct()
    return (
        found.groupBy("producer", "replaces_id")
        .agg(F.max(own).alias("by_own"), F.count(F.lit(1)).alias("bearers"), F.max("document_id").alias("only"))
        .where("by_own OR bearers = 1")
        .select(
            "producer", "replaces_id", F.expr("CASE WHEN by_own THEN replaces_id ELSE only END").alias("document_id")
        )
    )


def same_patient(one: Column, other: Column) -> Column:
    """Whether two documents are about one patient: by number, or by names and birth date."""
    by_number = one["subject_id"] == other["subject_id"]
    by_traits = one["patient_token"] == other["patient_token"]
    return F.coalesce(by_number, F.lit(False)) | F.coalesce(by_traits, F.lit(False))


def agrees(one: Column, name: str, other: Column) -> Column:
    """Whether two documents agree on a column; who does not say disagrees with nobody."""
    return F.coalesce(one[name] == other[name], F.lit(True))


def may_replace(child: Column, parent: Column) -> Column:
    """Only the same organisation may replace a document, for the same patient, by one of the same type."""
    return (
        same_patient(child, parent) & agrees(child, "organisation_token", parent) & agrees(child, "type_code", parent)
    )


def refused(frame: DataFrame, known: DataFrame) -> DataFrame:
    """Every refusal that takes more than one document. A night without replacements plans nothing for them."""
    links = own_links(frame)
    frame = refuse(frame, known)
    return refuse_packages(refuse_relations(frame, known, links) if links else frame)


def refuse_relations(frame: DataFrame, known: DataFrame, links: list[Row]) -> DataFrame:
    """Replacements that may not be: another patient's (DOC-017), organisation's (DOC-301), type (DOC-302), circles.

    A parent that nobody knows is normal.
    """
    documents = frame.where(F.col("rule").isNull()).select(*DOCUMENT, "entry_id", "logical_id", *PARENT)
    documents = documents.unionByName(known.select(*DOCUMENT, "entry_id", "logical_id", *PARENT))
    meant = named_documents(frame.where(F.col("replaces_id").isNotNull()), documents)
    parents = (
        documents.join(meant, list(DOCUMENT), how="inner")
        .groupBy("producer", "replaces_id", F.col("document_id").alias("parent_id"))
        .agg(F.collect_list(F.struct(*PARENT)).alias("parents"))
    )
    joined = frame.join(parents, ["producer", "replaces_id"], how="left")
    child, other = F.struct(*PARENT), F.col("parent_id") != F.col("document_id")
    joined = judge(joined, "DOC-017", other & ~F.exists("parents", lambda one: same_patient(child, one)))
    for code, name in (("DOC-301", "organisation_token"), ("DOC-302", "type_code")):
        joined = judge(joined, code, other & ~F.exists("parents", partial(agrees, child, name)))
    return refuse_circles(joined.drop("parents", "parent_id"), circles(links, known))


def refuse_circles(frame: DataFrame, found: list[Name]) -> DataFrame:
    """DOC-021: documents that replace each other, however many of them it takes."""
    if not found:
        return frame
    marks = small_frame(frame.sparkSession, sorted(found), "producer string, document_id string")
    marked = frame.join(F.broadcast(marks.withColumn("circle", F.lit(True))), list(DOCUMENT), how="left")
    return judge(marked, "DOC-021", F.col("circle")).drop("circle")


def own_links(frame: DataFrame) -> list[Row]:
    """Tonight's replacements by identifier; one Spark job."""
    wanted = frame.where(F.col("rule").isNull() & F.col("replaces_id").isNotNull() & ~F.col("is_request"))
    return wanted.select(*DOCUMENT, aliases().alias("names"), "replaces_id").distinct().collect()


def circles(links: list[Row], known: DataFrame) -> list[Name]:
    """Documents of tonight that are replaced, by any way round, by what they replace.

    The chain is followed into earlier nights one document at a time, one Spark job for each step that finds any: a
    night whose replacements name no document that is itself a replacement takes one.
    """
    ways: dict[Name, set[Name]] = {}
    extend(ways, links)
    asked: set[Name] = set()
    frontier = {target for targets in ways.values() for target in targets} - set(ways)
    replacing = known.where(F.col("replaces_id").isNotNull())
    while frontier - asked:
        asked |= frontier
        wanted = small_frame(known.sparkSession, sorted(frontier), "producer string, name string")
        before = (
            replacing.select(*DOCUMENT, aliases().alias("names"), "replaces_id")
            .withColumn("name", F.explode("names"))
            .join(F.broadcast(wanted), ["producer", "name"], how="left_semi")
            .collect()
        )
        extend(ways, before)
        frontier = {(row.producer, row.replaces_id) for row in before} - set(ways)
    own = {(row.producer, row.document_id): {(row.producer, name) for name in row.names} for row in links}
    return [document for document, names in own.items() if reaches(ways, document, names)]


def extend(ways: dict[Name, set[Name]], links: list[Row]) -> None:
    """Add replacements to the ways from each name; a document that names itself replaces nothing."""
    for row in links:
        if row.replaces_id not in row.names:
            for name in row.names:
                ways.setdefault((row.producer, name), set()).add((row.producer, row.replaces_id))


def reaches(ways: dict[Name, set[Name]], start: Name, names: set[Name]) -> bool:
    """Whether what a document replaces leads back to one of its own names."""
    seen: set[Name] = set()
    ahead = set(ways.get(start, ()))
    while ahead:
        if ahead & names:
            return True
        seen |= ahead
        ahead = {target for name in ahead for target in ways.get(name, ())} - seen
    return False
