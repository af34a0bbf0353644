"""What a replay let through: counted as event ``released``, remembered so that it happens once."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.core.ledger import line
from jobs.core.snapshot import write_json
from jobs.replay.memory import Place, released_before, released_path
from jobs.replay.packs import quarantined, whole_file_rules
from jobs.replay.requests import Replay
from jobs.standardise.context import Context

PLACE_NAMES = ["producer", "delivery_id", "file", "record"]


@dataclass
class Released:
    """Records let through, by place when they come from quarantine, else only counted; and the rest."""

    places: dict[Place, str] = field(default_factory=dict)
    whole: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def count(self) -> int:
        """Records that this night lets through."""
        return len(self.places) + self.whole.total()

    def by_producer(self) -> "dict[str, Released]":
        """What is let through of each producer."""
        found: dict[str, Released] = defaultdict(Released)
        for place, code in self.places.items():
            found[place[0]].places[place] = code
        for delivery, count in self.whole.items():
            found[delivery[0]].whole[delivery] = count
        return found

    def lines(self, context: Context) -> list[dict[str, Any]]:
        """Ledger lines: event ``released``, with the rule that had rejected the records or the hold as cause."""
        stage = {"stage": "standardise", "source": context.source, "event": "released"}
        rejected = Counter((producer, delivery, code) for (producer, delivery, _, _), code in self.places.items())
        lines = [
            line(count, **stage, producer=producer, delivery_id=delivery, rule=code, cause="replay")
            for (producer, delivery, code), count in rejected.items()
        ]
        return lines + [
            line(count, **stage, producer=producer, delivery_id=delivery, cause="replay of a held delivery")
            for (producer, delivery), count in self.whole.items()
        ]


def released_records(context: Context, records: DataFrame, replays: list[Replay]) -> Released:
    """What of the records taken in again passed this time. ``records`` are those of the replayed deliveries only."""
    found = Released()
    passed = records.where(F.col("outcome").isin("accepted", "unchanged")).select(*PLACE_NAMES)
    whole = {(one.delivery.producer, one.delivery.delivery_id) for one in replays if one.whole}
    if whole:
        for row in passed.groupBy("producer", "delivery_id").count().collect():
            if (row.producer, row.delivery_id) in whole:
                found.whole[row.producer, row.delivery_id] += row["count"]
    before = released_before(context.settings, context.source, context.night)
    for replay in replays:
        if not replay.whole:
            for row in let_through(context, passed, replay).collect():
                place = (row.producer, row.delivery_id, row.file, row.record)
                if place not in before:
                    found.places[place] = row.was
    return found


def let_through(context: Context, passed: DataFrame, replay: Replay) -> DataFrame:
    """The places among those that passed which a rule had rejected (``was``), alone or with their whole file."""
    rejected = quarantined(context.spark, context.settings, context.source, replay).withColumn("was", F.col("rule"))
    whole = F.col("rule").isin(whole_file_rules(context.source))
    alone = passed.join(rejected.where(~whole).select(*PLACE_NAMES, "was"), PLACE_NAMES, how="inner")
    files = rejected.where(whole).select(*PLACE_NAMES[:3], "was")
    return alone.unionByName(passed.join(files, PLACE_NAMES[:3], how="inner"))


def write_released(context: Context, released: Released) -> None:
    """Remember what this night lets through; doing the night again replaces it."""
    path = released_path(context.settings, context.source, context.night)
    if released.places or path.is_file():
        places = [[*place, code] for place, code in sorted(released.places.items())]
        write_json(path, {"night": context.night, "source": context.source, "records": places})
