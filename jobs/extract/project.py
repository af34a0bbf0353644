"""A research project as its reviewed file declares it."""

import json
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema

from jobs.core.errors import ConfigError
from jobs.core.manifest import explain
from jobs.core.schema import SCHEMAS, TableSchema, load_schema
from jobs.core.settings import REPOSITORY, Settings
from jobs.extract.generalise import RULES
from jobs.reference.lists import embedded

NAME = re.compile(r"[a-z][a-z0-9-]{1,40}")
MAX_SUPPRESSED = 0.1


@dataclass(frozen=True)
class Wanted:
    """What a project sees of one table: columns in the order of the table's declaration, and how each is coarsened."""

    table: str
    columns: tuple[str, ...]
    generalise: tuple[tuple[str, str], ...]

    def rule(self, column: str) -> str | None:
        """The project's generalisation of a column, on top of what is published."""
        return dict(self.generalise).get(column)


@dataclass(frozen=True)
class Project:
    """A project; ``months`` are the first and last care month, both included."""

    name: str
    epoch: int
    expires_on: str
    months: tuple[str, str]
    departments: tuple[str, ...]
    max_suppressed: float
    max_rows_per_person: int | None
    tables: tuple[Wanted, ...]


def folder_of(settings: Settings) -> Path:
    """Where the reviewed files of projects lie: a synthetic root may carry its own."""
    own = settings.root / "projects"
    return own if own.is_dir() else settings.repo / "config" / "projects"


def load_project(settings: Settings, name: str) -> Project:
    """A project by its name. Raises ConfigError (DSC-001) naming place and reason."""
    path = folder_of(settings) / f"{name}.toml"
    if not NAME.fullmatch(name) or not path.is_file():
        raise ConfigError("DSC-001: there is no such project; config/projects/<project>.toml declares one.")
    try:
        value = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=float)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"DSC-001: {path.name} is no TOML: {error}.") from None
    return parse_project(name, plain_dates(value))


def plain_dates(value: dict[str, Any]) -> dict[str, Any]:
    """TOML's own dates as text, which the declaration asks for."""
    return {key: item.isoformat() if isinstance(item, date) else item for key, item in value.items()}


def parse_project(name: str, value: dict[str, Any]) -> Project:
    """A project from its declaration. Raises ConfigError (DSC-001) for what is missing, unknown or not published."""
    declared = json.loads((SCHEMAS / "project.json").read_text(encoding="utf-8"))
    checker = jsonschema.FormatChecker(["date"])
    for error in sorted(jsonschema.Draft202012Validator(declared, format_checker=checker).iter_errors(value), key=str):
        raise ConfigError(f"DSC-001: {name}.toml: {explain(error)}.")
    return Project(
        name=name,
        epoch=value["epoch"],
        expires_on=value["expires_on"],
        months=(value["months"]["from"], value["months"]["to"]),
        departments=departments(name, value.get("departments", ())),
        max_suppressed=value.get("max_suppressed", MAX_SUPPRESSED),
        max_rows_per_person=value.get("max_rows_per_person"),
        tables=tuple(wanted(name, table, item) for table, item in sorted(value["tables"].items())),
    )


def departments(project: str, codes: Sequence[str]) -> tuple[str, ...]:
    """The departments asked for. Raises ConfigError for one that no release names: it would give an empty extract."""
    zones = {row["code"]: row["zone"] for row in embedded("department")}
    for code in codes:
        if code not in zones or zones[code]:
            instead = f"; it is published within {zones[code]}" if code in zones else ""
            raise ConfigError(f"DSC-001: {project}.toml: no release names a department {code!r}{instead}.")
    return tuple(codes)


def wanted(project: str, table: str, item: dict[str, Any]) -> Wanted:
    """One table of a project. Raises ConfigError for a table, column or rule that does not exist."""
    schema = published(project, table)
    unknown = sorted(set(item["columns"]) - set(schema.names))
    if unknown:
        raise ConfigError(f"DSC-001: {project}.toml: {table} has no column {', '.join(unknown)}.")
    generalise = item.get("generalise", {})
    for column, rule in sorted(generalise.items()):
        if column not in item["columns"] or rule not in RULES:
            known = ", ".join(RULES)
            raise ConfigError(
                f"DSC-001: {project}.toml: {table}.{column}: no column asked for, or no rule of these: {known}."
            )
        if schema[column].type not in RULES[rule].types or schema[column].privacy in ("token", "pseudonym"):
            raise ConfigError(f"DSC-001: {project}.toml: {rule} is no rule for {table}.{column}.")
    columns = tuple(column for column in schema.names if column in item["columns"])
    return Wanted(table, columns, tuple(sorted(generalise.items())))


def published(project: str, table: str) -> TableSchema:
    """The declaration of a published table of care."""
    path = REPOSITORY / "schemas" / "published" / f"{table}.json"
    schema = load_schema(f"published/{table}") if path.is_file() else None
    if schema is None or not schema.partition:
        raise ConfigError(f"DSC-001: {project}.toml: no published table of care or persons is called {table!r}.")
    return schema
