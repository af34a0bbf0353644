"""What nights refused because somebody was erased: tokens and places, in the identity zone."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.core.ledger import line
from jobs.core.settings import Settings
from jobs.core.snapshot import read_json, write_json


@dataclass(frozen=True)
class Refused:
    """What one night refused: (subject, number token), (subject, stay), and (subject, place) of records."""

    subjects: tuple[tuple[str, str], ...] = ()
    stays: tuple[tuple[str, str], ...] = ()
    places: tuple[tuple[Any, ...], ...] = ()

    def lines(self) -> list[dict[str, Any]]:
        """Ledger lines: records erased, by the delivery that brought them."""
        records = {place[1:] for place in self.places}
        found = Counter((producer, delivery) for producer, delivery, _, _ in records)
        return [
            line(count, producer=producer, delivery_id=delivery, event="erased", cause="right of a person")
            for (producer, delivery), count in sorted(found.items())
        ]


def refused_path(settings: Settings, source: str, night: str) -> Path:
    """Where a night's refusals are remembered."""
    return settings.identity / "rights" / "refused" / source / f"{night}.json"


def write_refused(settings: Settings, source: str, night: str, refused: Refused) -> None:
    """Remember what a night refused; doing the night again replaces it."""
    value = {name: sorted(list(one) for one in told) for name, told in vars(refused).items()}
    write_json(refused_path(settings, source, night), value)


def refused_nights(settings: Settings) -> Iterator[tuple[str, Refused]]:
    """(source, what it refused) of every night."""
    for path in sorted((settings.identity / "rights" / "refused").glob("*/*.json")):
        value = {name: tuple(map(tuple, told)) for name, told in read_json(path).items()}
        yield path.parent.name, Refused(**value)
