"""What an attacker tries on what is published: each attack returns what it got, so that nothing is the passing answer.

The list is section 8 of the reference on identity; what an attacker may know from outside is an argument.
"""

import base64
import hashlib
import hmac
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

GUESSES = (b"", b"key", b"secret", b"veillee", b"changeme", bytes(32))  # keys that somebody might have left in place
COMMUNE = re.compile(r"(\d{2}|2[AB])\d{3}")
TELLING = re.compile(r"birth|naissance|^nir$|_nir$|postcode|_name$|commune")


def numbers_of_department(year: int, department: str, commune: str = "999") -> Iterator[str]:
    """Every number that persons born in one year in one department can have."""
    for sex, month, order in product("12", range(1, 13), range(1, 1000)):
        yield f"{sex}{year % 100:02d}{month:02d}{department}{commune}{order:03d}"


def forms(text: str) -> Iterator[str]:
    """A number as a careless pseudonym: hashed or under a guessable key, whole or cut, in three alphabets."""
    message = text.encode()
    digests = [hashlib.sha256(message).digest(), hashlib.sha1(message, usedforsecurity=False).digest()]
    digests += [hmac.new(guess, message, hashlib.sha256).digest() for guess in GUESSES]
    for digest in digests:
        yield digest.hex()
        yield digest.hex()[:32]
        yield base64.b32encode(digest).decode()[:26]
        yield base64.b64encode(digest).decode()[:22]


def dictionary(values: set[str], numbers: Iterable[str]) -> list[str]:
    """Published values that are a function of a number anybody can list."""
    bare = {value.split(".", 1)[-1][:64] for value in values} | values
    return [
        number for number in numbers for told in (number, f"person\x1f{number}") if not bare.isdisjoint(forms(told))
    ]


def key_in_files(folder: Path, keys: Mapping[str, bytes], spared: Sequence[str] = ()) -> list[str]:
    """Files below a folder that hold a key, as bytes, in hexadecimal or in base64."""
    needles = {
        name: (key, key.hex().encode(), key.hex().upper().encode(), base64.b64encode(key)[:40])
        for name, key in keys.items()
    }
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and path.relative_to(folder).parts[0] not in spared:
            data = path.read_bytes()
            found += [f"{path}: {name}" for name, told in needles.items() if any(needle in data for needle in told)]
    return found


def shared_tokens(one: Iterable[Path], other: Iterable[Path]) -> set[str]:
    """Tokens that two extracts have in common."""
    return tokens_in(one) & tokens_in(other)


def tokens_in(files: Iterable[Path]) -> set[str]:
    """Every value that looks like a token, whatever its column is called."""
    pattern = re.compile(r"(\d+\.)?[A-Z2-7]{26}")
    return {value for path in files for value in texts_in(path) if pattern.fullmatch(value)}


def texts_in(path: Path) -> set[str]:
    """Every text of a Parquet file."""
    table = pq.read_table(path)
    names = [item.name for item in table.schema if str(item.type) in ("string", "large_string")]
    return {value for name in names for value in table[name].unique().to_pylist() if value is not None}


def same_sequences(one: Path, other: Path, columns: Sequence[str], least: int = 2) -> float:
    """Share of persons of an extract whose whole sequence of values fits exactly one person of another extract."""
    mine, theirs = sequences(one, columns, least), sequences(other, columns, least)
    ours = Counter(mine.values())
    alone = Counter(theirs.values())
    hits = sum(1 for sequence in mine.values() if ours[sequence] == 1 and alone[sequence] == 1)
    return hits / len(mine) if mine else 0.0


def sequences(path: Path, columns: Sequence[str], least: int) -> dict[str, tuple[Any, ...]]:
    """Each person's rows as one sorted sequence, of persons with at least some rows."""
    found: dict[str, list[Any]] = defaultdict(list)
    for row in pq.read_table(path, columns=["pseudonym", *columns]).to_pylist():
        found[row["pseudonym"]].append(tuple(str(row[name]) for name in columns))
    return {who: tuple(sorted(rows)) for who, rows in found.items() if len(rows) >= least}


def heavy_users(path: Path, known: Sequence[str], whose: Mapping[str, str]) -> tuple[int, float]:
    """(hits, chance): the outside list's heaviest users, sought among the pseudonyms with most rows.

    ``known``: the persons that an outside list names, heaviest first; ``whose``: the truth, pseudonym to person.
    Among equals the attacker takes what sorts first.
    """
    rows = Counter(pq.read_table(path, columns=["pseudonym"])["pseudonym"].to_pylist())
    taken = [who for who, _ in sorted(rows.items(), key=lambda item: (-item[1], item[0]))[: len(known)]]
    hits = len({whose[who] for who in taken} & set(known))
    return hits, len(known) * len(known) / len(rows)


def rank_correlation(pairs: Sequence[tuple[int, int]]) -> float:
    """Spearman's coefficient of two positions of the same rows."""
    order = sorted(range(len(pairs)), key=lambda place: pairs[place][1])
    ranks = {place: rank for rank, place in enumerate(order)}
    first = sorted(range(len(pairs)), key=lambda place: pairs[place][0])
    distance = sum((rank - ranks[place]) ** 2 for rank, place in enumerate(first))
    count = len(pairs)
    return 1 - 6 * distance / (count * (count**2 - 1))


def followed(before: Sequence[str], after: Sequence[str]) -> dict[str, set[tuple[str, str]]]:
    """Pairs of an old and a new pseudonym that an attacker who holds both releases, and not the map, takes for one.

    ``place``: the nth of both, in the order of their files. ``order``: the nth of both, sorted. ``text``: what has a
    part of six characters in common. All persons of a release are in both lists.
    """
    parts: dict[str, list[str]] = defaultdict(list)
    for one in before:
        for part in parts_of(one):
            parts[part].append(one)
    return {
        "place": set(zip(before, after, strict=False)),
        "order": set(zip(sorted(before), sorted(after), strict=False)),
        "text": {(one, other) for other in after for part in parts_of(other) for one in parts.get(part, ())},
    }


def parts_of(pseudonym: str, length: int = 6) -> set[str]:
    """Every part of a pseudonym, its version apart."""
    bare = pseudonym.split(".", 1)[-1]
    return {bare[start : start + length] for start in range(len(bare) - length + 1)}


def changed_apart(releases: Sequence[set[str]], least: int) -> list[tuple[set[str], set[str]]]:
    """Pseudonyms that left one release and came in the next, where so few did at one date that they are the same."""
    found = []
    for before, after in pairwise(releases):
        left, came = before - after, after - before
        if left and came and min(len(left), len(came)) < least:
            found.append((left, came))
    return found


def singled_out(path: Path, known: Sequence[str], least: int) -> list[tuple[Any, ...]]:
    """Combinations of what a neighbour knows that fewer than ``least`` persons share."""
    members: dict[tuple[Any, ...], set[str]] = defaultdict(set)
    for row in pq.read_table(path).to_pylist():
        members[tuple(row[name] for name in known)].add(row["pseudonym"])
    return [values for values, who in members.items() if len(who) < least]


def too_exact(folder: Path, communes: set[str]) -> list[str]:
    """Columns of a release that say a day of birth, an age above 90, or a place smaller than a department."""
    found = []
    for path in sorted(folder.glob("*/*.parquet")):
        table = pq.read_table(path)
        for name in table.column_names:
            values = [value for value in table[name].unique().to_pylist() if value is not None]
            place = f"{path.parent.name}.{name}"
            texts = [value for value in values if isinstance(value, str)]
            if TELLING.search(name) and any(not isinstance(value, bool) for value in values):
                found.append(f"{place}: name")
            if name.startswith("age") and any(isinstance(value, int) and value > 90 for value in values):
                found.append(f"{place}: age")
            if (
                len(texts) >= 5
                and sum(bool(COMMUNE.fullmatch(text)) and text in communes for text in texts) > len(texts) / 2
            ):
                found.append(f"{place}: commune")
    return sorted(set(found))


def blooms(files: Iterable[Path]) -> list[str]:
    """Files with a Bloom filter: it answers whether a value was in a column, also for a value somebody brings along."""
    query = "SELECT count(*) FROM parquet_metadata(?) WHERE bloom_filter_offset IS NOT NULL"
    return [str(path) for path in files if duckdb.execute(query, [str(path)]).fetchall()[0][0]]


Cell = tuple[str, str, str]  # dimension, value, measure; the whole night has neither dimension nor value
Bounds = dict[Cell, tuple[int, int]]
Sums = list[tuple[Cell, list[Cell]]]  # a cell, and the cells that it is the sum of
LINKED = ("number_birth_date", "number_first_name", "exact_traits", "score")


def linkage_cells(told: Mapping[str, Any], below: int) -> tuple[Bounds, Sums, dict[tuple[Cell, Cell], int]]:
    """What a report's linkage says: bounds of every cell, which cells add up, and rates of (linked, subjects).

    Every dimension tells all new subjects, each once; a subject is linked by one rule, or is a new person.
    """
    whole = {"subjects": told["subjects"], **told["tiers"]}
    bounds: Bounds = {("", "", name): coarse_bounds(count, below) for name, count in whole.items()}
    sums: Sums = [(("", "", "subjects"), [("", "", tier) for tier in told["tiers"]])] if told["tiers"] else []
    rates = {}
    for dimension, rows in {"source": told["by_source"], **told["groups"]}.items():
        for row in rows:
            cells = {name: (dimension, row["name"], name) for name in row if name not in ("name", "rate_percent")}
            bounds |= {cell: coarse_bounds(row[name], below) for name, cell in cells.items()}
            unshown = (dimension, row["name"], "decision")  # links by a steward stand in the whole night alone
            bounds[unshown] = (0, coarse_bounds(whole.get("decision", 0), below)[1])
            sums.append((cells["linked"], [*[cells[name] for name in LINKED], unshown]))
            sums.append((cells["subjects"], [cells["linked"], cells["new_person"]]))
            if row["rate_percent"] is not None:
                rates[cells["linked"], cells["subjects"]] = row["rate_percent"]
        sums += [(("", "", name), [(dimension, row["name"], name) for row in rows]) for name in whole if rows]
    assert all(cell in bounds for _, parts in sums for cell in parts)
    return bounds, sums, rates


def coarse_bounds(told: int | None, below: int) -> tuple[int, int]:
    """What a count that is rounded down to tens, or hidden below a limit, can have been."""
    if told is None:
        return 1, below - 1
    return (max(told, below), told + 9) if told else (0, 0)


def recomputed_cells(bounds: Bounds, sums: Sums, rates: Mapping[tuple[Cell, Cell], int]) -> dict[Cell, int]:
    """Hidden cells that the others leave one value for: each bound narrows those that it adds up with."""
    now, changed = dict(bounds), True

    def narrow(cell: Cell, low: int, high: int) -> None:
        nonlocal changed
        found = max(now[cell][0], low), min(now[cell][1], high)
        changed |= found != now[cell]
        now[cell] = found

    while changed:
        assert all(low <= high for low, high in now.values()), "a report that contradicts itself"
        changed = False
        for whole, parts in sums:
            narrow(whole, sum(now[one][0] for one in parts), sum(now[one][1] for one in parts))
            for part in parts:
                rest = [now[one] for one in parts if one != part]
                low, high = now[whole]
                narrow(part, low - sum(one[1] for one in rest), high - sum(one[0] for one in rest))
        for (linked, subjects), rate in rates.items():
            narrow(linked, -(-rate * now[subjects][0] // 100), ((rate + 1) * now[subjects][1] - 1) // 100)
            narrow(subjects, 100 * now[linked][0] // (rate + 1), 100 * now[linked][1] // rate if rate else 10**9)
    return {cell: low for cell, (low, high) in now.items() if low == high and bounds[cell][0] == 1}
