"""The bytes of lines, put aside by the task that reads them: only a refused line is asked for its own again.

They lie in a file of the attempt's folder for each task, and a line has no more of them than where they are.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import FileIO
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

SPOT = ("aside", "spot", "size")  # which file, from which byte on, how many; whole numbers


class Aside:
    """A file that takes the bytes of lines."""

    def __init__(self, stream: FileIO, number: int) -> None:
        self.stream, self.number, self.end = stream, number, 0

    def put(self, lines: pa.Table) -> pa.Table:
        """The lines with the columns of SPOT in the place of ``bytes``."""
        told = lines.column("bytes").combine_chunks()
        ends = np.frombuffer(told.buffers()[1], np.int32)[told.offset : told.offset + len(told) + 1].astype(np.int64)
        self.stream.write(memoryview(told.buffers()[2] or b"")[ends[0] : ends[-1]])
        found = (np.full(len(told), self.number), self.end + ends[:-1] - ends[0], np.diff(ends))
        self.end += int(ends[-1] - ends[0])
        lines = lines.drop_columns(["bytes"])
        for name, values in zip(SPOT, found, strict=True):
            lines = lines.append_column(name, pa.array(values))
        return lines


@contextmanager
def set_aside(folder: str) -> Iterator[Aside]:
    """A new file of a folder; a task that is done again has another one, and nothing names the first."""
    number = secrets.randbits(62)
    with path_of(folder, number).open("xb", buffering=0) as stream:
        yield Aside(stream, number)


def path_of(folder: str, number: int) -> Path:
    """The file of a number."""
    return Path(folder) / f"{number:016x}.lines"


def bytes_of(folder: str, lines: pa.Table, wanted: pa.Array) -> pa.Array:
    """The bytes of the lines for which a condition holds; null for the others."""
    spots = zip(*(lines.column(name).filter(wanted).to_pylist() for name in SPOT), strict=True)
    with ExitStack() as files:
        streams: dict[int, FileIO] = {}
        found = []
        for number, start, size in spots:
            if number not in streams:
                streams[number] = files.enter_context(path_of(folder, number).open("rb", buffering=0))
            found.append(os.pread(streams[number].fileno(), size, start))
    place = np.cumsum(wanted.to_numpy(zero_copy_only=False)) - 1
    return pa.array([*found, None], pa.binary()).take(pc.if_else(wanted, pa.array(place), len(found)))
