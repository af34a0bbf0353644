"""Files of a delivery in order, small ones fetched ahead where the landing is far away."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from jobs.core.manifest import ManifestFile
from jobs.landing import Landing, Place

SMALL = 1024 * 1024  # so the window holds a few megabytes at most


def fetch(
    landing: Landing, place: Place, files: tuple[ManifestFile, ...]
) -> Iterator[tuple[ManifestFile, Iterator[bytes]]]:
    """Each file with its chunks, in the order given. Raises what the landing raises, when the file's turn comes."""
    if landing.parallel == 1:
        for file in files:
            yield file, landing.read(place, file.name)
        return
    with ThreadPoolExecutor(landing.parallel) as pool:
        window: deque[tuple[ManifestFile, Future[list[bytes]] | None]] = deque()
        try:
            for file in files:
                ahead = pool.submit(whole, landing, place, file) if file.bytes <= SMALL else None
                window.append((file, ahead))
                if len(window) >= 2 * landing.parallel:
                    yield turn(landing, place, *window.popleft())
            while window:
                yield turn(landing, place, *window.popleft())
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def whole(landing: Landing, place: Place, file: ManifestFile) -> list[bytes]:
    """A small file's chunks. The listing has said that it is no longer than the manifest says."""
    return list(landing.read(place, file.name))


def turn(
    landing: Landing, place: Place, file: ManifestFile, ahead: "Future[list[bytes]] | None"
) -> tuple[ManifestFile, Iterator[bytes]]:
    """The file whose turn it is: fetched ahead, or streamed now."""
    return file, iter(ahead.result()) if ahead else landing.read(place, file.name)
