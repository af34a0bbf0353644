"""Which pointers and folders are past their time. Ages are counted from the night, not from the clock."""

import re
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

from jobs.core.cli import SOURCES
from jobs.core.nights import decisions
from jobs.core.settings import Settings
from jobs.core.snapshot import read_json
from jobs.extract.renew import expired, releases_in_use
from jobs.pull.received import is_open
from jobs.release.publish import current_release, kept_releases

NIGHT = re.compile(r"\d{4}-\d{2}-\d{2}")


def before(night: str, days: int) -> str:
    """The first night that is young enough."""
    return (date.fromisoformat(night) - timedelta(days=days)).isoformat()


def nights_in(folder: Path) -> list[Path]:
    """Folders and files of a zone that are named by a night, oldest first."""
    found = folder.iterdir() if folder.is_dir() else iter(())
    return sorted(path for path in found if NIGHT.fullmatch(path.name.removesuffix(".json")))


def old_releases(settings: Settings) -> list[Path]:
    """Releases beyond the newest ones. None without a current one.

    The current one and its predecessor always stay, and those that a project's extract was made from.
    """
    current = current_release(settings)
    names = kept_releases(settings)
    if current not in names:
        return []
    stay = {*names[-max(1, settings.policy["retention"]["releases_kept"]) :], current}
    stay.add(read_json(settings.published / str(current) / "release.json")["previous"])
    stay |= releases_in_use(settings)
    return [settings.published / name for name in names if name not in stay]


def release_nights(settings: Settings, gone: Iterable[Path]) -> set[str]:
    """Nights of the releases that stay; their index and crosswalk stay with them."""
    names = set(kept_releases(settings)) - {path.name for path in gone}
    return {str(read_json(settings.published / name / "release.json")["night"]) for name in names}


def unfinished(settings: Settings, folders: list[Path]) -> set[str]:
    """Nights among these that nobody has decided yet, and the newest published one: later nights start from it."""
    decided = decisions(settings)
    published = [night for night, item in decided.items() if item["decision"] == "publish"]
    return {path.name for path in folders} - set(decided) | set(published[-1:])


def old_candidates(settings: Settings) -> list[Path]:
    """Candidates but the newest ones and those that a night is still working on or will start from."""
    folders = nights_in(settings.candidate)
    stay = unfinished(settings, folders)
    stay |= {path.name for path in folders[-max(1, settings.policy["retention"]["candidates_kept"]) :]}
    return [path for path in folders if path.name not in stay]


def old_links(settings: Settings, zone: Path, gone: list[Path]) -> list[Path]:
    """Indexes or crosswalks of nights that no kept release was made with; the newest one stays."""
    folders = nights_in(zone)
    stay = unfinished(settings, folders) | release_nights(settings, gone) | {path.name for path in folders[-1:]}
    return [path for path in folders if path.name not in stay]


def old_states(settings: Settings, source: str) -> list[Path]:
    """A source's snapshots but the newest ones, undecided ones, and those that the memory of replays asks."""
    folders = nights_in(settings.standard / source)
    stay = unfinished(settings, folders)
    stay |= {path.name for path in folders[-max(1, settings.policy["retention"]["nights_kept_in_standard"]) :]}
    stay |= {path.stem for path in (settings.ledger / "released" / source).glob("*.json")}
    return [path for path in folders if path.name not in stay]


def closed_staging(settings: Settings, source: str) -> list[Path]:
    """Staged copies of nights that are closed: their packs hold the same bytes."""
    return [path for path in nights_in(settings.work / "pull" / source) if not is_open(settings, source, path.name)]


def of_sources(settings: Settings, night: str, sources: Iterable[str]) -> dict[str, list[Path]]:
    """What goes of the zones that source jobs write, by zone."""
    kept = settings.policy["retention"]
    found: dict[str, list[Path]] = {"raw": [], "standard": [], "quarantine": [], "work/pull": []}
    for source in sources:
        found["raw"] += [p for p in nights_in(settings.raw / source) if p.name < before(night, kept["raw"])]
        found["standard"] += old_states(settings, source)
        quarantined = nights_in(settings.quarantine / source)
        found["quarantine"] += [p for p in quarantined if p.stem < before(night, kept["quarantine"])]
        found["work/pull"] += closed_staging(settings, source)
    return found


def of_nation(settings: Settings, night: str) -> dict[str, list[Path]]:
    """What goes of the zones that the national jobs write, by zone."""
    gone = old_releases(settings)
    return {
        "published": gone,
        "extracts": [settings.extracts / name for name in expired(settings, date.fromisoformat(night))],
        "candidate": old_candidates(settings),
        "identity": old_links(settings, settings.identity, gone),
        "crosswalk": old_links(settings, settings.crosswalk, gone),
    }


def pools(settings: Settings) -> dict[str, list[Path]]:
    """Folders of content-addressed files by zone. The ledger's pool is not among them: it is kept for ever."""
    return {
        "standard": [settings.standard / source / "pool" for source in SOURCES],
        "identity": [settings.identity / "pool"],
        "crosswalk": [settings.crosswalk / "pool"],
        "quarantine": [settings.quarantine / "pool"],
        "candidate": [settings.candidate / "pool"],
        "published": [settings.published / "pool"],
    }
