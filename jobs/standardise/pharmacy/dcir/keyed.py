"""Numbers become tokens in the task that reads them: no number of a person, pharmacy or prescriber leaves it.

A token is kept as its 16 bytes where lines are compared and ordered by it, else as the text that is written.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.core.tokens import UNIT_SEPARATOR, come_again, digests, joined
from jobs.standardise.pharmacy.dcir.columns import TOKEN, text
from jobs.standardise.pharmacy.dcir.layout import REFERENCES

HIDDEN = ("claim_key", "person", "person_group", "executant", "prescriber")


def with_tokens(table: pa.Table, key: bytes) -> pa.Table:
    """Typed lines of one part with ``claim``, ``print`` and the tokens of whom they name, without their numbers.

    ``print``: equal for equal lines of a producer's table. ``claim``: that of the nine key columns.
    """
    producer = table.column("producer")[0].as_py()
    name = table.column("table")[0].as_py()
    own = {name: table.column(name).combine_chunks() for name in HIDDEN if name in table.column_names}
    whole = table.column("bytes").combine_chunks()
    found = {"print": from_digests(digests(key, whole, begun("dcir line", producer, name)))}
    if "claim_key" in own:
        found["claim"] = tokens(key, own["claim_key"], "claim", producer)
    if "person" in own:
        found["beneficiary_id"] = tokens(key, own["person"], "beneficiary", producer)
    if "person_group" in own:
        found["beneficiary_group_id"] = tokens(key, own["person_group"], "beneficiary group", producer)
    if "executant" in own:
        found["pharmacy_id"] = tokens(key, own["executant"], "pharmacy number")
    if "prescriber" in own:
        kind = text(table.column("prescriber_kind"))
        found["prescriber_id"] = tokens(key, joined(kind, own["prescriber"]), "prescriber number")
    for name, column in found.items():
        table = table.append_column(name, column)
    return table.drop_columns(list(own))


def begun(*parts: str) -> bytes:
    """What a message begins with, whose last part is yet to come."""
    return "".join(f"{part}{UNIT_SEPARATOR}" for part in parts).encode()


def tokens(key: bytes, values: pa.Array, *before: str) -> pa.Array:
    """The token of the parts ``before`` and each value, those that come again hashed once; null for none."""
    if values.null_count or come_again(values):
        encoded = values.dictionary_encode()
        return tokens(key, encoded.dictionary, *before).take(encoded.indices)
    return from_digests(digests(key, values.cast(pa.binary()), begun(*before)))


def from_digests(whole: bytes) -> pa.Array:
    """The first 16 bytes of digests that stand behind each other."""
    first = np.frombuffer(whole, np.uint8).reshape(-1, 32)[:, :16]
    return pa.Array.from_buffers(TOKEN, len(first), [None, pa.py_buffer(first.tobytes())])


def words_of(tokens: pa.Array) -> np.ndarray:
    """Two numbers per token, ordered as its bytes are; anything for a null."""
    buffer = tokens.buffers()[1]
    whole = np.frombuffer(buffer if buffer is not None else b"", dtype=">u8")
    return whole[2 * tokens.offset : 2 * (tokens.offset + len(tokens))].reshape(-1, 2)


def buckets(table: pa.Table, count: int) -> np.ndarray:
    """Which of ``count`` ranges of tokens each line falls into.

    Lines of one claim fall together, and those of one beneficiary's references, and each other line by its print.
    """
    place = first_bits(words_of(table.column("print").combine_chunks()))
    if table.column("table")[0].as_py() in REFERENCES and "beneficiary_id" in table.column_names:
        named = table.column("beneficiary_id").combine_chunks()
        place = np.where(named.is_valid().to_numpy(zero_copy_only=False), first_bits(words_of(named)), place)
    elif "claim" in table.column_names:
        claims = table.column("claim").combine_chunks()
        place = np.where(claims.is_valid().to_numpy(zero_copy_only=False), first_bits(words_of(claims)), place)
    return place * count >> 16


def first_bits(words: np.ndarray) -> np.ndarray:
    """The first 16 bits of tokens."""
    return (words[:, 0] >> np.uint64(48)).astype(np.int64)


def bits_of(values: pa.Array) -> np.ndarray:
    """The first 16 bits of tokens, as bytes or as text."""
    return first_bits(words_of(values)) if values.type == TOKEN else text_bits(values)


def text_bits(texts: pa.Array) -> np.ndarray:
    """The first 16 bits of tokens that are text; anything for a null."""
    digits = pc.fill_null(pc.utf8_slice_codeunits(texts, 0, 4), "0000")
    encoded = digits.dictionary_encode()
    values = np.array([int(one, 16) for one in encoded.dictionary.to_pylist()], dtype=np.int64)
    return values[encoded.indices.to_numpy()] if len(values) else np.zeros(0, dtype=np.int64)
