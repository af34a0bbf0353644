"""Hostile documents and archives: refused in under a second, in little memory, without a file or a call.

Two witnesses: the process itself, by its audit hook and its limits; and, since the XML library is not written in
Python, a file that must not be read and a server that must not be called.
"""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.core.settings import REPOSITORY
from jobs.standardise.shared_record.fhir.files import part_rows
from jobs.standardise.shared_record.parse import read_file
from tests.hostile_made import BODY, blanks, bombs, crowds, entities, exports, fetching, names, repeats, shapes
from tests.unit.test_packages import LIMITS

SECONDS = 1.0  # of CPU
Seen = dict[str, tuple[list[str | None], float, list[list[str]]]]
MEMORY = 400_000_000  # bytes on top of what the process has when it is ready to read
CHILD = f"""
import json, resource, sys, time
from tests.unit.test_hostile_documents import LIMITS, attacks, outcomes
from tests.documents_made import document, package
from jobs.standardise.shared_record.parse import read_file

text = document()
cases = attacks("http://127.0.0.1:9/x")
for warm in ("UTF-8", "UTF-16", "ISO-8859-1", "windows-1252"):  # what is imported once is no access of a document
    read_file(text.replace("UTF-8", warm).encode(warm), LIMITS)
read_file(package(text), LIMITS)
outcomes("E-09", b'{{"resourceType":"Patient","id":"1"}}')
size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (size + {MEMORY}, size + {MEMORY}))
seen = []
WATCHED = ("open", "os.", "socket.", "subprocess.", "urllib.", "shutil.", "tempfile.", "ctypes.", "import")


def watch(event, arguments):
    if event.startswith(WATCHED):
        seen.append((event, repr(arguments)[:200]))


sys.addaudithook(watch)
found = {{}}
for name, data in cases.items():
    seen.clear()
    began = time.process_time()
    rules = outcomes(name, data)
    found[name] = (rules, time.process_time() - began, list(seen))
open("/dev/null")  # the hook would have seen it
print(json.dumps([found, seen]))
"""


def attacks(url: str) -> dict[str, bytes]:
    """Every hostile case by its number in the catalogue."""
    lines = {name: data for name, (_, data) in exports().items()}
    return entities(url) | fetching(url) | shapes() | crowds() | names() | bombs() | repeats() | blanks() | lines


def outcomes(name: str, data: bytes) -> list[str | None]:
    """The rules of the records that a case gives; a case of E-09 is a file of an export."""
    if not name.startswith("E-09"):
        return [item.get("rule") for item in read_file(data, LIMITS)]
    place = {"producer": "P", "delivery_id": "D", "file": "Observation.ndjson", "part": 0, "first_record": 0}
    rows = part_rows({**place, "continued": False, "packed": False, "bytes": data}, LIMITS)
    return [row.get("rule") for row in rows]


@pytest.fixture(scope="module")
def child() -> Seen:
    """What a process with a memory limit and an audit hook saw: rules, seconds and accesses by case."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD], cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    found, seen = json.loads(done.stdout)
    assert any("/dev/null" in arguments for event, arguments in seen if event == "open")
    return dict(found)


CASES = sorted(attacks(""))
LINES = {name: code for name, (code, _) in exports().items()}


@pytest.mark.parametrize("name", CASES)
def test_ends_at_once_in_little_memory_and_touches_nothing(name: str, child: Seen) -> None:
    rules, seconds, accesses = child[name]
    assert rules, "never without a record"
    assert seconds < SECONDS
    assert accesses == []


@pytest.mark.parametrize("name", CASES)
def test_is_refused_unless_it_only_names_something_elsewhere(name: str, child: Seen) -> None:
    expected = {"A-18": "DOC-005", "A-19": None, "A-20": "DOC-013", "E-04": "DOC-011", "E-05": "DOC-011"}.get(name[:4])
    assert set(child[name][0]) == {LINES.get(name, expected)}


@pytest.fixture
def listener() -> Iterator[tuple[int, list[bytes]]]:
    """A loopback server that remembers whoever knocks."""
    knocks: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        stop = threading.Event()

        def listen() -> None:
            while not stop.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                knocks.append(b"knock")
                connection.close()

        thread = threading.Thread(target=listen)
        thread.start()
        yield server.getsockname()[1], knocks
        stop.set()
        thread.join()


def test_a18_a19_no_file_is_read_and_nobody_is_called(listener: tuple[int, list[bytes]], tmp_path: Path) -> None:
    port, knocks = listener
    canary = tmp_path / "canary.txt"
    canary.write_text("CANARY-7F3A")
    url = f"http://127.0.0.1:{port}/x"
    entity = f'<!DOCTYPE a [<!ENTITY x SYSTEM "{canary.as_uri()}">]>'
    include = f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" parse="text" href="{canary.as_uri()}"/>'
    texts = [f"{entity}<a>&x;</a>".encode(), BODY.replace("<title>", f"<title>{include}").encode()]
    for data in (*entities(url).values(), *fetching(url).values(), *texts):
        assert "CANARY" not in str(read_file(data, LIMITS))
    time.sleep(0.3)
    assert knocks == []
    with socket.create_connection(("127.0.0.1", port)):
        time.sleep(0.3)
    assert knocks == [b"knock"], "the listener would have heard"
