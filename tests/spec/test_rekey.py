"""Rotation of the centre's key: everything published changes its tokens and nothing else, whatever interrupts it."""

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from jobs.assemble.run import assemble
from jobs.assemble.source_state import source_state_rows
from jobs.audit.check import check, read
from jobs.core.custody import files as key_files
from jobs.core.errors import DataRefused
from jobs.core.keys import current_version, destroyed, versions
from jobs.core.schema import load_schema, schemas_of
from jobs.core.settings import Settings, prepare_root
from jobs.core.snapshot import DataFile, Pool, read_json, tables_from_json, write_json
from jobs.core.tables import write_small
from jobs.core.tokens import text_base32
from jobs.link.inputs import states_of
from jobs.link.run import link
from jobs.pseudonymise.run import pseudonymise
from jobs.rekey import proof, renaming, rewrite, run, switch
from jobs.rekey.__main__ import main
from jobs.rekey.columns import keyed_columns
from jobs.rekey.rewrite import Target
from jobs.release.publish import current_release, kept_releases
from jobs.release.succession import successor
from jobs.rights.run import rights
from jobs.rollback.__main__ import verify
from tests.spec.national_cases import Rows, close, close_rest, rows_of
from tests.spec.rights_cases import (
    FIRST,
    SECOND,
    THIRD,
    close_night,
    everything,
    national,
    published,
    rows_of_night,
    sale,
)

OLD_KEY, NEW_KEY = bytes(range(1, 33)), bytes(range(33, 65))
Tables = dict[str, Rows]


@pytest.fixture(scope="module")
def base(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Two published nights of anna and bob; the second brings a sale of another month."""
    settings = prepare_root(tmp_path_factory.mktemp("rekey") / "root", "synthetic")
    key = settings.keys / "centre.v1.key"
    key.write_bytes(OLD_KEY)
    key.chmod(0o400)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VEILLEE_ROOT", str(settings.root))
        close_night(settings, FIRST, rows_of_night())
        national(settings, FIRST)
        close_night(settings, SECOND, rows_of_night([later()]))
        national(settings, SECOND)
    return settings


def later() -> dict[str, Any]:
    return sale("bob", "2026-10", dispensation_id="d" * 32, ticket_id="d" * 32)


@pytest.fixture
def root(base: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A copy of that root, in which the next key to be made is known."""
    shutil.copytree(base.root, tmp_path / "root", symlinks=True)
    monkeypatch.setenv("VEILLEE_ROOT", str(tmp_path / "root"))
    monkeypatch.setattr(key_files.secrets, "token_bytes", lambda size: NEW_KEY[:size])
    return Settings(tmp_path / "root")


def values(tables: Tables) -> Iterator[tuple[str, str]]:
    """(domain, token) of every value under the key."""
    for schema in schemas_of("published"):
        for name, domain in keyed_columns(schema).items():
            yield from ((domain, row[name]) for row in tables.get(schema.name, []) if row[name])


def renamed(tables: Tables) -> dict[str, list[str]]:
    """Rows of every table, with each token replaced by what it stands for: where it is found, and how often."""
    found: dict[str, Counter[str]] = {}
    for schema in schemas_of("published"):
        for name in keyed_columns(schema):
            for row in tables.get(schema.name, []):
                if row[name]:
                    found.setdefault(row[name], Counter())[f"{schema.name}.{name} {plain(schema.name, row)}"] += 1
    names = {token: repr(sorted(places.items())) for token, places in found.items()}
    return {
        table: sorted(repr({k: names.get(v, v) for k, v in row.items()}) for row in rows)
        for table, rows in tables.items()
    }


def plain(table: str, row: dict[str, Any]) -> str:
    """A row without what stands under the key."""
    keyed = next(keyed_columns(schema) for schema in schemas_of("published") if schema.name == table)
    return repr({name: value for name, value in row.items() if name not in keyed})


def persons(settings: Settings) -> set[str]:
    """Identifiers of all persons."""
    pool = Pool(settings.crosswalk / "pool").root
    return {one for path in pool.glob("*/*.parquet") for one in pq.read_table(path)["person_id"].to_pylist()}


def test_a_rotation_changes_every_token_and_nothing_else(root: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    old_names = kept_releases(root)
    before = {name: published(root, name) for name in old_names}
    old_values = {token for tables in before.values() for _, token in values(tables) if len(token) >= 26}
    assert main([]) == 0
    told = capsys.readouterr()
    assert OLD_KEY.hex() not in told.out + told.err
    assert not any(token in told.out + told.err for token in old_values)

    new_names = [successor(root, name) for name in old_names]
    assert kept_releases(root) == new_names != old_names
    assert current_release(root) == new_names[-1]
    assert read_json(root.published / new_names[1] / "release.json")["previous"] == new_names[0]
    for old, new in zip(old_names, new_names, strict=True):
        assert verify(root, new)
        after = published(root, new)
        assert renamed(after) == renamed(before[old]), "the same rows, joined in the same way"
        assert not old_values & {token for _, token in values(after)}
        people = {row["pseudonym"] for row in after["person"]}
        assert people == {"2." + text_base32(NEW_KEY, "person", one) for one in persons(root)}
    pharmacy = {row["producer"] for row in after["dispensation"]}
    assert pharmacy == {text_base32(NEW_KEY, "producer", "P1")}
    left = b"".join(
        path.read_bytes() for zone in ("published", "candidate") for path in (root.root / zone).rglob("*.json")
    )
    assert not any(token.encode() in left for token in old_values)

    assert (versions(root, "centre"), current_version(root, "centre")) == ([2], 2)
    assert list(destroyed(root)) == ["centre.v1"]
    certificate = read_json(root.ledger / "rotations" / "centre-1-2.json")
    assert (certificate["prove"]["old"], certificate["compare"]["tokens"]) == (0, len(old_values))
    assert [one["before"] for one in certificate["switch"]["releases"]] == old_names
    assert list((root.work / "rekey").iterdir()) == [], "the map has gone"
    assert check(root) and [line.value["what"] for line in read(root.audit)][-1] == "rotation finish"


def test_the_files_are_those_that_a_night_would_have_written(
    spark: SparkSession, root: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main([]) == 0
    pointer = root.candidate / SECOND / "candidate.json"
    rekeyed = read_json(pointer)
    done = pseudonymise(root, SECOND)
    assemble(root, SECOND)
    assert done["months_made"] == 3, "only what the sale of the second night touched"
    assert read_json(pointer) == rekeyed, "made again from standard rows, byte for byte the same"
    close_night(root, THIRD, rows_of_night([later()]))
    link(root, THIRD)
    assert pseudonymise(root, THIRD)["months_made"] == 0, "the next night goes on"
    national(root, THIRD)
    assert {row["pseudonym"][:2] for row in published(root)["person"]} == {"2."}
    monkeypatch.setattr(key_files.secrets, "token_bytes", lambda size: NEW_KEY[::-1][:size])
    assert main([]) == 0, "and can be rotated again"
    assert {row["pseudonym"][:2] for row in published(root)["person"]} == {"3."}


def test_the_state_of_the_sources_changes_where_producers_are_persons(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pharmacy is published under a token, a hospital under its number: one column, two kinds of values."""
    status = {"status": "missing", "as_of": None, "rule": "DEL-008"}
    for source, names in (("pharmacy", ("P1", "P2", "P3")), ("hospital", ("990000001",))):
        close(settings, FIRST, source, producers=dict.fromkeys(names, status))
    close_rest(settings, FIRST)
    (settings.keys / "centre.v1.key").write_bytes(OLD_KEY)
    (settings.keys / "centre.v1.key").chmod(0o400)
    monkeypatch.setattr(key_files.secrets, "token_bytes", lambda size: NEW_KEY[:size])
    pointer = settings.candidate / FIRST / "candidate.json"
    pool, schema = Pool(settings.candidate / "pool"), load_schema("published/source_state")
    made = [
        write_small(source_state_rows(states_of(settings, FIRST), key), schema, pool, settings.work)
        for key in (NEW_KEY, OLD_KEY)
    ]
    write_json(pointer, {"night": FIRST, "tables": {"source_state": {"all": [made[1].to_json()]}}})
    pool.path(made[0]).unlink()
    assert main([]) == 0
    assert read_json(pointer)["tables"]["source_state"]["all"] == [made[0].to_json()], "as assemble would write it"


def test_both_sides_of_a_succession_of_pseudonyms_are_renamed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``old`` is borne by rows of kept releases, or by none any more: of a person that a merge has ended."""
    (settings.keys / "centre.v1.key").write_bytes(OLD_KEY)
    (settings.keys / "centre.v1.key").chmod(0o400)
    monkeypatch.setattr(key_files.secrets, "token_bytes", lambda size: NEW_KEY[:size])
    walk = [{"subject_id": one * 32, "person_id": one * 3} for one in "ab"]
    write_small(walk, load_schema("crosswalk/crosswalk"), Pool(settings.crosswalk / "pool"), settings.work)
    move = {"subject_id": "c" * 32, "person_id": "aaa", "former_id": "ccc", "kind": "merged", "night": FIRST}
    told = {item.name: move.get(item.name) for item in load_schema("crosswalk/move").fields}
    write_small([told], load_schema("crosswalk/move"), Pool(settings.crosswalk / "pool"), settings.work)
    pool, schema = Pool(settings.candidate / "pool"), load_schema("published/pseudonym_succession")
    made = [
        write_small(
            [
                {
                    "old": f"{version}.{text_base32(key, 'person', old)}",
                    "new": f"{version}.{text_base32(key, 'person', new)}",
                    "since": FIRST,
                }
                for old, new in (("bbb", "aaa"), ("ccc", "aaa"))
            ],
            schema,
            pool,
            settings.work,
        )
        for version, key in ((2, NEW_KEY), (1, OLD_KEY))
    ]
    pointer = settings.candidate / FIRST / "candidate.json"
    write_json(pointer, {"night": FIRST, "tables": {schema.name: {"all": [made[1].to_json()]}}})
    pool.path(made[0]).unlink()
    assert main([]) == 0
    assert read_json(pointer)["tables"][schema.name]["all"] == [made[0].to_json()], "as a night would write it"


STOPS = [
    (renaming, "fill"), (run, "renew"), (run.proof, "structure"), (switch, "carry_over"), (switch, "succeed"),
    (switch, "remove_old"), (switch, "sweep"),
    (proof, "shaped"), (run, "destroy_key"), (proof, "remove"),
]  # fmt: skip


@pytest.fixture(scope="module")
def ended(base: Settings, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a rotation leaves that nobody stopped."""
    whole = tmp_path_factory.mktemp("whole") / "root"
    shutil.copytree(base.root, whole, symlinks=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VEILLEE_ROOT", str(whole))
        patch.setattr(key_files.secrets, "token_bytes", lambda size: NEW_KEY[:size])
        assert main([]) == 0
    return left_in(Settings(whole))


def left_in(settings: Settings) -> dict[str, Any]:
    """Every byte of the zones that a rotation changes."""
    return {zone: everything(settings.root / zone) for zone in ("published", "candidate", "ledger", "keys")}


@pytest.mark.parametrize(("module", "name"), STOPS, ids=[name for _, name in STOPS])
def test_a_rotation_that_is_stopped_goes_on_to_the_same_end(
    root: Settings, ended: dict[str, Any], monkeypatch: pytest.MonkeyPatch, module: Any, name: str
) -> None:
    real, calls = getattr(module, name), []

    def stopped(*arguments: Any, **more: Any) -> Any:
        calls.append(name)
        if len(calls) == (2 if name in ("renew", "shaped", "carry_over") else 1):
            raise RuntimeError("stopped")
        return real(*arguments, **more)

    with monkeypatch.context() as patch:
        patch.setattr(module, name, stopped)
        assert main([]) == 1
    assert calls
    for stage in (link, pseudonymise, assemble):
        with pytest.raises(DataRefused, match="REK-001: a rotation of the centre's key stopped after step"):
            stage(root, SECOND)
    with pytest.raises(DataRefused, match="REK-001"):
        rights(root, root.rights)
    assert main([]) == 0
    assert left_in(root) == ended


def test_step_by_step_as_the_dag_does(root: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--step", "prove"]) == 0, "nothing is open: nothing to do"
    assert main(["--step", "begin"]) == 0
    assert main(["--step", "switch"]) == 65
    assert "step rewrite comes before step switch" in capsys.readouterr().err
    for step in ("begin", "rewrite", "rewrite", "compare", "switch", "prove", "finish", "finish"):
        assert main(["--step", step]) == 0, step
    assert versions(root, "centre") == [2]


def test_a_night_half_way_is_not_changed_under_its_feet(root: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    write_json(root.identity / THIRD / "index.json", {})
    assert main([]) == 65
    assert f"REK-002: night {THIRD} is linked and undecided" in capsys.readouterr().err
    assert versions(root, "centre") == [1]


def swapped(settings: Settings, table: str, column: str, value: str) -> None:
    """Put a value into a published column of the newest candidate, as no night would."""
    pointer = settings.candidate / SECOND / "candidate.json"
    value_of = read_json(pointer)
    (files,) = tables_from_json(value_of["tables"])[table].values()
    path = Pool(settings.candidate / "pool").path(files[0])
    rows = pq.read_table(path)
    place = rows.schema.get_field_index(column)
    pq.write_table(
        rows.set_column(place, rows.schema.field(place), pa.array([value] * rows.num_rows)), settings.work / "x"
    )
    file: DataFile = Pool(settings.candidate / "pool").adopt(settings.work / "x")
    part = next(iter(value_of["tables"][table]))
    value_of["tables"][table][part] = [file.to_json()]
    write_json(pointer, value_of)


def test_a_token_of_unknown_origin_stops_it(root: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    swapped(root, "document", "document_id", "A" * 26)
    before = everything(root.published)
    assert main([]) == 65
    assert "REK-003: 1 tokens of document were made from nothing that is kept" in capsys.readouterr().err
    assert everything(root.published).keys() >= before.keys()
    assert versions(root, "centre") == [1, 2]


def test_an_old_token_in_a_column_that_declares_none_stops_it(
    root: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    leaked = rows_of(root.candidate, root.candidate / SECOND / "candidate.json", "person")[0]["pseudonym"]
    swapped(root, "code_label", "label_en", leaked)
    assert main([]) == 65
    said = capsys.readouterr().err
    assert "REK-005" in said and "as in column label_en of file" in said and leaked not in said
    assert versions(root, "centre") == [1, 2], "the old key is kept"


def test_lost_rows_stop_it(root: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(rewrite, "regrouped", lambda schema, pieces: (one.slice(1) for one in real(schema, pieces)))
    assert main([]) == 65
    assert "REK-004: a file of" in capsys.readouterr().err
    assert current_release(root) in kept_releases(root)


real = rewrite.regrouped


def test_merged_tokens_stop_it(
    root: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A map that gives two persons one pseudonym would pass any comparison of rows under that map."""

    def merging(target: Target, names: list[str]) -> str:
        return translated(target, names).replace('.new, NULL) AS "pseudonym"', '.new, NULL)[:2] AS "pseudonym"')

    translated = rewrite.translated
    monkeypatch.setattr(rewrite, "translated", merging)
    assert main([]) == 65
    assert "REK-004: the joins of the new files are not those of the old ones" in capsys.readouterr().err
