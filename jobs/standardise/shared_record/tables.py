"""New content of the partitions that tonight touches, and claims."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.identifiers.nir import nir13
from jobs.standardise.claims import complete_claims
from jobs.standardise.context import Context
from jobs.standardise.shared_record.columns import PLACE
from jobs.standardise.shared_record.facts import FACTS
from jobs.standardise.shared_record.typed_facts import fact_tables
from jobs.standardise.shared_record.withheld import Scope, placed

RECORD = (*PLACE, "record")


def counted(documents: DataFrame) -> DataFrame:
    """Typed documents with ``result_count`` instead of their facts: these wait on disk until it is known who stands.

    What decides about documents moves their rows several times; facts are most of a row.
    """
    told = F.filter("results", lambda one: ~one["negated"].eqNullSafe("true"))  # as many as are published
    return documents.withColumn("result_count", F.size(told).cast("bigint")).drop(*FACTS)


def typed_tables(documents: DataFrame, parsed: DataFrame) -> dict[str, DataFrame]:
    """The rows of some documents, by table; their facts are those of ``parsed``."""
    owners = documents.select(*RECORD, "period", "subject_id", "document_id", "shown")
    told = parsed.select(*RECORD, *FACTS).join(owners, list(RECORD), how="inner").withColumn("file", F.col("shown"))
    return {"document": documents.withColumn("file", F.col("shown"))} | fact_tables(told)


def standard_tables(
    context: Context, decided: DataFrame, parsed: DataFrame, changes: DataFrame, scope: Scope
) -> dict[str, DataFrame]:
    """Complete new content of every touched partition of all tables: what is shown, and what is withheld."""

    def fresh(status: str) -> dict[str, DataFrame]:
        chosen = changes.where((F.col("status") == status) & F.col("seq").isNotNull()).select("producer", "seq")
        return typed_tables(decided.join(chosen, ["producer", "seq"], how="left_semi"), parsed)

    return placed(context, fresh("current"), fresh("masked") if scope.masks_new else {}, changes, scope)


def claims(context: Context, decided: DataFrame) -> DataFrame:
    """One claim per accepted document; the driver keeps each distinct one once. Requests claim nothing."""
    accepted = decided.where((F.col("outcome") == "accepted") & F.col("brings"))
    columns = {
        "ins_oid": F.when(F.col("valid_ins").isNotNull(), F.col("ins_oid")),
        "ins": F.col("valid_ins"),
        "holder_nir": nir13(F.col("holder_number")),
        "number_status": F.col("status_of_number"),
        "birth_date_text": F.col("birth_text"),
    }
    return complete_claims(context, accepted.withColumns(columns))
