"""Lines of a night's exports, judged file by file and line by line."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.core.tables import small_frame
from jobs.standardise.shared_record.columns import PLACE
from jobs.standardise.shared_record.fhir.files import EMPTY, NOT_NDJSON, PACKED, WHOLE_FILE
from jobs.standardise.shared_record.fhir.manifest import TOLD_ERRORS, judge_deliveries
from jobs.standardise.shared_record.fhir.resources import CLINICAL, DOCUMENT, NO_DELETE, NO_TYPE, NOT_READ

DELIVERY = ("producer", "delivery_id")
RESOURCE = (*DELIVERY, "resource")
ERROR_LINE, OTHER_CONTENT, BEREFT = "FHR-052", "FHR-009", "FHR-011"
JUDGED = "producer string, delivery_id string, file string, section string, type string, file_rule string, "
JUDGED += "file_field string, errors boolean"


def judged_lines(lines: DataFrame) -> DataFrame:
    """Lines of LINE with the rule that refuses them or their file; adds ``section``, ``repeated``, ``gone`` by deletes.

    One Spark job over the small columns: what the manifests tell is compared with what came on the driver.
    """
    no_line = F.col("rule").isin(EMPTY, PACKED, NOT_NDJSON) & F.col("rule").isNotNull()
    files = lines.groupBy(*PLACE).agg(
        F.count_if(~F.coalesce(no_line, F.lit(False))).alias("lines"),
        F.max(F.when(F.col("rule").isin(*WHOLE_FILE), F.col("rule"))).alias("broken"),
        F.max(F.when(F.col("kind") == "manifest", F.col("raw"))).alias("raw"),
    )
    judged = small_frame(lines.sparkSession, judge_deliveries(files.collect()), JUDGED)
    joined = lines.join(F.broadcast(judged), list(PLACE), how="left")
    of_file = F.col("file_rule").isNotNull()
    told = F.when((F.col("kind") == "manifest") & F.col("errors"), F.array(F.lit(TOLD_ERRORS)))
    joined = joined.withColumns(
        {
            "rule": F.when(of_file, F.col("file_rule")).otherwise(section_rule()),
            "field": F.when(of_file, F.col("file_field"))
            .when(~section_rule().eqNullSafe(F.col("rule")) & (section_rule() == NO_TYPE), F.lit("resourceType"))
            .otherwise(F.col("field")),
            "warnings": F.coalesce(told, F.col("warnings"), F.array().cast("array<string>")),
        }
    )
    return deleted_tonight(with_their_document(told_once(joined.drop("file_rule", "file_field", "errors", "type"))))


def section_rule() -> Column:
    """What a line may be by the section of the manifest that names its file."""
    section, kind, rule = F.col("section"), F.col("kind"), F.col("rule")
    deletes = F.col("deletes").isNotNull()
    other = F.col("type").isNotNull() & (kind != F.col("type"))
    return (
        F.when((section == "error") & ~rule.eqNullSafe(EMPTY), F.lit(ERROR_LINE))
        .when(rule.isNotNull(), rule)
        .when((section == "deleted") & ~deletes, F.lit(NO_DELETE))
        .when((section == "output") & deletes, F.lit(NOT_READ))
        .when((section == "output") & other, F.lit(NO_TYPE))
    )


def told_once(lines: DataFrame) -> DataFrame:
    """Adds ``repeated``, true for the second of equal lines. One id with two contents refuses both (FHR-009)."""
    valid = F.col("rule").isNull() & F.col("resource").isNotNull()
    group = Window.partitionBy(*RESOURCE, valid)
    several = valid & (F.size(F.collect_set("content").over(group)) > 1)
    again = valid & (F.row_number().over(group.orderBy("file", "record")) > 1)
    marked = lines.withColumns({"several": several, "repeated": F.coalesce(again & ~several, F.lit(False))})
    rule = F.when(F.col("several"), F.lit(OTHER_CONTENT)).otherwise(F.col("rule"))
    return marked.withColumn("rule", rule).drop("several")


def with_their_document(lines: DataFrame) -> DataFrame:
    """Refuses what only refused documents name (FHR-011): alone it would be shown, whatever its document hid."""
    heads = lines.where((F.col("kind") == DOCUMENT) & F.col("resource").isNotNull())
    told = heads.select(*DELIVERY, F.col("resource").alias("document"), F.col("rule").isNull().alias("well"), "names")
    named = told.select(*DELIVERY, F.explode("names").alias("resource"), "well")
    fate = named.groupBy(*RESOURCE).agg(F.max("well").alias("named"))
    whole = told.groupBy(*DELIVERY, F.col("document").alias("of_document")).agg(F.max("well").alias("said"))
    joined = lines.join(fate, list(RESOURCE), how="left").join(whole, [*DELIVERY, "of_document"], how="left")
    orphan = F.col("kind").isin(*CLINICAL) & F.col("rule").isNull() & ~F.coalesce("named", "said", F.lit(True))
    columns = {
        "field": F.when(orphan, F.lit("context.related")).otherwise(F.col("field")),
        "rule": F.when(orphan, F.lit(BEREFT)).otherwise(F.col("rule")),
    }
    return joined.withColumns(columns).drop("named", "said")


def deleted_tonight(lines: DataFrame) -> DataFrame:
    """Marks as ``gone`` what any delivery of the night deletes: a deletion outlasts what it deletes."""
    asked = asked_deletes(lines).select("producer", "resource", F.lit(True).alias("asked")).distinct()
    joined = lines.join(asked, ["producer", "resource"], how="left")
    return joined.withColumn("gone", F.coalesce("gone", F.lit(False)) | F.coalesce("asked", F.lit(False))).drop("asked")


def asked_deletes(lines: DataFrame) -> DataFrame:
    """One row per resource that a line asks to delete: columns of PLACE, ``record``, ``resource``."""
    valid = lines.where(F.col("rule").isNull() & F.col("deletes").isNotNull())
    return valid.select(*PLACE, "record", F.explode("deletes").alias("resource"))


def empty() -> Column:
    """No warnings."""
    return F.array().cast("array<string>")
