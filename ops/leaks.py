"""``python -m ops.leaks``: look for identities where none may be, in every column, footer, text, log and database.

Zones that hold identities by design (landing, raw, identity, quarantine, truth) and the keys are not searched.
"""

import re
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.core.settings import REPOSITORY, Settings, load_settings
from ops.needles import WORD, Needles, claimed_needles, plain

SILENT_ZONES = ("standard", "crosswalk", "candidate", "published", "extracts", "reports", "ledger", "audit")
OWN_TEXTS = ("jobs", "dags", "ops", "schemas", "config", "expectations")
CHUNK = 4 * 1024 * 1024
OVERLAP = 256


def texts_of(path: Path) -> Iterator[tuple[str, str]]:
    """(place, text) of everything a file says; the kind is decided by the first bytes, never by the name."""
    with path.open("rb") as stream:
        head = stream.read(16)
    if head[:4] == b"PAR1":
        yield from parquet_texts(path)
    elif head == b"SQLite format 3\x00":
        yield from sqlite_texts(path)
    yield from byte_texts(path)


def parquet_texts(path: Path) -> Iterator[tuple[str, str]]:
    """Every value of every column with its dictionary, and the footer with its statistics."""
    source = pq.ParquetFile(path)
    yield "footer", f"{source.metadata.to_dict()} {source.metadata.metadata} {source.schema_arrow}"
    strings = [item.name for item in source.schema_arrow if pa.types.is_string(item.type)]
    table = pq.read_table(path, read_dictionary=strings)
    for name in table.column_names:
        for chunk in table[name].chunks:
            values = chunk.dictionary if isinstance(chunk, pa.DictionaryArray) else chunk.unique()
            yield f"column {name}", "\n".join(text_of(value) for value in values.to_pylist() if value is not None)


def text_of(value: object) -> str:
    """A cell as text; bytes are read as one character each."""
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def sqlite_texts(path: Path) -> Iterator[tuple[str, str]]:
    """Every cell of every table of a database."""
    with sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True) as connection:
        names = [row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")]
        for name in names:
            for row in connection.execute(f'select * from "{name}"'):  # noqa: S608  names come from the database itself
                yield f"table {name}", "\n".join(text_of(cell) for cell in row if cell is not None)


def byte_texts(path: Path) -> Iterator[tuple[str, str]]:
    """The file's own bytes, in overlapping chunks: what a reader of the raw file would see."""
    with path.open("rb") as stream:
        tail = b""
        while block := stream.read(CHUNK):
            yield "bytes", (tail + block).decode("utf-8", errors="replace")
            tail = block[-OVERLAP:]


def searched(settings: Settings, more: tuple[Path, ...] = ()) -> Iterator[Path]:
    """Files of the zones that may hold no identity, and of further folders such as Airflow's logs."""
    for folder in (*(settings.root / zone for zone in SILENT_ZONES), *more):
        for path in sorted([folder] if folder.is_file() else folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                yield path


def leaks(settings: Settings, needles: Needles, more: tuple[Path, ...] = ()) -> list[str]:
    """``<path>: <place>: <kind>`` of every identity found; the identity is not repeated. Linked files are read once."""
    found: set[str] = set()
    seen: set[int] = set()
    for path in searched(settings, more):
        inode = path.stat().st_ino
        found.update(f"{path}: name of the file: {kind}" for kind in needles.found_in(path.name))
        if inode in seen:
            continue
        seen.add(inode)
        for place, text in texts_of(path):
            found.update(f"{path}: {place}: {kind}" for kind in needles.found_in(text))
    return sorted(found)


def common_words() -> set[str]:
    """Words that the project's own files hold, and days in labels of code lists (of a decree, say): no canaries."""
    lists = sorted((REPOSITORY / "schemas" / "codes").glob("*.csv"))
    found = {day for path in lists for day in re.findall(r"\d\d/\d\d/\d{4}", path.read_text(encoding="utf-8"))}
    for folder in OWN_TEXTS:
        for path in sorted((REPOSITORY / folder).rglob("*")):
            if path.suffix in {".py", ".json", ".toml", ".csv", ".j2", ".css", ".js"}:
                found.update(WORD.findall(plain(path.read_text(encoding="utf-8"))))
    return found


def library_words(folder: Path) -> set[str]:
    """Words of a log folder's own frames (libraries' file names), which are no person's name."""
    pattern = re.compile(r"/[\w./-]+\.py")
    return {
        word
        for path in folder.rglob("*.log")
        for match in pattern.findall(path.read_text(encoding="utf-8", errors="replace"))
        for word in WORD.findall(match.upper())
    }


def main() -> int:
    """Search the root and, when it has run there, Airflow's logs and database."""
    settings = load_settings()
    airflow = (settings.root / "airflow",) if (settings.root / "airflow").is_dir() else ()
    needles = claimed_needles(settings, common_words())
    found = leaks(settings, needles, airflow)
    for place in found:
        print(f"leak: {place}", file=sys.stderr)
    counts = f"{len(needles.numbers)} numbers, {len(needles.names)} names and {len(needles.days)} dates"
    print(f"searched for {counts}: {len(found)} found")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
