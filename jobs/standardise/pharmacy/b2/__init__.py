"""B2 invoices: what a pharmacy sends to the health insurance, as dispensations (docs/reference/b2.md)."""

from pyspark.sql import functions as F

from jobs.reference.presentations import presentations
from jobs.standardise.context import Context
from jobs.standardise.dialects import read_dialects
from jobs.standardise.pharmacy.b2.encoding import declared
from jobs.standardise.pharmacy.b2.reader import FRAME, read_b2
from jobs.standardise.pharmacy.b2.rows import claims_of, dispensations, records_of, with_tokens
from jobs.standardise.pharmacy.b2.rules import WHOLE_FILE_RULES
from jobs.standardise.pharmacy.feeds import RECORD, Dispensed
from jobs.standardise.pharmacy.products import with_product

__all__ = ["FORMAT", "WHOLE_FILE_RULES", "read_invoices"]
FORMAT = "pharmacy-b2"


def read_invoices(context: Context) -> Dispensed:
    """The night's invoices. No Spark job. Raises ConfigError when what a producer declares of them has no meaning."""
    reopen = context.settings.policy["pharmacy"]["reopen_months"]
    raw = read_b2(context.packs(), context.night, reopen, encodings(context))
    told = with_product(raw, presentations(context.spark, context.settings))
    frame = context.cache(with_tokens(told, context.key("collector")).repartition("producer"))
    return Dispensed(
        records=records_of(frame).select(*[F.col(name) for name in RECORD]),
        rows=dispensations(frame),
        claims=claims_of(frame),
        lots=frame.where(F.col("kind") == FRAME).select("producer", "lot"),
    )


def encodings(context: Context) -> dict[str, str]:
    """The character set of each producer's invoices, empty where none is declared."""
    known = read_dialects(context.settings.repo / "config" / "dialects")
    names = sorted({one.producer for one in context.deliveries})
    return {name: declared(name, context.register[name].dialect, known) for name in names}
