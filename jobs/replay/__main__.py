"""Command line: ``python -m jobs.replay --delivery ID [--producer P] [--rule CODE]``."""

import argparse
import sys
from typing import Any

from jobs.core.cli import SOURCES, answered
from jobs.core.errors import ConfigError, DataRefused
from jobs.core.rules import rule
from jobs.core.settings import Settings
from jobs.replay.requests import write_request
from jobs.standardise.deliveries import complete_deliveries, pulled_nights, read_pull


def main(argv: list[str] | None = None) -> int:
    """Ask that the next open night takes a delivery in again. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m jobs.replay", description=main.__doc__)
    parser.add_argument("--delivery", required=True, help="delivery whose rejected records are to be read again")
    parser.add_argument("--producer", help="needed when several producers use the same delivery number")
    parser.add_argument("--rule", help="only records that this rule rejected")
    arguments = parser.parse_args(argv)

    def work(settings: Settings) -> dict[str, Any]:
        return {"stage": "replay", **request(settings, arguments.delivery, arguments.producer, arguments.rule)}

    return answered("replay", work)


def request(settings: Settings, delivery: str, producer: str | None, code: str | None) -> dict[str, str | None]:
    """Write the request. Raises DataRefused when no night received the delivery, ConfigError when it is ambiguous."""
    settings.kind  # noqa: B018  an unstamped root is refused before anything is touched
    if code is not None:
        rule(code)
    found = received(settings, delivery, producer)
    if not found:
        raise DataRefused(f"no night received a complete delivery {delivery}, or its raw bytes are past retention.")
    if len(found) > 1:
        owners = ", ".join(owner for _, owner in found[:5])
        raise ConfigError(f"{len(found)} producers sent a delivery {delivery} ({owners}…); add --producer.")
    source, owner = found[0]
    write_request(settings, source, owner, delivery, code)
    return {"source": source, "producer": owner, "delivery_id": delivery, "rule": code}


def received(settings: Settings, delivery: str, producer: str | None) -> list[tuple[str, str]]:
    """Source and producer of every received delivery of that number."""
    found = set()
    for source in SOURCES:
        for night in pulled_nights(settings, source):
            for one in complete_deliveries(read_pull(settings, source, night) or {"deliveries": []}, night):
                if one.delivery_id == delivery and producer in (None, one.producer):
                    found.add((source, one.producer))
    return sorted(found)


if __name__ == "__main__":
    sys.exit(main())
