"""Rights after merges and splits: whose rows go, from which releases, and whose stay."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.core.attempt import attempt_folder
from jobs.core.keys import key_bytes
from jobs.core.settings import Settings
from jobs.core.snapshot import DataFile, Pool, write_json
from jobs.core.tokens import text_base32
from jobs.release.pools import candidate_pool
from jobs.rights.cut import Marks, cut_file
from jobs.rights.publication import published_cutter, told_of_shared
from jobs.rights.register import ERASURE, Entry
from jobs.rights.zones import cut_pools
from tests.spec.national_cases import decide, store

FIRST, SECOND = "2026-11-22", "2026-11-23"
SHE, HE = "a" * 32, "b" * 32  # two subjects that were one person until the second night
BOTH, DRAWN = "1" * 32, "2" * 32


def entry(subject: str, person: str) -> Entry:
    """An erasure that is known to reach a subject and its person of now."""
    request = {"request_id": "E-2026-1", "kind": ERASURE, "dated": SECOND, "signed_off_by": "x", "asked": ("x",)}
    return Entry(**request, subjects=frozenset({subject}), persons=frozenset({person}))


def released(settings: Settings, night: str, *persons: str) -> DataFile:
    """A file of stays under these persons' pseudonyms that a night's candidate names."""
    key = key_bytes(settings, "centre")
    names = [f"1.{text_base32(key, 'person', one)}" for one in persons]
    path = settings.work / f"{night}.parquet"
    pq.write_table(pa.table({"pseudonym": names, "stay_id": [f"{night} {one}" for one in range(len(names))]}), path)
    file = candidate_pool(settings).adopt(path)
    tables = {"hospital_stay": {"2026-10": [file.to_json()]}}
    write_json(settings.candidate / night / "candidate.json", {"night": night, "tables": tables})
    return file


@pytest.fixture
def root(settings: Settings) -> Settings:
    """A split in the second night: he goes on as another person."""
    walk = [{"subject_id": SHE, "person_id": BOTH}, {"subject_id": HE, "person_id": BOTH}]
    move = {"subject_id": HE, "night": SECOND, "kind": "split", "person_id": DRAWN, "former_id": BOTH}
    tables = {
        "crosswalk": {FIRST: [store(settings, settings.crosswalk, "crosswalk/crosswalk", walk)]},
        "move": {SECOND: [store(settings, settings.crosswalk, "crosswalk/move", [move])]},
    }
    write_json(settings.crosswalk / SECOND / "crosswalk.json", {"tables": tables})
    decide(settings, SECOND, "publish")
    return settings


def rows_left(settings: Settings, who: Entry) -> dict[str, int | None]:
    """Rows of the file of each night after a cut; None when nothing of it goes."""
    files = {FIRST: released(settings, FIRST, BOTH, BOTH, "9" * 32), SECOND: released(settings, SECOND, BOTH, DRAWN)}
    with attempt_folder(settings) as attempt:
        changed = cut_pools([candidate_pool(settings)], published_cutter(settings, who), attempt).changed
    return {
        night: (changed[file.sha256].rows if changed[file.sha256] else 0) if file.sha256 in changed else None
        for night, file in files.items()
    }


def test_who_was_split_off_takes_the_common_pseudonym_out_of_older_releases_alone(root: Settings) -> None:
    assert rows_left(root, entry(HE, DRAWN)) == {FIRST: 1, SECOND: 1}, "hers of the second night stay"
    assert told_of_shared(root, entry(HE, DRAWN)) == [
        "RGT-009: 1 persons lost rows of before a split in older releases."
    ]


def test_who_stayed_goes_under_her_pseudonym_everywhere(root: Settings) -> None:
    assert rows_left(root, entry(SHE, BOTH)) == {FIRST: 1, SECOND: 1}
    assert told_of_shared(root, entry(SHE, BOTH)) == []


def test_a_row_that_ties_the_person_to_another_goes(tmp_path: Path) -> None:
    """A decision names two subjects; a replaced pseudonym leads to another."""
    path = tmp_path / "f.parquet"
    pq.write_table(pa.table({"left_subject": ["a", "b", "c"], "right_subject": ["x", "a", "y"], "n": [1, 2, 3]}), path)
    ends = dict.fromkeys(("left_subject", "right_subject"), frozenset({"a"}))
    cut = cut_file(path, Marks(ends=ends), Pool(tmp_path / "pool"), tmp_path)
    assert cut is not None and cut.after is not None and cut.rows == 2
    assert pq.read_table(Pool(tmp_path / "pool").path(cut.after))["n"].to_pylist() == [3]
