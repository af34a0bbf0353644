"""Numbers become tokens in the task that reads them: no number of a person, pharmacy or prescriber leaves it.

A token is kept as its 16 bytes where lines are compared and ordered by it, else as the text that is written.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.core.tokens import joined, keyed, token_hex_array
from jobs.standardise.pharmacy.dcir.columns import TOKEN
from jobs.standardise.pharmacy.dcir.layout import REFERENCES

HIDDEN = ("claim_key", "person", "person_group", "executant", "prescriber")


def with_tokens(table: pa.Table, key: bytes) -> pa.Table:
    """Typed lines of one part with ``claim``, ``print`` and the tokens of whom they name, without their numbers.

    ``print``: equal for equal lines of a producer's table. ``claim``: that of the nine key columns.
    """
    producer = table.column("producer")[0].as_py()
    name = table.column("table")[0].as_py()
    own = {name: table.column(name).combine_chunks() for name in HIDDEN if name in table.column_names}
    found = {"print": prints(table.column("bytes").to_pylist(), f"dcir line\x1f{producer}\x1f{name}\x1f", key)}
    if "claim_key" in own:
        found["claim"] = tokens(key, joined("claim", producer, own["claim_key"]))
    if "person" in own:
        found["beneficiary_id"] = token_hex_array(key, joined("beneficiary", producer, own["person"]))
    if "person_group" in own:
        group = joined("beneficiary group", producer, own["person_group"])
        found["beneficiary_group_id"] = token_hex_array(key, group)
    if "executant" in own:
        found["pharmacy_id"] = token_hex_array(key, joined("pharmacy number", own["executant"]))
    if "prescriber" in own:
        kind = table.column("prescriber_kind").combine_chunks()
        found["prescriber_id"] = token_hex_array(key, joined("prescriber number", kind, own["prescriber"]))
    for name, column in found.items():
        table = table.append_column(name, column)
    return table.drop_columns(list(own))


def prints(lines: list[bytes], before: str, key: bytes) -> pa.Array:
    """The token of each line's bytes."""
    return from_digests(b"".join(map(keyed(key, before.encode()), lines)), len(lines))


def tokens(key: bytes, messages: pa.Array) -> pa.Array:
    """The token of each message; null for none."""
    encoded = messages.dictionary_encode()
    told = encoded.dictionary.cast(pa.binary()).to_pylist()
    return from_digests(b"".join(map(keyed(key), told)), len(told)).take(encoded.indices)


def from_digests(digests: bytes, count: int) -> pa.Array:
    """Digests of 16 bytes that stand behind each other."""
    return pa.Array.from_buffers(TOKEN, count, [None, pa.py_buffer(digests)])


def as_text(tokens: pa.Array) -> pa.Array:
    """Tokens as they are written: 32 hexadecimal characters; null for none."""
    digits = words_of(tokens).tobytes().hex().encode()
    ends = np.arange(0, 32 * len(tokens) + 1, 32, dtype=np.int32)
    texts = pa.StringArray.from_buffers(len(tokens), pa.py_buffer(ends), pa.py_buffer(digits))
    return texts if not tokens.null_count else pc.if_else(pc.is_valid(tokens), texts, pa.scalar(None, pa.string()))


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
        place = np.where(named.is_valid().to_numpy(zero_copy_only=False), text_bits(named), place)
    elif "claim" in table.column_names:
        claims = table.column("claim").combine_chunks()
        place = np.where(claims.is_valid().to_numpy(zero_copy_only=False), first_bits(words_of(claims)), place)
    return place * count >> 16


def first_bits(words: np.ndarray) -> np.ndarray:
    """The first 16 bits of tokens."""
    return (words[:, 0] >> np.uint64(48)).astype(np.int64)


def text_bits(texts: pa.Array) -> np.ndarray:
    """The first 16 bits of tokens that are text; anything for a null."""
    digits = pc.fill_null(pc.utf8_slice_codeunits(texts, 0, 4), "0000")
    encoded = digits.dictionary_encode()
    values = np.array([int(one, 16) for one in encoded.dictionary.to_pylist()], dtype=np.int64)
    return values[encoded.indices.to_numpy()] if len(values) else np.zeros(0, dtype=np.int64)
