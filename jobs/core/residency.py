"""The storage policy in force: which places may hold data and keys. ``config/storage.toml`` names them.

Asked when a command starts, before it writes anything, and by whatever opens a store over the network.
"""

import os
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jobs.core.errors import ConfigError
from jobs.core.mounts import LOCAL, Mount, mount_of, mounts
from jobs.core.settings import CLOSED_ZONES, OPEN_ZONES, Settings

KINDS = ("path", "mount", "endpoint", "key_service")
LOOPBACK = ("127.0.0.1", "::1", "localhost")
HOW = "name it in config/storage.toml after review (docs/how-to/storage-policy.md), or move the data"


@dataclass(frozen=True)
class Place:
    """One place that may hold data or keys, who operates it, where, and under which law."""

    kind: str
    at: str
    region: str
    operator: str
    jurisdiction: str
    source: str = ""


@dataclass(frozen=True)
class Storage:
    """The storage policy."""

    jurisdictions: tuple[str, ...]
    places: tuple[Place, ...]

    def of(self, kind: str) -> list[Place]:
        """The places of a kind."""
        return [one for one in self.places if one.kind == kind]

    def to_json(self) -> dict[str, Any]:
        """As the run page shows it."""
        return {"jurisdictions": list(self.jurisdictions), "places": [asdict(one) for one in self.places]}


def load_storage(settings: Settings) -> Storage:
    """``config/storage.toml``, or the file VEILLEE_STORAGE names. Raises ConfigError (RES-005) when it is not right."""
    path = Path(os.environ.get("VEILLEE_STORAGE", settings.repo / "config" / "storage.toml"))
    try:
        value = tomllib.loads(path.read_text(encoding="utf-8"))
        places = tuple(Place(**one) for one in value.get("place", ()))
        storage = Storage(tuple(value["jurisdictions"]), places)
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise refusal("RES-005", f"{path.name} cannot be used ({type(error).__name__})", "correct it") from None
    for one in places:
        if one.kind not in KINDS or (one.kind == "mount") != bool(one.source):
            raise refusal("RES-005", f"{path.name}: place {one.at} has no known kind, or no source", "correct it")
        if one.jurisdiction not in storage.jurisdictions:
            what = f"{path.name}: place {one.at} stands under the law of {one.jurisdiction}"
            raise refusal("RES-005", what, f"allowed is {', '.join(storage.jurisdictions)}: take the place out")
    return storage


def require_residency(settings: Settings) -> Storage:
    """Raise ConfigError unless every zone and the key service lie in a place that the storage policy names."""
    storage, known = load_storage(settings), mounts()
    for path in real_places(settings):
        require_path(storage, settings.root, path, known)
    module = settings.policy.get("custody", {}).get("module")
    if module and module not in [one.at for one in storage.of("key_service")]:
        raise refusal("RES-004", f"the key service {module} is not in the storage policy", HOW)
    return storage


def require_target(settings: Settings, file: Path) -> None:
    """Raise ConfigError unless a file that is to be written outside the root lies in a place of the storage policy."""
    require_path(load_storage(settings), settings.root, file.parent.resolve(), mounts())


def real_places(settings: Settings) -> list[Path]:
    """Root and zones as the kernel resolves them, links directly below a zone included."""
    found = [settings.root]
    for zone in OPEN_ZONES + CLOSED_ZONES:
        folder = settings.root / zone
        if folder.is_dir():
            found.append(folder)
            found += [Path(one.path) for one in os.scandir(folder) if one.is_symlink()]
    return sorted({path.resolve() for path in found})


def require_path(storage: Storage, root: Path, path: Path, known: list[Mount]) -> None:
    """Raise ConfigError for a path outside every place (RES-001), or on a share that no place names (RES-002)."""
    allowed = [Path(one.at.replace("{root}", str(root))).resolve() for one in storage.of("path")]
    named = {(one.at, one.source) for one in storage.of("mount")}
    mount = mount_of(path, known)
    if (str(mount.point), mount.source) in named:
        return
    if mount.kind not in LOCAL:
        raise refusal(
            "RES-002", f"{path} lies on {mount.source} ({mount.kind}), which is not in the storage policy", HOW
        )
    if not any(path.is_relative_to(one) for one in allowed):
        raise refusal("RES-001", f"{path} is outside the places of the storage policy", HOW)


def require_endpoint(storage: Storage, url: str, region: str | None) -> None:
    """Raise ConfigError (RES-003) unless an S3 endpoint, and the region asked of it, are in the storage policy.

    A bucket may stand before the host, as AWS addresses it. ``region`` None: only the host is judged.
    """
    asked = urlsplit(url)
    host = (asked.hostname or "").rstrip(".").lower()
    for one in storage.of("endpoint"):
        if one.at == "loopback":
            if host in LOOPBACK:
                return
            continue
        place = urlsplit(one.at)
        same = host == place.hostname or host.endswith(f".{place.hostname}")
        if same and (asked.scheme, asked.port) == (place.scheme, place.port) and region in (None, one.region):
            return
    what = f"the store {asked.scheme}://{host}" + (f", region {region}," if region else "")
    raise refusal("RES-003", f"{what} is not in the storage policy", HOW)


def refusal(code: str, what: str, remedy: str) -> ConfigError:
    """The refusal: rule, what and where, what to do."""
    return ConfigError(f"{code}: {what}: {remedy}. Nothing was read or written there.")
