"""Published tables that are made from rows of standard tables, not copied from them.

A published declaration names its function in ``derive``; in ``beside`` the second standard table that it needs, if any.
"""

from collections.abc import Callable

from pyspark.sql import DataFrame

from jobs.core.errors import ConfigError
from jobs.core.schema import TableSchema
from jobs.pseudonymise.derive.asserted import asserted
from jobs.pseudonymise.derive.net import net_dispensations
from jobs.pseudonymise.derive.reconciliation import reconcile

DERIVE: dict[str, Callable[..., DataFrame]] = {
    "asserted": asserted,
    "net_dispensations": net_dispensations,
    "reconcile": reconcile,
}


def derived(schema: TableSchema, rows: DataFrame, beside: DataFrame | None) -> DataFrame:
    """The rows of a published table before generalisation; ``rows`` as they are when the declaration derives nothing.

    Raises ConfigError when the declaration names a function that is not here.
    """
    name = schema.veillee.get("derive")
    if name is None:
        return rows
    if name not in DERIVE:
        raise ConfigError(f"{schema.name}: there is no way to derive {name!r}.")
    return DERIVE[name](rows) if beside is None else DERIVE[name](rows, beside)
