"""Columns as they travel: few texts as a dictionary, a token as its 16 bytes; and as they are written, as text."""

import pyarrow as pa

from jobs.core.tokens import token_texts

TOKEN = pa.binary(16)  # the first bytes of a keyed digest
LABEL = pa.dictionary(pa.int32(), pa.string())


def in_texts(table: pa.Table, declared: pa.Schema | None = None) -> pa.Table:
    """Rows without dictionaries; and without the bytes of tokens that are declared as text."""
    for place, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            column = table.column(place).combine_chunks()
            table = table.set_column(place, field.name, column.dictionary.take(column.indices))
        elif declared is not None and field.type == TOKEN and pa.types.is_string(declared.field(field.name).type):
            table = table.set_column(place, field.name, token_texts(table.column(place).combine_chunks()))
    return table
