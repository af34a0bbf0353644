"""Documents of the night by type, carrier and outcome: what the intake does not tell and the report shows."""

from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.reference.lists import merged
from jobs.standardise.context import Context

OTHER, UNREAD = "other", "unread"


def measures(context: Context, decided: DataFrame) -> list[dict[str, Any]]:
    """``{type, carrier, outcome, count}`` of tonight's documents, in a fixed order; one small Spark job.

    ``type`` is a code of the list ``document_type``, ``other`` for any other code (a code as sent might be a name) and
    ``unread`` when the document was refused before its header was read. Records taken in again are not counted, as in
    the intake.
    """
    fresh = [one for one in context.deliveries if not one.replayed]
    if not fresh:
        return []
    known = F.col("type_code").isin(*sorted(merged(context.settings, "document_type")))
    kind = F.when(F.col("type_code").isNull(), UNREAD).when(known, F.col("type_code")).otherwise(OTHER)
    told = decided.join(F.broadcast(context.pairs(fresh)), ["producer", "delivery_id"], how="left_semi")
    rows = told.groupBy(kind.alias("type"), "carrier", "outcome").count().collect()
    return sorted((row.asDict() for row in rows), key=lambda row: (row["type"], row["carrier"], row["outcome"]))
