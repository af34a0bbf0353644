"""Columns of a frame of FHIR lines: one row per line of a delivery, everything it said as text."""

import pyarrow as pa
from pyspark.sql import types as T
from pyspark.sql.pandas.types import to_arrow_schema

from jobs.standardise.shared_record import patient
from jobs.standardise.shared_record.columns import HEADER, PLACE
from jobs.standardise.shared_record.facts import FACTS, PRODUCT

TEXT, LONG, TEXTS = T.StringType(), T.LongType(), T.ArrayType(T.StringType())
AGENT = ("author_id", "organisation_id", "author_speciality")
BODY = ("body_media_type", "body_sha256")
SLOTS = ("patient", "author", "organisation", "medication", "body", "replaces")


def _texts(*names: str) -> list[T.StructField]:
    return [T.StructField(name, TEXT) for name in names]


HEAD = T.StructType([*_texts(*HEADER), T.StructField("level", LONG), T.StructField("body_bytes", LONG)])
LISTS = [T.StructField(name, T.ArrayType(T.StructType(_texts(*fields)))) for name, fields in FACTS.items()]
INSIDE = T.StructType([T.StructField("header", HEAD), *_texts("ins"), *LISTS])
LINE = T.StructType(
    [
        *_texts(*PLACE),
        T.StructField("record", LONG),
        *_texts("kind", "rule", "field"),
        T.StructField("warnings", TEXTS),
        *_texts("resource", "content"),  # ``Type/id``; SHA-256 of what it says
        T.StructField("gone", T.BooleanType()),  # entered in error
        T.StructField("names", TEXTS),  # resources that a document names as its own, in its order
        *_texts("of_document"),  # the document that a resource says it comes from
        T.StructField("refs", T.ArrayType(T.StructType(_texts("slot", "target")))),
        T.StructField("deletes", TEXTS),
        T.StructField("header", HEAD),
        T.StructField("patient", T.StructType(_texts(*patient.FIELDS))),
        T.StructField("agent", T.StructType(_texts(*AGENT))),
        T.StructField("product", T.StructType(_texts(*PRODUCT))),
        *LISTS,
        T.StructField("inside", INSIDE),  # the CDA document in its body
        T.StructField("raw", T.BinaryType()),
    ]
)
ARROW: pa.Schema = to_arrow_schema(LINE)
