"""Requests as files: one person, one right, signed off by a role. They hold identifiers: nobody else may read them."""

import json
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from jobs.core.errors import ConfigError, DataRefused
from jobs.identifiers.ins import REAL_OIDS, python_ins13
from jobs.identifiers.nir import python_nir13

KINDS = ("opposition", "erasure")
NAME = re.compile(r"[A-Z]{1,3}-20[0-9]{2}-[0-9]{1,4}")  # no room for a name or a number that names somebody
FIELDS = {"request_id", "kind", "dated", "signed_off_by", "identifiers"}
SYSTEM = re.compile(r"[!-~]{1,200}")  # an OID, or the address that a system of identifiers has
PRODUCER = re.compile(r"[A-Za-z0-9-]{1,32}")


@dataclass(frozen=True, order=True)
class Identifier:
    """``number``: 13 characters of a NIR or an INS; or a producer's own ``patient`` or ``stay`` number."""

    kind: str
    value: str
    source: str = ""
    producer: str = ""
    system: str = ""


@dataclass(frozen=True)
class Request:
    """One right of one person."""

    request_id: str
    kind: str
    dated: str
    signed_off_by: str
    identifiers: tuple[Identifier, ...]


def read_requests(folder: Path, roles: list[str]) -> list[Request]:
    """Every request of a folder, by name.

    Raises ConfigError when there is no folder or others can read it, DataRefused on the first bad request.
    Nothing of a request's content is ever repeated in a message.
    """
    if not folder.is_dir():
        raise ConfigError("RGT-001: the folder of requests is not there, or is no folder.")
    require_closed(folder, "the folder of requests", 0o700)
    paths = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    return [read_request(path, place, roles) for place, path in enumerate(paths, start=1)]


def require_closed(path: Path, what: str, mode: int) -> None:
    """Raise ConfigError when the group or others can reach a file or folder, or when it is a link."""
    if path.is_symlink() or path.lstat().st_mode & 0o077:
        raise ConfigError(f"RGT-001: {what} is open to others or is a link; its mode must be {mode:04o}.")


def read_request(path: Path, place: int, roles: list[str]) -> Request:
    """One request. Raises ConfigError or DataRefused in words that name the file only when its name is safe."""
    if not NAME.fullmatch(path.stem) or path.suffix != ".json" or not path.is_file():
        raise DataRefused(
            f"RGT-002: file {place} of the folder is not named as a request (letters, then numbers: R-2026-001.json)."
        )
    require_closed(path, path.name, 0o600)
    try:
        value = json.loads(path.read_bytes())
    except ValueError:
        raise DataRefused(f"RGT-002: {path.name} is no JSON text.") from None
    try:
        return parse(value, path.stem, roles)
    except Malformed as error:
        raise DataRefused(f"RGT-002: {path.name}: {error}.") from None


class Malformed(Exception):
    """What is wrong with a request, without what it says."""


def parse(value: Any, name: str, roles: list[str]) -> Request:
    """A request from its JSON value. Raises Malformed."""
    require(isinstance(value, dict) and set(value) == FIELDS, f"its fields must be exactly {', '.join(sorted(FIELDS))}")
    require(value["request_id"] == name, "request_id differs from the name of the file")
    require(value["kind"] in KINDS, f"kind must be {' or '.join(KINDS)}")
    require(is_date(value["dated"]), "dated must be a date of the form 2026-11-22")
    require(value["signed_off_by"] in roles, f"signed_off_by must be a role of the policy: {', '.join(roles)}")
    told = value["identifiers"]
    require(isinstance(told, list) and len(told) > 0, "identifiers must be a list with one identifier at least")
    found = {identifier(item, rank) for rank, item in enumerate(told, start=1)}
    return Request(name, value["kind"], value["dated"], value["signed_off_by"], tuple(sorted(found)))


def require(condition: bool, reason: str) -> None:
    """Raise Malformed with a reason."""
    if not condition:
        raise Malformed(reason)


def is_date(value: Any) -> bool:
    """Whether a value is a date as text."""
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def identifier(item: Any, rank: int) -> Identifier:
    """One identifier. Raises Malformed naming its rank."""
    texts = isinstance(item, dict) and all(isinstance(one, str) and one.strip() for one in item.values())
    require(texts, f"identifier {rank} must hold texts")
    shape = set(item)
    if shape == {"nir"}:
        return numbered(python_nir13(item["nir"]), f"identifier {rank} is no NIR with a right key")
    if shape == {"ins", "oid"}:
        require(item["oid"] in REAL_OIDS, f"identifier {rank}: the OID is not that of an INS in use")
        return numbered(python_ins13(item["ins"]), f"identifier {rank} is no INS with a right key")
    return local(item, shape, rank)


def numbered(thirteen: str | None, reason: str) -> Identifier:
    """A number that can be looked for. Raises Malformed when it is none."""
    if thirteen is None:
        raise Malformed(reason)
    return Identifier("number", thirteen)


def local(item: dict[str, str], shape: set[str], rank: int) -> Identifier:
    """A producer's own number. Raises Malformed."""
    source = item.get("source")
    require(source != "pharmacy", f"identifier {rank}: a pharmacy has no patient number of its own; give the NIR")
    wanted = {
        "hospital": ({"source", "producer", "patient"}, {"source", "producer", "stay"}),
        "shared_record": ({"source", "producer", "patient", "system"},),
    }
    require(
        source in wanted and shape in wanted[str(source)],
        f"identifier {rank} must be nir; ins and oid; source hospital, producer and patient or stay; "
        "or source shared_record, producer, system and patient",
    )
    require(bool(PRODUCER.fullmatch(item["producer"])), f"identifier {rank}: producer is not a name of the register")
    system = item.get("system", "")
    require(not system or bool(SYSTEM.fullmatch(system)), f"identifier {rank}: system must be one word, an OID mostly")
    kind = "stay" if "stay" in item else "patient"
    return Identifier(kind, item[kind].strip(), str(source), item["producer"], system)
