"""A real root, its register and its deliveries: files that nobody here wrote, deposited by the documented command."""

import hmac
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from lxml import etree

from jobs.core.cli import SOURCES
from jobs.core.keys import key_bytes
from jobs.core.register import COLUMNS
from jobs.core.settings import Settings, prepare_root
from jobs.core.snapshot import read_json
from tests import deposits
from tests.nights import command, run_national, run_source

DATA = Path(__file__).parent / "data"
SAMPLES = sorted((DATA / "shared_record").glob("*.xml"))
NIGHT, HOSPITAL, PHARMACY, OPERATOR = "2026-11-22", "010008407", "PH0000001", "DMP1"
CDA = "{urn:hl7-org:v3}"
REGISTER = f"""{",".join(COLUMNS)}
{HOSPITAL},hospital,Centre hospitalier des exemples,pmsi-mco,,,2,dim@example.org,active
{PHARMACY},pharmacy,Pharmacie des exemples,pharmacy-csv,standard,,2,comptoir@example.org,active
{OPERATOR},shared_record,Dossiers des exemples,shared-record,,,2,exploitation@example.org,active
"""
WITHDRAWN = "3400921737851"  # in the release of 2019 only, in no embedded list
# The patient of the hospital's first stay fetches a withdrawn drug; a second patient's number has a wrong key.
EXTRACT = f"""\
ticket_id;line_id;event_type;event_ts_local;patient_nir;patient_nir_key;birth_date;sex;code_raw;quantity_signed;\
amount_total
T1;1;sale;21/11/2026 10:00:00;1480275990011;38;14/02/1948;1;{WITHDRAWN};2;4,36
T2;1;sale;21/11/2026 11:00:00;1850575990042;84;12/05/1985;1;3400949497294;1;25,36
"""
# Two numbers that several sample patients share put nine of the samples into quarantine: as a real producer this one
# would wait for a steward. The other thresholds are the reviewed ones.
HOLD = ("max_quarantined_share = 0.20", "max_quarantined_share = 0.50")


@dataclass
class Found:
    """What the night left."""

    settings: Settings
    codes: dict[str, int]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of a query whose ``{table}`` are tables of the release."""
        view = self.settings.published / "current"
        names = {path.name: f"read_parquet('{path}/*.parquet')" for path in view.iterdir() if path.is_dir()}
        return duckdb.sql(query.format(**names)).fetchall()

    def intake(self, source: str) -> list[dict[str, Any]]:
        """One row per record read."""
        return deposits.intake(self.settings, read_json(self.settings.standard / source / NIGHT / "proposal.json"))

    def claims(self, source: str) -> list[dict[str, Any]]:
        """The claims of a source's night."""
        proposal = read_json(self.settings.standard / source / NIGHT / "proposal.json")
        return deposits.rows_of(proposal["tables"]["claim"], self.settings.identity / "pool")


def deposit(source: str, producer: str, mode: str, covers: tuple[str, str], files: list[Path]) -> None:
    """The documented command."""
    days = ("--from", covers[0], "--to", covers[1], "--produced-at", "2026-11-22T01:00:00+01:00")
    about = ("--source", source, "--producer", producer, "--mode", mode, *days)
    assert command("jobs.landing.deposit", *about, *map(str, files)) == 0


def tell(folder: Path) -> Found:
    """One night through every stage, in a root below a folder."""
    settings = prepare_root(folder / "root", "real")
    (settings.root / "producers.csv").write_text(REGISTER, encoding="utf-8")
    extract = folder / "dispensations-2026-11-21.csv"
    extract.write_bytes(EXTRACT.replace("\n", "\r\n").encode("cp1252"))
    policy = (settings.repo / "config" / "policy.toml").read_text(encoding="utf-8")
    (folder / "policy.toml").write_text(policy.replace(*HOLD, 1), encoding="utf-8")
    names = ("rss_grouped_mixed_versions.txt", "vid_hosp_v014.txt", "hosp_pmsi.txt", "fichcomp_med.txt")
    hospital = [DATA / "hospital" / name for name in names]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VEILLEE_ROOT", str(settings.root))
        patch.setenv("VEILLEE_POLICY", str(folder / "policy.toml"))
        for release in ("2019-11", "2026-07"):
            assert command("jobs.reference.bdpm", "--from", str(DATA / "bdpm"), "--valid-on", release) == 0
        deposit("hospital", HOSPITAL, "replace", ("2023-01-01", "2023-12-31"), hospital)
        deposit("pharmacy", PHARMACY, "append", ("2026-11-21", "2026-11-21"), [extract])
        deposit("shared_record", OPERATOR, "append", ("2026-11-21", "2026-11-21"), SAMPLES)
        codes = {f"{stage} {one}": code for one in SOURCES for stage, code in run_source(NIGHT, one).items()}
        return Found(settings, codes | run_national(NIGHT))


def told(path: Path) -> tuple[str, str | None]:
    """Type code and day of a document, read without any of the project's code."""
    root = etree.parse(path).getroot()
    code, moment = root.find(f"{CDA}code"), root.find(f"{CDA}effectiveTime")
    assert code is not None and moment is not None
    return code.get("code", ""), moment.get("value", "")[:8] or None


def shown_name(settings: Settings, name: str) -> str:
    """The neutral name under which a deposited document appears outside the closed zones."""
    (delivery,) = [path.name for path in (settings.landing / "shared_record" / OPERATOR).iterdir()]
    place = "\x1f".join(("file", OPERATOR, delivery, name))
    digest = hmac.new(key_bytes(settings, "collector"), place.encode(), "sha256")
    return f"file-{digest.hexdigest()[:16]}"
