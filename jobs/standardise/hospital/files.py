"""The files of a night: told, which says what each line is and no more, or read with all fields."""

from dataclasses import dataclass

from pyspark.sql import DataFrame

from jobs.core.blocks import BLOCKS
from jobs.standardise.context import Context
from jobs.standardise.fixed_width_fields import read_lines
from jobs.standardise.fixed_width_lines import Chosen, placed_parts, teller
from jobs.standardise.hospital.fields import SHAPE
from jobs.standardise.hospital.ranges import Ranges
from jobs.standardise.hospital.tokens import LINE_TOKENS, keyed_packs
from jobs.standardise.layouts import load_layouts


@dataclass(frozen=True)
class Files:
    """Tonight's packs with what tokens need. ``several_parts``: whether a file may be longer than a part."""

    packs: DataFrame
    several_parts: bool

    @classmethod
    def of(cls, context: Context) -> "Files":
        """The files of tonight's deliveries."""
        part = context.settings.policy["pull"]["part_bytes"]
        several = any(item["bytes"] > part for one in context.deliveries for item in one.files)
        return cls(keyed_packs(context, context.packs()), several)

    def told(self, ranges: Ranges) -> DataFrame:
        """Places and tokens of all lines, as blocks."""
        tell = teller(load_layouts("hospital"), LINE_TOKENS)
        parts = placed_parts(self.packs, several_parts=self.several_parts, given=LINE_TOKENS.given)
        return parts.mapInArrow(lambda batches: ranges.told(tell(batches)), BLOCKS)

    def read(self, chosen: Chosen | None = None) -> DataFrame:
        """Lines with their fields: all of them, or those that are chosen."""
        layouts, several = load_layouts("hospital"), self.several_parts
        lines = read_lines(self.packs, layouts, SHAPE, several_parts=several, marks=LINE_TOKENS, chosen=chosen)
        return lines.drop("about")
