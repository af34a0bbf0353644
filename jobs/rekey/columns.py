"""What of a published table stands under the centre's key, as its declaration says."""

from collections.abc import Iterator

from jobs.assemble.source_state import REKEYED
from jobs.core.schema import TableSchema, schemas_of
from jobs.pseudonymise.generalise import PRODUCER, TOKEN, domains

MIXED = {"source_state": ("producer", "source", REKEYED)}  # under the key in rows of some sources only


def keyed_columns(schema: TableSchema) -> dict[str, str]:
    """``{column: domain}`` of a table: pseudonyms, tokens, names of small organisations and professionals."""
    return domains(schema) | ({MIXED[schema.name][0]: PRODUCER} if schema.name in MIXED else {})


def origins() -> dict[str, set[str]]:
    """``{domain: columns of standard tables}`` that published values of a domain are made from, but for persons."""
    found: dict[str, set[str]] = {TOKEN: set(), PRODUCER: set()}
    for schema in schemas_of("published"):
        for name, domain in keyed_columns(schema).items():
            if domain in found:
                found[domain].add(str(schema[name].veillee.get("from", name)))
    return found


def person_columns() -> Iterator[tuple[str, str]]:
    """(zone, column) of every place that holds identifiers of persons."""
    for zone in ("identity", "crosswalk"):
        names = {item.name for schema in schemas_of(zone) for item in schema.fields if item.privacy == "person"}
        for name in sorted(names):
            yield zone, name
