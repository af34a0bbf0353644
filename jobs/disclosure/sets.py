"""The sets of quasi-identifiers that ``schemas/published`` declares (``veillee.quasi_sets``)."""

from dataclasses import dataclass

from jobs.core.schema import SchemaMismatch, TableSchema, schemas_of


@dataclass(frozen=True)
class QuasiSet:
    """Columns that a neighbour may know about somebody, the column that says who that is, and what it would reveal."""

    table: str
    name: str
    fields: tuple[str, ...]
    about: str
    sensitive: str | None

    def within(self, columns: list[str]) -> "QuasiSet | None":
        """The set as far as some columns hold it; None when none of its fields or nobody is among them."""
        kept = tuple(name for name in self.fields if name in columns)
        if not kept or self.about not in columns:
            return None
        return QuasiSet(self.table, self.name, kept, self.about, self.sensitive if self.sensitive in columns else None)


def quasi_sets() -> list[QuasiSet]:
    """Every declared set, by table and in declared order."""
    return [one for schema in schemas_of("published") for one in sets_of(schema)]


def sets_of(schema: TableSchema) -> list[QuasiSet]:
    """The sets of one table. Raises SchemaMismatch when one names a column that the table has not."""
    declared = schema.veillee.get("quasi_sets")
    if declared is None:
        return []
    found = [
        QuasiSet(schema.name, item["name"], tuple(item["fields"]), declared["about"], item.get("sensitive"))
        for item in declared["sets"]
    ]
    for one in found:
        unknown = {*one.fields, one.about, one.sensitive or one.about} - set(schema.names)
        if unknown:
            raise SchemaMismatch(f"{schema.name}, set {one.name}: no column {', '.join(sorted(unknown))}.")
    return found
