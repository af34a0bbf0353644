"""Airflow's partitioned assets behind our words; their names moved between minor versions, so they appear only here."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from airflow.sdk import Asset, CronPartitionTimetable, PartitionedAssetTimetable, PartitionedAtRuntime

from common.settings import SOURCES, TIMEZONE, schedule, schedule_is_on

CLOSED = {source: Asset(name=f"closed_{source}", uri=f"veillee://standard/{source}") for source in SOURCES}


def every_night(at: str) -> CronPartitionTimetable | PartitionedAtRuntime:
    """A run each night at the ``[schedule]`` entry ``at``, keyed by the night; by hand if the schedule is off."""
    if not schedule_is_on():
        return PartitionedAtRuntime()
    hour, minute = schedule(at).split(":")
    return CronPartitionTimetable(f"{int(minute)} {int(hour)} * * *", timezone=TIMEZONE, key_format="%Y-%m-%d")


def when_all_closed() -> PartitionedAssetTimetable:
    """A run for a night as soon as every source has closed that same night."""
    hospital, pharmacy, shared_record = (CLOSED[source] for source in SOURCES)
    return PartitionedAssetTimetable(assets=hospital & pharmacy & shared_record)


def night_of(context: Mapping[str, Any]) -> str:
    """The night a run is for. Raises ValueError when the run was started without one."""
    key = context["dag_run"].partition_key or (context["dag_run"].conf or {}).get("night")
    if not key:
        raise ValueError("This run names no night. Start it with a partition key such as 2026-11-22.")
    return date.fromisoformat(key).isoformat()


def was_closed(context: Mapping[str, Any], source: str) -> bool:
    """Has the source's partition of this run's night been emitted already? The task must have it as an inlet.

    To a run that a person started, only a partition that still waits for the others counts: a night that was judged
    before can be closed and judged again.
    """
    night = night_of(context)
    events = context["inlet_events"][CLOSED[source]].ascending(False).limit(100)
    return any(
        event.partition_key == night and (is_scheduled(context) or not event.created_dagruns) for event in events
    )


def is_scheduled(context: Mapping[str, Any]) -> bool:
    """Was the run started by the clock, not by a person?"""
    return str(context["dag_run"].run_type) in {"scheduled", "DagRunType.SCHEDULED"}
