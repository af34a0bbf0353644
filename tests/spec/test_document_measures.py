"""Documents counted by type, carrier and outcome: only known types by their code, and no record that is taken again."""

from dataclasses import replace
from pathlib import Path

from pyspark.sql import SparkSession

from jobs.core.settings import Settings
from jobs.standardise.context import Context
from jobs.standardise.deliveries import Delivery
from jobs.standardise.shared_record.measures import measures

NIGHT = "2026-11-22"
DECIDED = [  # delivery, type_code, carrier, outcome
    ("new", "11502-2", "cda", "accepted"),
    ("new", "11502-2", "cda", "accepted"),
    ("new", "11502-2", "cda", "duplicate"),
    ("new", "SYNTH", "fhir", "accepted"),
    ("new", "DUPONT", "xdm", "accepted"),
    ("new", None, "cda", "quarantined"),
    ("old", "11502-2", "cda", "accepted"),
]


def test_documents_are_counted_by_type_carrier_and_outcome(
    spark: SparkSession, settings: Settings, tmp_path: Path
) -> None:
    new = Delivery("new", "DMP1", "append", "shared-record", NIGHT, NIGHT, f"{NIGHT}T01:00:00+01:00", NIGHT)
    old = replace(new, delivery_id="old", replayed=True)
    context = Context(spark, settings, NIGHT, "shared_record", [new, old], {}, None, tmp_path)
    columns = "producer string, delivery_id string, type_code string, carrier string, outcome string"
    decided = spark.createDataFrame([("DMP1", *row) for row in DECIDED], columns)
    assert [tuple(one.values()) for one in measures(context, decided)] == [
        ("11502-2", "cda", "accepted", 2),
        ("11502-2", "cda", "duplicate", 1),
        ("SYNTH", "fhir", "accepted", 1),
        ("other", "xdm", "accepted", 1),
        ("unread", "cda", "quarantined", 1),
    ]
    assert measures(replace(context, deliveries=[old]), decided) == []
