"""Four nights of one root in which much goes wrong, told once for the tests that look at them."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest

from jobs.core import cli
from jobs.core.keys import key_bytes
from jobs.core.settings import Settings, prepare_root
from jobs.core.snapshot import read_json
from jobs.pseudonymise.generalise import producer_token
from jobs.release.publish import current_release
from tests.nights import SOURCES, command, run_national, run_source

N1, N2, N3, N4, N5 = (f"2026-11-{day}" for day in range(22, 27))
SIZES = ("--persons", "400", "--hospitals", "3", "--pharmacies", "5", "--documents", "150", "--mess", "0.03",
         "--seed", "7", "--start", "2026-11-08")  # fmt: skip
OPERATOR = "DMP1"
LARGE = 5_000  # bytes: of the second night's documents some are larger, two more than twice as large, and some are not


@dataclass
class Story:
    """What the nights left, and what was seen in between."""

    settings: Settings
    policies: Path
    cut: str = ""
    absent: str = ""
    changed: str = ""
    codes: dict[str, dict[str, int]] = field(default_factory=dict)
    releases: dict[str, str | None] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    refusal: list[str] = field(default_factory=list)
    twice: list[bool] = field(default_factory=list)

    def state(self, source: str, night: str) -> dict[str, Any]:
        """The closed state of a source."""
        return dict(read_json(self.settings.standard / source / night / "state.json"))

    def proposal(self, source: str, night: str) -> dict[str, Any]:
        """What standardise proposed."""
        return dict(read_json(self.settings.standard / source / night / "proposal.json"))

    def run(self, night: str) -> dict[str, Any]:
        """The facts of a night's report."""
        return dict(read_json(self.settings.reports / night / "run.json"))

    def rows(self, night: str, query: str) -> list[tuple[Any, ...]]:
        """Rows of a query whose ``{table}`` are tables of a night's release."""
        view = self.settings.published / str(self.releases[night])
        names = {path.name: f"read_parquet('{path}/*.parquet')" for path in view.iterdir() if path.is_dir()}
        return duckdb.sql(query.format(**names)).fetchall()

    def published_state(self, night: str, source: str, producer: str) -> tuple[Any, ...]:
        """(status, as_of, held_since, reason) of a producer in a night's ``source_state``."""
        key = key_bytes(self.settings, "centre", 1)
        name = producer_token(key, producer) if source == "pharmacy" else producer
        columns = "status, as_of::varchar, held_since::varchar, reason"
        (found,) = self.rows(night, f"select {columns} from {{source_state}} where producer = '{name}'")
        return found

    def policy(self, name: str, **changes: tuple[str, str]) -> str:
        """A policy file that differs from the reviewed one in some lines."""
        text = (self.settings.repo / "config" / "policy.toml").read_text(encoding="utf-8")
        for old, new in changes.values():
            assert text.count(old) == 1
            text = text.replace(old, new)
        path = self.policies / f"{name}.toml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    def dialect(self, new: str | None = None) -> str:
        """The registered dialect of the pharmacy that changes; ``new`` replaces it. Returns what was there."""
        path = self.settings.root / "producers.csv"
        lines = path.read_text(encoding="utf-8").splitlines()
        place = next(rank for rank, line in enumerate(lines) if line.startswith(f"{self.changed},"))
        cells = lines[place].split(",")
        old, cells[4] = cells[4], new or cells[4]
        lines[place] = ",".join(cells)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return old


def every_source(story: Story, night: str, **instead: Any) -> None:
    """All source stages and the national ones; ``instead`` runs a source in another way."""
    codes: dict[str, int] = {}
    for source in SOURCES:
        found = instead[source](night) if source in instead else run_source(night, source)
        codes |= {f"{stage} {source}": code for stage, code in found.items()}
    story.codes[night] = codes | run_national(night)
    story.releases[night] = current_release(story.settings)


def crash(story: Story, patch: pytest.MonkeyPatch, night: str) -> dict[str, int]:
    """The shared record's stages under a policy that lacks what its parser needs: the job dies half-way."""
    patch.setenv("VEILLEE_POLICY", story.policy("broken", gone=("max_ratio = 100\n", "")))
    codes = run_source(night, "shared_record", ("pull", "standardise", "check"))
    patch.delenv("VEILLEE_POLICY")
    codes |= run_source(night, "shared_record", ("close",))
    return codes | {"verdict": command("jobs.close", "--night", night, "--source", "shared_record", "--verdict")}


def close_again(story: Story, night: str) -> None:
    """Close every source a second time, by hand and by the deadline."""
    paths = [story.settings.standard / source / night / "state.json" for source in SOURCES]
    before = [path.read_bytes() for path in paths]
    for source in SOURCES:
        for flags in ((), ("--deadline",)):
            story.twice.append(command("jobs.close", "--night", night, "--source", source, *flags) == 0)
    story.twice.append(before == [path.read_bytes() for path in paths])


def refused_night(story: Story, patch: pytest.MonkeyPatch, pharmacies: list[str]) -> None:
    """Hospitals deliver, and the shared record's delivery of the night before loads; large documents are rejected."""
    missing = [word for name in (*pharmacies, OPERATOR) for word in ("--mishap", f"missing={name}")]
    assert command("synthetic", "--night", N3, *missing) == 0
    changes = {
        "required": ("required_sources = []", 'required_sources = ["pharmacy"]'),
        "documents": ("max_document_bytes = 67_108_864", f"max_document_bytes = {LARGE}"),
    }
    patch.setenv("VEILLEE_POLICY", story.policy("strict", **changes))
    story.heard.clear()
    every_source(story, N3)
    story.refusal = list(story.heard)
    patch.delenv("VEILLEE_POLICY")


def ask_again(story: Story) -> None:
    """A steward asks that rejected records are taken in again."""
    (delivery,) = story.proposal("pharmacy", N2)["producers"][story.changed]["deliveries"]
    assert command("jobs.replay", "--delivery", delivery, "--producer", story.changed) == 0
    (delivery,) = story.proposal("shared_record", N3)["producers"][OPERATOR]["deliveries"]
    assert command("jobs.replay", "--delivery", delivery, "--producer", OPERATOR, "--rule", "DOC-013") == 0


def tell(folder: Path) -> Story:
    """The nights in a root below a folder."""
    settings = prepare_root(folder / "root", "synthetic")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VEILLEE_ROOT", str(settings.root))
        found = Story(settings, folder)
        patch.setattr(cli, "say", found.heard.append)
        assert command("synthetic", "--night", N1, *SIZES) == 0
        names = {source: sorted(path.name for path in (settings.landing / source).iterdir()) for source in SOURCES}
        found.cut, found.absent, found.changed = names["hospital"][0], names["pharmacy"][0], names["pharmacy"][2]
        every_source(found, N1)
        mishaps = ("--mishap", f"cut={found.cut}", "--mishap", f"missing={found.absent}")
        assert command("synthetic", "--night", N2, *mishaps) == 0
        right = found.dialect(new="comptoir" if found.dialect() != "comptoir" else "officine")
        every_source(found, N2, shared_record=lambda night: crash(found, patch, night))
        close_again(found, N2)
        refused_night(found, patch, names["pharmacy"])
        found.dialect(new=right)
        ask_again(found)
        every_source(found, N4)
        ask_again(found)
        for source in ("pharmacy", "shared_record"):
            codes = run_source(N5, source, ("pull", "standardise"))
            found.codes.setdefault(N5, {}).update({f"{stage} {source}": code for stage, code in codes.items()})
        return found
