"""Parts joined are the file, and each says where it begins."""

from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.pull.cut import Digest, cut


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from([b"\n", b"a", b"bc\n", b"d" * 9, b"\r\n", b""]), max_size=40), st.integers(1, 12))
def test_parts_joined_are_the_file(chunks: list[bytes], part_bytes: int) -> None:
    content = b"".join(chunks)
    parts = list(cut(iter(chunks), part_bytes))
    assert b"".join(part.data for part in parts) == content
    assert [part.number for part in parts] == list(range(len(parts)))
    for part in parts:
        assert part.offset == len(content[: part.offset])
        assert part.first_record == content[: part.offset].count(b"\n")
        assert len(part.data) <= part_bytes
    for part in parts[:-1]:
        assert part.data.endswith(b"\n") or b"\n" not in part.data  # cut after a line end where there was one


def test_chunks_do_not_change_the_parts() -> None:
    content = b"12\n3456789\n\n0"
    once = list(cut(iter([content]), 5))
    assert [part.data for part in once] == [b"12\n", b"34567", b"89\n\n0"]
    assert list(cut((content[i : i + 1] for i in range(len(content))), 5)) == once


def test_empty_file_is_one_empty_part() -> None:
    assert [part.data for part in cut(iter([]), 5)] == [b""]


def test_digest_counts_what_passes() -> None:
    digest = Digest()
    assert list(digest.watch(iter([b"a", b"bc"]))) == [b"a", b"bc"]
    assert digest.length == 3
    assert digest.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
