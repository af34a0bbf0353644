"""Columns of the parsed frame: one row per document read, everything a document said as text."""

import pyarrow as pa
from pyspark.sql import types as T
from pyspark.sql.pandas.types import to_arrow_schema

from jobs.standardise.shared_record import patient
from jobs.standardise.shared_record.facts import FACTS

PLACE = ("producer", "delivery_id", "file")
HEADER = (
    "id_root",
    "id_extension",
    "set_root",
    "set_extension",
    "version",
    "replaces_root",
    "replaces_extension",
    "type_code",
    "type_system",
    "created_text",
    "confidentiality",
    "author_speciality",
    "care_setting",
    "author_id",  # root^extension of the first author, a professional or the patient
    "organisation_id",  # root^extension of the first author's organisation
    "visibility",  # codes of the registry, sorted, with one space between them
    "availability",  # approved, deprecated, archived or deleted
    "logical_id",  # stays when only the metadata change
    "entry_id",  # changes with every change
    "submitted_text",
    "body_media_type",
    "body_sha256",
    "content_sha256",
)


def _text(*names: str) -> list[T.StructField]:
    return [T.StructField(name, T.StringType()) for name in names]


PARSED = T.StructType(
    [
        *_text(*PLACE),
        T.StructField("record", T.LongType()),
        *_text("kind", "rule", "field"),
        T.StructField("warnings", T.ArrayType(T.StringType())),
        *_text("carrier", "action"),
        *_text(*HEADER),
        T.StructField("level", T.LongType()),
        T.StructField("body_bytes", T.LongType()),
        *_text(*patient.FIELDS),
        *[T.StructField(name, T.ArrayType(T.StructType(_text(*fields)))) for name, fields in FACTS.items()],
    ]
)
ARROW: pa.Schema = to_arrow_schema(PARSED)
