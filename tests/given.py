"""A night whose packs a test hands in, instead of pulling them."""

from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.standardise.context import Context


@dataclass
class Given(Context):
    """A context whose packs are handed in; like a real one it gives those of its own deliveries' formats."""

    given: DataFrame | None = None

    def packs(self) -> DataFrame:
        assert self.given is not None
        return self.given.where(F.col("format").isin(*{one.format for one in self.deliveries}))

    def pack_paths(self) -> list[Path]:
        return []
