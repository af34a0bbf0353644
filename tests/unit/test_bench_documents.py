"""Documents made for measurements are read like any others, tell what is said of them, and are always the same."""

from collections import Counter
from itertools import islice

from bench.documents_lxml import observed, rates
from bench.documents_made import documents
from jobs.standardise.documents import Limits
from jobs.standardise.shared_record.facts import TABLES
from jobs.standardise.shared_record.parse import read_file

LIMITS = Limits(67_108_864, 2_000, 536_870_912, 100)


def test_documents_for_measurements_are_read_and_differ() -> None:
    made = list(documents(120, mean=60_000))
    records = [read_file(one.content, LIMITS) for one in made]
    assert all(len(found) == 1 and not found[0].get("rule") for found in records)
    assert len({found[0]["id_root"] for found in records}) == len({one.name for one in made}) == 120
    assert {found[0]["level"] for found in records} == {1, 3} and len({found[0]["type_code"] for found in records}) > 5
    assert all(found[0]["body_bytes"] >= 700 and "DOC-108" not in found[0]["warnings"] for found in records)
    assert sum(one.name.endswith(".zip") for one in made) == 30
    assert 40_000 < sum(len(one.content) for one in made) / 120 < 80_000
    for one, [found] in zip(made, records, strict=True):
        told = Counter({table: len(found.get(kind) or []) for kind, table in TABLES.items()})
        assert +told == +one.facts, "the truth beside it"


def test_they_come_one_by_one_and_always_the_same() -> None:
    first = list(islice(documents(100_000, mean=10_000), 8))
    assert first == list(documents(8, mean=10_000)) != list(documents(8, seed=2, mean=10_000))
    assert rates(one.document for one in first).bare > 0
    assert max(observed(one.document) for one in first) >= max(one.facts["lab_result"] for one in first) > 0
