"""A second engine cuts the same bytes by SQL made from the layout tables, and must find the same, field by field."""

import random
from collections import Counter

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st

from bench.hospital_sql import LISTS, UNIT_KINDS, script
from jobs.standardise.fixed_width_fields import cutter
from jobs.standardise.fixed_width_lines import teller
from jobs.standardise.hospital.fields import ACT, SHAPE, UNIT_STAY
from jobs.standardise.layouts import load_layouts
from tests.hospital_lines import RSS, line, rss, rum, vid

KINDS = load_layouts("hospital")
FIELDS = sorted(UNIT_STAY.values())
VERSIONS = [(kind, version) for kind in UNIT_KINDS for version in KINDS[kind].layouts]
GROUPED = ("fg_version", "ghm_cmd", "ghm_suffix", "fg_return_code", "rss_format")
ENDS = [b"\r\n", b"\n", b"\r"]
CODES = ["I10", "E119", "Z5130+1", "U0711", "B99", "", "i10.", "É12", "J4400   ", "X"]


def ours(content: bytes) -> list[dict]:
    """What the reader makes of a file, line by line, without Spark."""
    part = {"producer": "P", "delivery_id": "D", "file": "f", "part": 0, "offset": 0, "first_record": 0}
    batch = pa.RecordBatch.from_pylist([part | {"bytes": content, "goes_on": False, "goes_before": False}])
    told = list(teller(KINDS)(iter([batch])))
    cut = cutter(KINDS, SHAPE, ["record", "kind", "version"])(iter(told))
    return [row for one in cut for row in one.to_pylist()]


def flat(rows: list[dict]) -> tuple[set, Counter, Counter]:
    """Headers, diagnoses and acts of unit lines that have a layout, as comparable rows under the layout's names."""
    units = [row for row in rows if row["kind"] in UNIT_KINDS and row["version"] in KINDS[row["kind"]].layouts]
    name = {field: own for own, field in UNIT_STAY.items()}
    place = ("record", "kind", "version", "unreadable", "unreadable_at")
    headers = {tuple(row[one] for one in place) + tuple(row[name[field]] for field in FIELDS) for row in units}
    good = [row for row in units if row["unreadable"] is None]
    diagnoses = Counter(
        (row["record"], kind, rank, code)
        for row in good
        for kind in LISTS.values()
        for rank, code in enumerate(row[kind], 1)
    )
    acts = Counter(
        (row["record"], rank, *[act[one] for one in ACT]) for row in good for rank, act in enumerate(row["acts"], 1)
    )
    return headers, diagnoses, acts


@pytest.fixture(scope="module")
def database():
    connection = duckdb.connect(config={"threads": 1})
    connection.execute(
        "create table pack (producer varchar, delivery_id varchar, file varchar, first_record bigint, bytes blob)"
    )
    return connection


def theirs(database, content: bytes) -> tuple[set, Counter, Counter]:
    """What the SQL makes of the same file."""
    database.execute("delete from pack")
    database.execute("insert into pack values ('P', 'D', 'f', 0, ?)", [content])
    for statement in script(FIELDS, ACT):
        database.execute(statement)
    read = [
        f"select record, kind, version, unreadable, unreadable_at, {', '.join(FIELDS)} from unit_line",
        "select record, kind, rank, code from diagnosis_block",
        f"select record, rank, {', '.join(ACT)} from act_block",
    ]
    headers, diagnoses, acts = [database.execute(sql).fetchall() for sql in read]
    assert len(set(headers)) == len(headers)
    return set(headers), Counter(diagnoses), Counter(acts)


def agree(database, content: bytes) -> tuple[set, Counter, Counter]:
    """Both readings, which are the same."""
    mine, other = ours(content), theirs(database, content)
    told = database.execute("select record, kind from line").fetchall()
    assert sorted((row["record"], row["kind"]) for row in mine) == sorted(told)
    for one, two in zip(flat(mine), other, strict=True):
        assert one == two
    return other


@st.composite
def unit_line(draw) -> bytes:
    """A line of any version: codes, acts and header texts drawn, then perhaps counters that lie, or a lost end."""
    kind, version = draw(st.sampled_from(VERSIONS))
    layout = KINDS[kind].layouts[version]
    text = st.text(st.sampled_from(" AZ09.éœ'\\\"-"), max_size=8)
    das, dads = draw(st.lists(st.sampled_from(CODES), max_size=5)), draw(st.lists(text, max_size=3))
    act = st.fixed_dictionaries({"ccam_code": st.sampled_from(["JQGD010", "ZBQK002", ""])}, optional=dict.fromkeys(
        [name for name in ACT if name != "ccam_code"], st.sampled_from(["1", "01", "02022026", "-01", "", "é"])
    ))  # fmt: skip
    acts = draw(st.lists(act, max_size=4))
    fields = {name: value for name, value in RSS.items() if kind == "rss" or name not in GROUPED}
    fields |= {"rum_format": "0" + version[1:], "local_stay_id": draw(text)}
    fields |= {"rss_format": version} if kind == "rss" else {}
    fields |= {name: draw(text) for name in draw(st.sets(st.sampled_from(sorted(UNIT_STAY.values())), max_size=4))
               if name in layout.header and name != "finess_epmsi"}  # fmt: skip
    lies = draw(st.sampled_from(["", "", "", "", "1", "-1", "7", "x", " "]))
    counts = {"n_das": len(das), "n_dad": len(dads), "n_acts": len(acts)}
    liar = draw(st.sampled_from(sorted(counts)))
    said = {name: str(count).zfill(layout.header[name].length) for name, count in counts.items()}
    if lies.lstrip("-").isdigit():
        said[liar] = str(max(counts[liar] + int(lies), 0)).zfill(layout.header[liar].length)
    elif lies:
        said[liar] = lies
    blocks = [("da_repeat", {"associated_diagnosis": code}) for code in das]
    blocks += [("dad_repeat", {"documentary_data": code}) for code in dads]
    blocks += [("act_repeat", one) for one in acts]
    made = line(kind, version, fields | said, blocks)
    end = draw(st.sampled_from(["whole", "whole", "stripped", "padded", "cut", "short"]))
    if end == "stripped":
        return made.rstrip(b" ")
    if end == "padded":
        return made + b" " * draw(st.integers(1, 9)) + draw(st.sampled_from([b"", b"X"]))
    if end == "cut":
        return made[: -draw(st.integers(1, 30))]
    return made[: draw(st.integers(0, layout.length))] if end == "short" else made


@st.composite
def file(draw) -> bytes:
    """Unit lines of all versions among identities, unknown versions, blank lines and nonsense, ended in any way."""
    other = st.sampled_from(
        [vid("S1"), b"", b"   ", b"\x1a", b"nonsense", rss("S2").replace(b"123", b"124"), rum("S3"), b"\xff\xe9" * 80]
    )
    lines = draw(st.lists(st.one_of(unit_line(), unit_line(), unit_line(), other), min_size=1, max_size=12))
    content = b"".join(one + draw(st.sampled_from(ENDS)) for one in lines)
    return content if draw(st.booleans()) else content.rstrip(b"\r\n")


@profile(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(content=file())
def test_both_engines_read_drawn_lines_alike(database, content):
    agree(database, content)


def mutated(draw: random.Random, made: bytes) -> bytes:
    """A line as life leaves it: whole, cut, padded, with a byte changed, or with another counter."""
    how = draw.randrange(8)
    if how == 0:
        return made[: draw.randrange(len(made) + 1)]
    if how == 1:
        return made.rstrip(b" ")
    if how == 2:
        return made + b" " * draw.randrange(9) + draw.choice([b"", b"Z"])
    if how == 3:
        place = draw.randrange(len(made))
        return made[:place] + bytes([draw.randrange(32, 256)]) + made[place + 1 :]
    return made


def many(seed: int, count: int) -> bytes:
    """Seeded lines of every version in turn, some of them spoilt."""
    draw, lines = random.Random(seed), []
    for number in range(count):
        kind, version = VERSIONS[number % len(VERSIONS)]
        das, acts = draw.choices(CODES, k=draw.randrange(9)), draw.choices(["JQGD010", "ZBQK002"], k=draw.randrange(6))
        counts = {"n_das": len(das), "n_dad": 1, "n_acts": len(acts)}
        if draw.random() < 0.1:
            counts[draw.choice(sorted(counts))] += draw.choice([1, 2, 40])
        own = {name: text for name, text in RSS.items() if kind == "rss" or name not in GROUPED}
        own |= {"local_stay_id": f"S{number}", "rum_format": "0" + version[1:]}
        own |= {"rss_format": version} if kind == "rss" else {}
        own |= {name: str(value).zfill(2 + (name == "n_acts")) for name, value in counts.items()}
        blocks = [("da_repeat", {"associated_diagnosis": code}) for code in das]
        blocks += [("dad_repeat", {"documentary_data": "Œuf"})]
        blocks += [("act_repeat", {"act_date": "03022026", "ccam_code": act, "execution_count": "01"}) for act in acts]
        lines.append(mutated(draw, line(kind, version, own, blocks)) + draw.choice(ENDS))
    return b"".join(lines)


def test_both_engines_read_thousands_of_spoilt_lines_alike(database):
    headers, diagnoses, acts = agree(database, many(1, 3000))
    seen = Counter(row[3] for row in headers)
    assert all(seen[reason] > 5 for reason in (None, "length", "counter", "short"))
    assert {row[1:3] for row in headers} == set(VERSIONS)
    assert len(diagnoses) > 3000
    assert len(acts) > 2000


def test_both_engines_see_that_a_file_was_converted(database):
    content = many(2, 12).decode("latin-1").encode()
    headers, diagnoses, acts = agree(database, content)
    assert {row[3] for row in headers} == {"converted"}
    assert not diagnoses
    assert not acts


def test_blanks_lost_behind_a_whole_code_are_forgiven_by_both_and_a_cut_code_is_not(database):
    whole, cut = rss("S1", das=("E119",)).rstrip(b" "), rss("S2", das=("E119",)).rstrip(b" ")[:-3]
    headers, diagnoses, _ = agree(database, whole + b"\n" + cut + b"\n")
    assert {(row[0], row[3]) for row in headers} == {(1, None), (2, "length")}
    assert diagnoses == Counter({(1, "associated", 1, "E119"): 1})


def test_a_wrong_reading_would_be_seen(database):
    """The comparison is not blind: another place of one field, or one block less, is a difference."""
    content = rss("S1", das=("E119", "I10"), acts=("JQGD010",)) + b"\n"
    right = theirs(database, content)
    moved = ours(content.replace(b"E119", b"E118"))
    assert flat(moved)[1] != right[1]
    fewer = ours(rss("S1", das=("E119",), acts=("JQGD010",)) + b"\n")
    assert flat(fewer)[1] != right[1]
    assert flat(ours(content.replace(b"CARD", b"CARE")))[0] != right[0]
