"""Make a project's extract from a release: chosen, coarsened, judged, under its own pseudonyms, in its own order."""

import hashlib
import os
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from jobs.core.attempt import attempt_folder
from jobs.core.errors import DataRefused
from jobs.core.keys import project_key
from jobs.core.parquet import write_runs
from jobs.core.schema import load_schema
from jobs.core.settings import Settings
from jobs.core.snapshot import canonical_json, read_json, sha256_of
from jobs.disclosure.measure import Exposure, columns, relation_of
from jobs.extract.generalise import token_columns
from jobs.extract.project import Project, Wanted
from jobs.extract.rows import Limits, choose, exposures
from jobs.extract.tokens import rename

BATCH = 65_536
Told = dict[str, Any]


def make(settings: Settings, project: Project, release: str, *, cause: str | None = None) -> Told:
    """Write ``extracts/<project>/<extract>/`` and make it current; the extract before it is removed.

    ``cause``: why it is made anew although nobody asked (a right was carried out): then a difference of one person from
    the extract before is what was asked for, and does not stop it. Raises DataRefused (DSC-002, DSC-003).
    """
    policy = settings.policy["privacy"]
    limits = Limits(policy["least_members"], policy["least_values"])
    before = current_extract(settings, project.name)
    told: Told = {}
    with attempt_folder(settings) as attempt:
        folder = attempt / "extract"
        folder.mkdir()
        for wanted in project.tables:
            told[wanted.table] = write_table(settings, project, wanted, release, before, limits, folder)
        require_small_steps(told, policy["max_alone_in_difference"], before is not None and cause is None)
        return publish(settings, project, release, told, folder)


def write_table(
    settings: Settings,
    project: Project,
    wanted: Wanted,
    release: str,
    before: Path | None,
    limits: Limits,
    folder: Path,
) -> Told:
    """One table of the extract as one Parquet file, and what was left out of it."""
    files = sorted((settings.published / release / wanted.table).glob("*.parquet"))
    connection = duckdb.connect(config={"temp_directory": str(folder.parent), "threads": 2})
    try:
        found = choose(connection, relation_of(files), project, wanted, limits)
        require_few_suppressed(project, wanted, found.rows, found.suppressed)
        schema = load_schema(f"published/{wanted.table}")
        tokens = token_columns(schema, wanted.columns)
        rename(connection, tokens, project_key(settings, project.name, project.epoch), project.epoch)
        earlier = relation_before(before, wanted)
        shown = exposures(connection, wanted, earlier, limits)
        order = columns(wanted.columns)
        ordered = connection.sql(f"SELECT {order} FROM rows ORDER BY {order}")  # noqa: S608
        reader: pa.RecordBatchReader = ordered.to_arrow_reader(BATCH)
        name = write_runs(folder, reader.schema, iter(reader))
    finally:
        connection.close()
    (folder / name).rename(folder / f"{wanted.table}.parquet")
    return {**asdict(found), "sets": {key: item.to_json() for key, item in shown.items()}}


def require_few_suppressed(project: Project, wanted: Wanted, rows: int, suppressed: int) -> None:
    """Raise DataRefused when k or l is reached only by leaving out more rows than the project allows."""
    if suppressed > project.max_suppressed * (rows + suppressed):
        share = 100 * suppressed // (rows + suppressed)
        raise DataRefused(
            f"DSC-002: {project.name}, {wanted.table}: {share} % of the rows are in classes of too few persons or "
            f"too few sensitive values; the project allows {100 * project.max_suppressed:.0f} %. Coarsen a column."
        )


def require_small_steps(told: Told, most: float, judged: bool) -> None:
    """Raise DataRefused when subtracting the extract before would show too many persons one by one."""
    for table, item in told.items():
        for name, found in item["sets"].items():
            one = Exposure.from_json(found)
            if judged and one.alone_in_difference > most * max(one.classes, 1):
                raise DataRefused(
                    f"DSC-003: {table}, set {name}: too many classes differ by one person from the extract before. "
                    "Wait for another whole month, or coarsen a column."
                )


def relation_before(before: Path | None, wanted: Wanted) -> str | None:
    """The same table in the extract before, when it has the same columns."""
    path = before / f"{wanted.table}.parquet" if before else None
    if path is None or not path.is_file():
        return None
    return relation_of([path]) if pq.read_schema(path).names == list(wanted.columns) else None


def publish(settings: Settings, project: Project, release: str, told: Told, folder: Path) -> Told:
    """Name the extract by its content, put it into place, switch, and remove the one before."""
    files = {path.stem: sha256_of(path) for path in sorted(folder.glob("*.parquet"))}
    body = {
        "project": project.name,
        "epoch": project.epoch,
        "expires_on": project.expires_on,
        "release": release,
        "tables": {table: told[table] | {"sha256": digest} for table, digest in files.items()},
    }
    digest = hashlib.sha256(canonical_json(body).encode()).hexdigest()
    name = f"{release[:10]}-{digest[:12]}"
    (folder / "extract.json").write_text(canonical_json({"extract": name, **body}), encoding="utf-8")
    home = settings.extracts / project.name
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (home / name).is_dir():
        folder.rename(home / name)
    draft = home / f".current.{os.getpid()}"
    draft.unlink(missing_ok=True)
    draft.symlink_to(name)
    draft.replace(home / "current")
    for other in home.iterdir():
        if other.is_dir() and not other.is_symlink() and other.name != name:
            shutil.rmtree(other)
    return {"extract": name, "tables": {table: item["rows"] for table, item in told.items()}}


def current_extract(settings: Settings, project: str) -> Path | None:
    """The folder of a project's extract, or nothing."""
    link = settings.extracts / project / "current"
    return link.resolve() if link.is_symlink() else None


def kept(settings: Settings) -> dict[str, dict[str, Any]]:
    """``extract.json`` of every project that has an extract."""
    found = sorted(settings.extracts.glob("*/current/extract.json")) if settings.extracts.is_dir() else []
    return {path.parent.parent.name: read_json(path) for path in found}
