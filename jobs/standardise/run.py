"""The driver: which deliveries a night loads, which parser reads them, and the one pointer that proposes the result."""

import importlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from jobs.core.attempt import attempt_folder
from jobs.core.errors import DataRefused
from jobs.core.nights import previous_state, state_path
from jobs.core.register import load_register
from jobs.core.settings import Settings
from jobs.core.snapshot import read_json, write_json
from jobs.replay.requests import Replay, take_requests
from jobs.standardise.deliveries import Delivery, complete_deliveries, read_pull
from jobs.standardise.pools import proposal_path

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

WALKED = {"spark.sql.codegen.wholeStage": "false", "spark.sql.codegen.factoryMode": "NO_CODEGEN"}
EVERY: Mapping[str, int] = MappingProxyType({})


def standardise_night(settings: Settings, night: str, source: str | None) -> dict[str, Any]:
    """Parse what a source's producers deposited and propose the new content of its standard tables."""
    assert source is not None
    path = proposal_path(settings, source, night)
    if state_path(settings, source, night).is_file() and path.is_file():
        return summary(read_json(path))  # closed: what was judged is not proposed anew
    pull = read_pull(settings, source, night)
    if pull is None:
        raise DataRefused(f"{source} {night}: pull has not run; there is nothing to standardise.")
    base = previous_state(settings, source, night)
    replays = take_requests(settings, source, night, base)
    deliveries = complete_deliveries(pull, night) + [one.delivery for one in replays]
    proposal = propose(settings, night, source, base, deliveries, replays)
    write_json(path, proposal)
    return summary(proposal)


def propose(
    settings: Settings,
    night: str,
    source: str,
    base: dict[str, Any] | None,
    deliveries: list[Delivery],
    replays: list[Replay],
) -> dict[str, Any]:
    """The proposal; without deliveries it is empty and costs no Spark session."""
    if not deliveries:
        return empty_proposal(night, source, base)
    from jobs.core.session import shares, spark_session  # a night without deliveries pays for none of this
    from jobs.replay.packs import replayed_packs
    from jobs.standardise.context import Context
    from jobs.standardise.write import write_proposal

    parser = importlib.import_module(f"jobs.standardise.{source}")
    blocks, fewer = getattr(parser, "IN_BLOCKS", ()), getattr(parser, "FEWER", {})
    size, rows, moved = size_of(deliveries), size_of(deliveries, blocks), size_of(deliveries, blocks, fewer)
    with attempt_folder(settings) as attempt, spark_session(settings, f"standardise {source}", moved) as spark:
        context = Context(
            spark=spark,
            settings=settings,
            night=night,
            source=source,
            deliveries=deliveries,
            register=load_register(settings),
            base=base,
            attempt=attempt,
            replayed=replayed_packs(spark, settings, source, night, replays),
        )
        try:
            with shares(spark, size), planned_for(spark, rows):  # blocks are shuffled too
                return write_proposal(context, parser.standardise(context), replays)
        finally:
            context.release()


@contextmanager
def planned_for(spark: "SparkSession", rows: int) -> Iterator[None]:
    """Plans that are not compiled, for a night whose rows all pass Spark by; no result depends on it.

    ``rows``: bytes of deliveries that become rows of Spark.
    """
    before = {name: str(spark.conf.get(name)) for name in WALKED}
    for name, value in WALKED.items():
        spark.conf.set(name, before[name] if rows else value)
    try:
        yield
    finally:
        for name, value in before.items():
            spark.conf.set(name, value)


def size_of(deliveries: list[Delivery], without: tuple[str, ...] = (), fewer: Mapping[str, int] = EVERY) -> int:
    """Deposited bytes; those of formats that pass Spark by in blocks ask for no larger session.

    ``fewer``: of these formats Spark's rows hold one byte for so many that were deposited.
    """
    counted = (one for one in deliveries if one.format not in without)
    return sum(item["bytes"] // fewer.get(one.format, 1) for one in counted for item in one.files)


def empty_proposal(night: str, source: str, base: dict[str, Any] | None) -> dict[str, Any]:
    """What a night without deliveries proposes: nothing, said in full."""
    return {
        "night": night,
        "source": source,
        "base": base["night"] if base else None,
        "producers": {},
        "tables": {"intake": [], "claim": [], "quarantined_record": []},
        "measures": [],
        "ledger": [],
    }


def summary(proposal: dict[str, Any]) -> dict[str, Any]:
    """The counts of the final line."""
    producers = proposal["producers"].values()
    names = ("read", "accepted", "unchanged", "duplicate", "quarantined", "ignored")
    counts = {name: sum(one[name] for one in producers) for name in names}
    return {"producers": len(proposal["producers"]), **counts}
