"""Linking a night from nothing: seconds and subjects per second, with the pairs found against those planted.

``python -m bench.link [persons]``: invented persons known to a hospital, a pharmacy and the shared record, each with
probability 0.65, with a number on 80 % and a given name on 85 % of the claims. Ends with code 1 when a pair is wrong.
"""

import datetime
import hashlib
import json
import random
import sys
import tempfile
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.core.schema import load_schema
from jobs.core.session import spark_session
from jobs.core.settings import prepare_root
from jobs.link.decide import decide
from jobs.link.keep import Keep
from jobs.link.run import mothers_of
from jobs.link.traits import trait_rows

FIRST_BIRTH = datetime.date(1930, 1, 1)


def claims(persons: int) -> tuple[pa.Table, dict[str, int]]:
    """Claims of invented persons, and the true person of each subject."""
    draw, schema = random.Random(1), load_schema("identity/claim")
    rows, truth = [], {}
    for person in range(persons):
        born, sex = FIRST_BIRTH + datetime.timedelta(days=draw.randrange(35000)), draw.choice("12")
        number = f"{sex}{born:%y%m}{draw.randrange(1, 95):02d}999{draw.randrange(1, 999):03d}"
        family, given = "".join(draw.choices("ABCDEFGHILMNOPRSTUV", k=6)), "".join(draw.choices("AEIOULMNRST", k=4))
        for source, producer in (
            ("hospital", f"H{draw.randrange(10)}"),
            ("pharmacy", f"P{draw.randrange(100)}"),
            ("shared_record", "D1"),
        ):
            if draw.random() > 0.65:
                continue
            token = hashlib.sha256(f"{source}{producer}{person}".encode()).hexdigest()[:32]
            numbered = draw.random() < 0.8
            row = dict.fromkeys(schema.names) | {"claim_id": token, "subject_id": token, "night": "2026-11-22"}
            row |= {"source": source, "producer": producer, "delivery_id": "d", "birth_date": born, "sex": sex}
            row |= {"own_nir": number if numbered else None, "number_status": "valid" if numbered else "missing"}
            row |= {"family_name": family, "first_given_name": given if draw.random() < 0.85 else None}
            rows.append(row)
            truth[token] = person
    return pa.Table.from_pylist(rows, schema=schema.arrow), truth


def main(persons: int) -> int:
    """Run the bench and print one JSON line."""
    table, truth = claims(persons)
    with tempfile.TemporaryDirectory() as folder:
        settings = prepare_root(Path(folder) / "root", "synthetic")
        pq.write_table(table, settings.work / "claims.parquet")
        with spark_session(settings, "bench link") as spark:
            seconds = []
            for attempt in ("cold", "warm"):
                steps = settings.work / attempt
                steps.mkdir()
                started = time.monotonic()
                known, keep = spark.read.parquet(str(settings.work / "claims.parquet")), Keep(steps)
                done = decide(keep(trait_rows(known)), None, mothers_of(known, keep), keep)
                found = done.subjects.select("subject_id", "label", "tier").collect()
                seconds.append(round(time.monotonic() - started, 1))
    people: dict[str, set[int]] = {}
    for row in found:
        people.setdefault(row.label, set()).add(truth[row.subject_id])
    wrong = sum(len(members) > 1 for members in people.values())
    result = {"persons": len(set(truth.values())), "subjects": len(truth), "found": len(people), "wrong": wrong}
    print(json.dumps(result | {"seconds_cold": seconds[0], "seconds_warm": seconds[1]}))
    return 1 if wrong or len(found) != len(truth) else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20000))
