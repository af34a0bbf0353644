"""A person out of everything that is, was or may be published: candidates, and every kept release by its successor."""

from pathlib import Path

import duckdb

from jobs.core.attempt import attempt_folder
from jobs.core.keys import key_bytes, versions
from jobs.core.settings import Settings
from jobs.core.tokens import UNIT_SEPARATOR, text_base32
from jobs.pseudonymise.generalise import PERSON, TOKEN
from jobs.release.pools import open_folders, published_pool
from jobs.release.succession import succession
from jobs.rights.cut import Marks, Values
from jobs.rights.pointers import pointers, rewrite
from jobs.rights.register import ERASURE, Entry
from jobs.rights.resolve import files_with
from jobs.rights.successors import remove_old, succeed
from jobs.rights.zones import Removed, by_marks, cut_pools, delete, publication_pools


def unpublish(settings: Settings, entry: Entry) -> tuple[Removed, dict[str, str]]:
    """Take a person out of candidates and releases; what was removed, and ``{release: successor}`` of the request.

    The view of an old release goes after its successor can be read, and the files last.
    """
    pools = publication_pools(settings)
    with attempt_folder(settings) as attempt:
        removed = cut_pools(pools, by_marks(published_marks(settings, entry)), attempt)
        open_folders(published_pool(settings))
        rewrite(pointers(settings, "candidate"), removed.changed)
        succeed(settings, removed.changed, entry.request_id)
        remove_old(settings, succession(settings))
        delete(pools, removed)
    return removed, succession(settings, entry.request_id)


def published_marks(settings: Settings, entry: Entry) -> Marks:
    """How a person shows in what is published, under every version of the centre's key.

    ``reconciliation`` knows no person: the cells that boxes of the person went into are taken out of kept releases,
    and the next night makes them again without these boxes.
    """
    pseudonyms: set[str] = set()
    stays: set[str] = set()
    for version, key in centre_keys(settings):
        pseudonyms |= {f"{version}.{text_base32(key, PERSON, one)}" for one in entry.persons}
        stays |= {text_base32(key, TOKEN, one) for one in entry.stays}
    rows = {
        ("pseudonym",): frozenset(pseudonyms),
        ("stay_id",): frozenset(stays),
        ("care_month", "producer", "product"): reconciled(settings, frozenset(pseudonyms)),
    }
    # A child's row names the mother's stay. Opposition keeps that token, which leads nowhere; erasure empties it.
    return Marks(rows, {"mother_stay_id": frozenset(stays)} if entry.kind == ERASURE else {})


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
