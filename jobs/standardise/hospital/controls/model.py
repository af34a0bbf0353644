"""A control: a code, what it does to the line, when it fires, and the field at fault."""

from dataclasses import dataclass
from typing import Literal

from pyspark.sql import Column
from pyspark.sql import functions as F

Effect = Literal["blocking", "signal"]
CIM10 = r"^[A-Z]\d\d[\d+]{0,2}\d?$"  # a plus sign may stand in the fourth and fifth place, never in the sixth
CCAM = r"^[A-Z]{4}\d{3}$"
DIGITS = r"^\d+$"


@dataclass(frozen=True)
class Control:
    """One control on the frame that ``with_facts`` makes. A null condition does not fire."""

    code: str
    effect: Effect
    condition: Column
    field: str


def blocking(number: str, condition: Column, field: str) -> Control:
    """A control of the grouper that rejects the line."""
    return Control(f"GRP-{number}", "blocking", condition, field)


def signal(number: str, condition: Column, field: str) -> Control:
    """A control of the grouper that only tells."""
    return Control(f"GRP-{number}", "signal", condition, field)


def given(name: str) -> Column:
    """Whether a text field is not blank."""
    return F.col(name).isNotNull()


def starts(name: str, *prefixes: str) -> Column:
    """Whether a code begins with one of some texts."""
    return F.col(name).rlike(f"^({'|'.join(prefixes)})")


def some_starts(name: str, *prefixes: str) -> Column:
    """Whether one of an array's codes begins with one of some texts."""
    return F.exists(name, lambda code: code.rlike(f"^({'|'.join(prefixes)})"))


def outside(name: str, allowed: str) -> Column:
    """Whether a field that is given holds another character than those allowed."""
    return ~F.col(name).isin(*allowed)


def found(name: str) -> Column:
    """Whether the lists found something of the line; see ``reference``."""
    return F.array_contains("findings", name)


def named_if(conditions: dict[str, Column]) -> Column:
    """The names whose condition is true, as an array. A set operation rather than a filter: it is compiled."""
    names = F.array(*[F.when(condition, name) for name, condition in conditions.items()])
    return F.array_except(names, F.array(F.lit(None).cast("string")))
