"""A person out of everything that is, was or may be published: candidates, and every kept release by its successor."""

from pathlib import Path

import duckdb

from jobs.core.attempt import attempt_folder
from jobs.core.keys import key_bytes, versions
from jobs.core.settings import Settings
from jobs.core.snapshot import files_of, read_json, tables_from_json
from jobs.core.tokens import UNIT_SEPARATOR, text_base32
from jobs.link.walk import MOVE, moves_of, published_walk
from jobs.pseudonymise.generalise import PERSON, TOKEN
from jobs.release.pools import open_folders, published_pool
from jobs.release.succession import succession
from jobs.rights.cut import Marks, Values, cut_file
from jobs.rights.pointers import pointers, rewrite
from jobs.rights.register import ERASURE, Entry
from jobs.rights.resolve import files_with
from jobs.rights.successors import remove_old, succeed
from jobs.rights.zones import Cutter, Removed, by_marks, cut_pools, delete, publication_pools


def unpublish(settings: Settings, entry: Entry) -> tuple[Removed, dict[str, str]]:
    """Take a person out of candidates and releases; what was removed, and ``{release: successor}`` of the request.

    The view of an old release goes after its successor can be read, and the files last.
    """
    pools = publication_pools(settings)
    with attempt_folder(settings) as attempt:
        removed = cut_pools(pools, published_cutter(settings, entry), attempt)
        open_folders(published_pool(settings))
        rewrite(pointers(settings, "candidate"), removed.changed)
        succeed(settings, removed.changed, entry.request_id)
        remove_old(settings, succession(settings))
        delete(pools, removed)
    return removed, succession(settings, entry.request_id)


def published_cutter(settings: Settings, entry: Entry) -> Cutter:
    """Cut the person out of a file, and out of older releases whoever they were told apart from by a split.

    There both bear one pseudonym, and nothing says which row is whose.
    """
    plain = published_marks(settings, entry, entry.persons)
    mixed = shared_persons(settings, entry)
    if not mixed:
        return by_marks(plain)
    later = named_since(settings, min(mixed.values()))
    wider = published_marks(settings, entry, entry.persons | set(mixed))
    return lambda path, pool, attempt: cut_file(path, plain if path.stem in later else wider, pool, attempt)


def shared_persons(settings: Settings, entry: Entry) -> dict[str, str]:
    """Persons that the entry's subjects were together with others, with the night that told them apart."""
    moves = moves_of(settings, published_walk(settings).get(MOVE, {}))
    return {
        one["former_id"]: one["night"]
        for one in moves
        if one["subject_id"] in entry.subjects and one["former_id"] not in entry.persons
    }


def named_since(settings: Settings, night: str) -> Values:
    """Files that candidates and releases of a night and later name: a split rewrote what held rows of both."""
    found: set[str] = set()
    for path in (*settings.candidate.glob("*/*.json"), *settings.published.glob("*/release.json")):
        value = read_json(path)
        if value["night"] >= night:
            parts = value.get("tables", {})
            tables = {name: item.get("partitions", item) for name, item in parts.items()}
            found |= {file.sha256 for one in tables_from_json(tables).values() for file in files_of(one)}
    return frozenset(found)


def told_of_shared(settings: Settings, entry: Entry) -> list[str]:
    """What the certificate must say when older releases lost rows of somebody else."""
    count = len(shared_persons(settings, entry))
    return [f"RGT-009: {count} persons lost rows of before a split in older releases."] if count else []


def published_marks(settings: Settings, entry: Entry, persons: Values) -> Marks:
    """How a person shows in what is published, under every version of the centre's key.

    ``reconciliation`` knows no person: the cells that boxes of the person went into are taken out of kept releases,
    and the next night makes them again without these boxes.
    """
    pseudonyms: set[str] = set()
    stays: set[str] = set()
    for version, key in centre_keys(settings):
        pseudonyms |= {f"{version}.{text_base32(key, PERSON, one)}" for one in persons}
        stays |= {text_base32(key, TOKEN, one) for one in entry.stays}
    rows = {
        ("pseudonym",): frozenset(pseudonyms),
        ("stay_id",): frozenset(stays),
        ("care_month", "producer", "product"): reconciled(settings, frozenset(pseudonyms)),
    }
    # A child's row names the mother's stay. Opposition keeps that token, which leads nowhere; erasure empties it.
    cells = {"mother_stay_id": frozenset(stays)} if entry.kind == ERASURE else {}
    return Marks(rows, cells, dict.fromkeys(("old", "new"), frozenset(pseudonyms)))


def centre_keys(settings: Settings) -> list[tuple[int, bytes]]:
    """Every version of the centre's key that is here."""
    return [(version, key_bytes(settings, "centre", version)) for version in versions(settings, "centre")]


def reconciled(settings: Settings, pseudonyms: Values) -> Values:
    """Month, pharmacy and product of everything that was dispensed to some persons, as one text each."""
    names = ["dispensation_id", "pseudonym", "care_month", "producer", "cip13"]
    files: list[Path] = [path for pool in publication_pools(settings) for path in files_with(pool.root, names)]
    if not files or not pseudonyms:
        return frozenset()
    with duckdb.connect() as engine:
        query = (
            "SELECT DISTINCT care_month, producer, cip13 FROM read_parquet(?) "
            "WHERE cip13 IS NOT NULL AND list_contains(?, pseudonym)"
        )
        found = engine.execute(query, [[str(path) for path in files], sorted(pseudonyms)]).fetchall()
    return frozenset(UNIT_SEPARATOR.join(one) for one in found)
