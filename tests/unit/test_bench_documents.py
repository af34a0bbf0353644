"""Documents made for measurements are read like any others, are as large as asked for, and always the same."""

from itertools import islice

from bench.documents_made import documents
from jobs.standardise.documents import Limits
from jobs.standardise.shared_record.parse import read_file

LIMITS = Limits(67_108_864, 2_000, 536_870_912, 100)


def test_documents_for_measurements_are_read_and_differ() -> None:
    made = list(documents(300, mean=60_000))
    records = [read_file(content, LIMITS) for _, content in made]
    assert all(len(found) == 1 and not found[0].get("rule") for found in records)
    assert len({found[0]["id_root"] for found in records}) == len({name for name, _ in made}) == 300
    assert {found[0]["level"] for found in records} == {1, 3} and len({found[0]["type_code"] for found in records}) > 5
    assert all(found[0]["body_bytes"] > 1_000 and "DOC-108" not in found[0]["warnings"] for found in records)
    assert sum(name.endswith(".zip") for name, _ in made) == 75
    mean = sum(len(content) for _, content in made) / 300
    assert 50_000 < mean < 70_000


def test_they_come_one_by_one_and_always_the_same() -> None:
    first = list(islice(documents(100_000, mean=10_000), 8))
    assert first == list(documents(8, mean=10_000)) != list(documents(8, seed=2, mean=10_000))
