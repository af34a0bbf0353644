"""Extracts of pharmacy software, in each producer's dialect: records, dispensations and traits."""

from collections.abc import Mapping
from typing import TypeVar

from pyspark.sql import functions as F

from jobs.core.errors import ConfigError
from jobs.core.schema import load_schema
from jobs.standardise.context import Context
from jobs.standardise.delimited import ReaderOf, delimited_reader, read_files
from jobs.standardise.dialects import Values, load_dialects
from jobs.standardise.pharmacy.boxes import Boxes
from jobs.standardise.pharmacy.columns import COLUMNS, SHAPE
from jobs.standardise.pharmacy.feeds import RECORD, Dispensed
from jobs.standardise.pharmacy.nested import nested_reader
from jobs.standardise.pharmacy.nested_dialect import load_nested
from jobs.standardise.pharmacy.rows import STATES, TYPED, typer
from jobs.standardise.pharmacy.terms import Terms

FORMAT, FORMAT_JSON = "pharmacy-csv", "pharmacy-json"
CLAIM = (
    "subject_id", "producer", "delivery_id", "own_nir", "holder_nir", "number_status", "used_name", "given_names",
    "birth_date", "birth_date_text", "sex", "birth_rank",
)  # fmt: skip
Written = TypeVar("Written", bound=Values)


def read_extracts(context: Context) -> Dispensed:
    """The night's delimited extracts. No Spark job.

    Raises ConfigError when a producer's dialect is not described in ``config/dialects``.
    """
    dialects = dialects_of(context, load_dialects(context.settings.repo / "config" / "dialects", COLUMNS))
    covers = {(one.producer, one.delivery_id): (one.covers_from, one.covers_to) for one in context.deliveries}
    return dispensed(context, delimited_reader(dialects, SHAPE, covers), dialects)


def read_json_extracts(context: Context) -> Dispensed:
    """The night's extracts in nested JSON; as read_extracts."""
    dialects = dialects_of(context, load_nested(context.settings.repo / "config" / "dialects", COLUMNS))
    return dispensed(context, nested_reader(dialects, SHAPE), dialects)


def dispensed(context: Context, reader: ReaderOf, dialects: Mapping[str, Values]) -> Dispensed:
    """Records, rows and traits of records as read; ``dialects`` by producer.

    Bytes become typed rows with tokens in one pass over the packs, so that neither cells nor accepted bytes are ever
    rows of Spark.
    """
    make = typer(dialects, Boxes.of(context.settings), Terms.of(context.settings, context.night))
    typed = read_files(context.packs(), context.key("collector"), reader, SHAPE, make, TYPED)
    typed = context.cache(typed.repartition("producer"))  # what follows finds a producer's rows together
    accepted = typed.where(F.col("rule").isNull())
    return Dispensed(
        records=typed.select(*RECORD),
        rows=load_schema("standard/dispensation").select(accepted),
        claims=accepted.where(F.col(STATES)).select(*CLAIM).withColumn("first_given_name", F.col("given_names")),
    )


def dialects_of(context: Context, known: Mapping[str, Written]) -> dict[str, Written]:
    """The dialect of each producer of the night: that one of the dialects in its register that is of the right kind."""
    found: dict[str, Written] = {}
    for producer in sorted({one.producer for one in context.deliveries}):
        names = context.register[producer].dialect.split()
        own = [known[name] for name in names if name in known]
        if len(own) != 1:
            told = " ".join(names)
            raise ConfigError(
                f"{producer}: its dialect {told!r} is not described in config/dialects, or described twice."
            )
        found[producer] = own[0]
    return found
