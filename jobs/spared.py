"""What Great Expectations does again and again in a judgement, and is spared. ``jobs.suites`` alone imports this."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from great_expectations.execution_engine import SparkDFExecutionEngine
from great_expectations.expectations import registry
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

SAMPLES = ".unexpected_values"  # metrics that fetch failing values
ROWS: ContextVar[int] = ContextVar("rows")  # of the table that is being judged
STATED: ContextVar[dict[int, tuple[Expectation, ExpectationConfiguration]]] = ContextVar("stated")


def no_values(**_: Any) -> list[Any]:
    """What stands in for a sample of failing values."""
    return []


def fetch_no_values() -> None:
    """Let no rule fetch failing values from Spark.

    The counts asked for come with a sample of at most 0 values. It is empty, but each rule plans and collects it: a
    third of the time of a judgement.
    """
    for name, metric in registry._registered_metrics.items():
        providers = metric["providers"]
        if name.endswith(SAMPLES) and SparkDFExecutionEngine.__name__ in providers:
            owner, _ = providers[SparkDFExecutionEngine.__name__]
            providers[SparkDFExecutionEngine.__name__] = owner, no_values


def known_rows(**_: Any) -> int:
    """What stands in for counting a table's rows, which the judgement of its key has done."""
    return ROWS.get()


def count_no_rows() -> None:
    """Let the library take the rows of a Spark table as known: a job less for every suite."""
    providers = registry._registered_metrics["table.row_count"]["providers"]
    owner, _ = providers[SparkDFExecutionEngine.__name__]
    providers[SparkDFExecutionEngine.__name__] = owner, known_rows


@contextmanager
def stated_once() -> Iterator[None]:
    """A judgement, in which no rule changes and each states its configuration once."""
    token = STATED.set({})
    try:
        yield
    finally:
        STATED.reset(token)


def state_once() -> None:
    """Let a rule keep its configuration for a judgement: it is made anew for every argument of every metric."""
    made: Callable[[Expectation], ExpectationConfiguration] = Expectation.configuration.fget  # type: ignore[attr-defined]

    def configuration(rule: Expectation) -> ExpectationConfiguration:
        stated = STATED.get(None)
        if stated is None:
            return made(rule)
        if id(rule) not in stated:
            stated[id(rule)] = rule, made(rule)  # the rule as well: no other gets its id meanwhile
        return stated[id(rule)][1]

    Expectation.configuration = property(configuration)  # type: ignore[assignment, method-assign]


fetch_no_values()
count_no_rows()
state_once()
