"""Case E-09 of the catalogue: exports whose manifest or lines are not what they should be."""

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from synthetic.mess import ACCEPTED, DUPLICATE, IGNORED, QUARANTINED

Manifest = dict[str, Any]
Fault = tuple[str, int, str, str]
MANIFEST = "export.json"


@dataclass
class Export:
    """An export: its manifest, its files, the faults planted in it as (file, record, code, outcome).

    ``whole``: the rule that refuses all of it, at the manifest; ``rules``: by fault, what must judge it.
    """

    manifest: Manifest
    files: dict[str, bytes]
    faults: list[Fault] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)
    whole: str = ""

    def told(self, file: str, record: int, code: str, outcome: str, rule: str) -> None:
        """One fault more."""
        self.faults.append((file, record, code, outcome))
        self.rules.append(rule)

    def lines(self, file: str) -> int:
        """Lines of a file, packed or not."""
        content = self.files[file]
        return (gzip.decompress(content) if file.endswith(".gz") else content).count(b"\n")


@dataclass(frozen=True)
class Case:
    """One case; ``alone`` ones refuse the whole export, so they are planted only when asked for."""

    code: str
    rule: str
    spoil: Callable[[Export, str], None]
    alone: bool = False

    def answers(self, only: str) -> bool:
        """Whether it is meant by ``--mess-only``."""
        return only in (self.code, self.code.partition("/")[0], self.rule) if only else not self.alone


def entry_of(export: Export, file: str) -> Manifest:
    """The manifest's line about a file."""
    found: Manifest = next(one for one in export.manifest["output"] if one["url"].endswith(f"/{file}"))
    return found


def add_line(export: Export, file: str, line: bytes) -> int:
    """One line more, counted in the manifest; its number."""
    export.files[file] += line + b"\n"
    number = export.lines(file)
    entry_of(export, file)["count"] = number
    return number


def twice(export: Export, code: str) -> None:
    """A patient told twice alike."""
    file = "Patient.000.ndjson"
    number = add_line(export, file, export.files[file].splitlines()[0])
    export.told(file, number, code, DUPLICATE, "")


def no_json(export: Export, code: str) -> None:
    """A line that is cut."""
    file = "Observation.000.ndjson" if "Observation.000.ndjson" in export.files else "Patient.000.ndjson"
    number = add_line(export, file, export.files[file].splitlines()[0][:-20])
    export.told(file, number, code, QUARANTINED, "FHR-002")


def long_line(export: Export, code: str) -> None:
    """A line of 21 MB."""
    file = "DocumentReference.000.ndjson"
    start = b'{"resourceType":"DocumentReference","id":"long","description":"'
    number = add_line(export, file, start + b"x" * 21_000_000 + b'"}')
    export.told(file, number, code, QUARANTINED, "FHR-004")


def unknown_keys(export: Export, code: str) -> None:
    """Keys of newer drafts of the manifest."""
    export.manifest |= {"outputOrganizedBy": "Patient", "link": [], "extension": {"x": {"y": 1}}}
    export.told(MANIFEST, 1, code, ACCEPTED, "")


def told_errors(export: Export, code: str) -> None:
    """The server tells that something could not be exported."""
    file = "error.000.ndjson"
    issue = {"severity": "error", "code": "exception", "diagnostics": "timeout"}
    line = json.dumps({"resourceType": "OperationOutcome", "issue": [issue]})
    export.files[file] = f"{line}\n".encode()
    export.manifest["error"] = [{"type": "OperationOutcome", "url": f"{BASE}/{file}", "count": 1}]
    export.told(file, 1, code, IGNORED, "FHR-052")


def packed(export: Export, code: str) -> None:
    """Every file packed by gzip."""
    export.files = {f"{name}.gz": gzip.compress(content, mtime=0) for name, content in export.files.items()}
    for one in (*export.manifest["output"], *export.manifest["deleted"]):
        one["url"] += ".gz"
    export.told(MANIFEST, 1, code, ACCEPTED, "")


def refuse(export: Export, code: str, rule: str, culprit: str = MANIFEST) -> None:
    """All of an export: the file at fault for its reason, all the others because of it (FHR-024)."""
    export.whole = rule
    export.faults, export.rules = [], []
    for name in (MANIFEST, *export.files):
        for record in range(1, 2 if name == MANIFEST else export.lines(name) + 1):
            export.told(name, record, code, QUARANTINED, rule if name == culprit else "FHR-024")


def count(export: Export, code: str) -> None:
    """A file with one line fewer than the manifest tells."""
    export.manifest["output"][0]["count"] += 1
    refuse(export, code, "FHR-022")


def missing(export: Export, code: str) -> None:
    """A file that did not come."""
    entry = dict(export.manifest["output"][0], url=f"{BASE}/{export.manifest['output'][0]['type']}.001.ndjson", count=3)
    export.manifest["output"].append(entry)
    refuse(export, code, "FHR-021")


def no_manifest(export: Export, code: str) -> None:
    """A manifest without its time."""
    del export.manifest["transactionTime"]
    refuse(export, code, "FHR-020")


BASE = "https://dossier.invalid/fhir/export"
CASES: tuple[Case, ...] = (
    Case("E-09/twice", "", twice),
    Case("E-09/json", "FHR-002", no_json),
    Case("E-09/keys", "", unknown_keys),
    Case("E-09/gzip", "", packed, alone=True),
    Case("E-09/error", "FHR-052", told_errors, alone=True),
    Case("E-09/long", "FHR-004", long_line, alone=True),
    Case("E-09/count", "FHR-022", count, alone=True),
    Case("E-09/missing", "FHR-021", missing, alone=True),
    Case("E-09/manifest", "FHR-020", no_manifest, alone=True),
)


def spoil(export: Export, only: str, share: float) -> Export:
    """The export with the cases asked for; none without mess, and only one of those that stand alone."""
    chosen = [case for case in CASES if share > 0 and case.answers(only)]
    if only:
        chosen = chosen[:1]
    for case in chosen:
        case.spoil(export, case.code)
    return export
