"""What befalls whole deliveries, on request: cut, still arriving, never come, sent again, from a stranger.

The kinds ``OF_HOSPITALS`` change what is in a hospital's delivery: see ``mishap_hospital`` and ``hospital_delivery``.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from jobs.core.errors import ConfigError
from synthetic.deposit import Delivery, deposit, write_last

CUT, ARRIVING, MISSING, RESENT, CHANGED, UNKNOWN = "cut", "arriving", "missing", "resent", "changed", "unknown"
GZIP, UTF8, EMPTY, TRIAL, FAST_TRACK = "gzip", "utf8", "empty", "trial", "fast_track"
UNREADABLE = (GZIP, UTF8, EMPTY)
OF_HOSPITALS = (*UNREADABLE, TRIAL, FAST_TRACK)
KINDS = (CUT, ARRIVING, MISSING, RESENT, CHANGED, UNKNOWN, *OF_HOSPITALS)
STATUS = {
    CUT: "corrupt",
    ARRIVING: "arriving",
    RESENT: "resent_unchanged",
    CHANGED: "resent_changed",
    UNKNOWN: "unknown_producer",
}
STRANGER = "PH9999999"


@dataclass(frozen=True)
class Mishap:
    """One mishap and the producer it befalls (none for a stranger's delivery)."""

    kind: str
    producer: str


def parse(texts: list[str]) -> list[Mishap]:
    """Mishaps from ``KIND=PRODUCER``; ``unknown`` needs no producer. Raises ConfigError on anything else."""
    result = []
    for text in texts:
        kind, _, producer = text.partition("=")
        if kind not in KINDS or not (producer or kind == UNKNOWN):
            raise ConfigError(f"A mishap is KIND=PRODUCER with a kind among {', '.join(KINDS)}.")
        result.append(Mishap(kind, producer))
    return result


def send(delivery: Delivery, landing: Path, kinds: set[str]) -> str:
    """Deposit one delivery under the mishaps of its producer; the status that pull must find, or ``missing``.

    Without files there is nothing to deposit.
    """
    if MISSING in kinds or not delivery.files:
        return MISSING
    fresh = deposit(delivery, landing, complete=ARRIVING not in kinds)
    if CUT in kinds and fresh:
        path = delivery.folder(landing) / next(iter(delivery.files))
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return next((STATUS[kind] for kind in (ARRIVING, CUT) if kind in kinds), "complete")


def send_again(earlier: Delivery, landing: Path, kind: str) -> str:
    """Deposit an earlier night's delivery once more under its identifier, as it was or with one line twice."""
    if kind == CHANGED:
        name, content = next(iter(earlier.files.items()))
        files = earlier.files | {name: content + content.splitlines(keepends=True)[-1]}
        earlier = replace(earlier, files=files, records={})
    folder = earlier.folder(landing)
    for name, content in earlier.files.items():
        (folder / name).write_bytes(content)
    write_last(folder / "manifest.json", earlier.manifest())
    return STATUS[kind]
