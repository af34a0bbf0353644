"""The reading of hospital unit lines said again in SQL, from the layout tables alone: a second engine judges ours.

Nothing here comes from the reader: places, counters and shapes are those of ``schemas/layouts/hospital/*.csv``, the
rules those of ``docs/reference/hospital.md``. A script is a list of statements for DuckDB over a relation ``pack``
(``producer, delivery_id, file, first_record, bytes``: whole files, or parts cut behind a LF); it leaves two tables:

* ``line``: one row per record: place, ``kind``, ``version``, ``line``, ``fault``;
* ``unit_line``: unit lines of a known version with ``unreadable``, ``unreadable_at``, every wanted header field, and
  the numbers and starts of their repeated blocks;

and the views ``diagnosis_block`` and ``act_block``: one row per announced block of a readable line.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

LAYOUTS = Path(__file__).parents[1] / "schemas" / "layouts" / "hospital"
UNIT_KINDS = ("rss", "rum")
WHOLE_CODE = r"[A-Z]\d\d[\d+]{0,3}"  # what a CIM-10 code looks like when none of it was lost
PLACE = "producer, delivery_id, file, record"
LISTS = {"da_repeat": "associated", "dad_repeat": "documentary"}
ACTS = "act_repeat"
Field = tuple[int, int, bool]  # first character, length, must be there


@dataclass(frozen=True)
class Zone:
    """A repeated block: its name, the field that counts it, its length and fields."""

    name: str
    counter: str
    length: int
    fields: dict[str, Field]


@dataclass(frozen=True)
class Version:
    """One version of one kind of line."""

    kind: str
    name: str
    shortest: int
    length: int
    header: dict[str, Field]
    zones: tuple[Zone, ...]


def rows_of(path: Path) -> list[dict[str, str]]:
    """Rows of a layout table."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def kinds() -> list[dict[str, str]]:
    """What a line of each file looks like, in the order of trial."""
    return rows_of(LAYOUTS / "files.csv")


def versions() -> list[Version]:
    """Every version of a unit line that has a layout."""
    rows = [row for path in sorted(LAYOUTS.glob("*.csv")) if path.name != "files.csv" for row in rows_of(path)]
    found = []
    for kind in kinds():
        if kind["kind"] in UNIT_KINDS:
            own = [row for row in rows if row["file"] == kind["file"]]
            found += [version(kind, name, own) for name in sorted({row["version"] for row in own})]
    return found


def version(kind: dict[str, str], name: str, rows: list[dict[str, str]]) -> Version:
    """One version from the rows of its file."""
    segments: dict[str, dict[str, Field]] = {}
    for row in rows:
        if row["version"] == name:
            place = int(row["start"]), int(row["length"]), row["required"] == "O"
            segments.setdefault(row["segment"], {})[row["field"]] = place
    counters = dict(pair.split("=") for pair in kind["counters"].split())
    zones = tuple(Zone(zone, counters[zone], end(segments[zone]), segments[zone]) for zone in counters)
    header = segments["header"]
    return Version(kind["kind"], name, int(kind["min_length"]), end(header), header, zones)


def end(fields: dict[str, Field]) -> int:
    """The last character of a segment."""
    return max(start + length - 1 for start, length, _ in fields.values())


def text_of(bytes_: str) -> str:
    """SQL: one character per byte. DuckDB decodes UTF-8 only, and shows other bytes by their hexadecimal codes."""
    shown = f"{bytes_}::varchar"
    for code in [*range(0x20), 0x22, 0x27, *range(0x7F, 0x100), 0x5C]:
        shown = f"replace({shown}, '\\x{code:02X}', chr({code}))"
    plain = f"try(decode({bytes_}))"
    return f"case when octet_length({bytes_}) = length({plain}) then {plain} else {shown} end"


def line_statement() -> str:
    """SQL: parts to lines; blanks are no record but count as a line."""
    looks = " ".join(f"when regexp_matches(line, '{one['looks_like']}') then '{one['kind']}'" for one in kinds())
    told = " ".join(
        f"when kind = '{one['kind']}' then substr(line, {one['sniff_start']}, {one['sniff_length']})"
        for one in kinds()
        if one["sniff_start"]
    )
    converted = "octet_length(bytes) <> length(try(decode(bytes)))"  # no UTF-8 at all: null
    return f"""
    create or replace temp table line as
    with part as (
      select producer, delivery_id, file, first_record, case when {converted} then 'converted' end as fault,
        replace(replace({text_of("bytes")}, chr(13) || chr(10), chr(10)), chr(13), chr(10)) as text
      from pack),
    piece as (
      select producer, delivery_id, file, fault, first_record + unnest(range(1, len(lines) + 1)) as record,
        unnest(lines) as line
      from (select *, string_split(text, chr(10)) as lines from part)),
    kept as (
      select *, case {looks} else 'unknown' end as kind
      from piece where trim(line, ' ' || chr(9) || chr(0) || chr(26)) <> '')
    select {PLACE}, fault, kind, case {told} end as version, {windows("line")} as line from kept"""


def windows(text: str) -> str:
    """SQL: cp1252 has letters and signs where ISO-8859-1 has control characters."""
    codes = {code: bytes([code]).decode("cp1252", "ignore") for code in range(0x80, 0xA0)}
    given = "".join(chr(code) for code, sign in codes.items() if sign)
    meant = "".join(sign for sign in codes.values() if sign)
    return f"case when strlen({text}) = length({text}) then {text} else translate({text}, '{given}', '{meant}') end"


def cut(place: Field, line: str = "line", before: str = "0") -> str:
    """SQL: the characters of a field without blanks around; null when nothing is left."""
    return f"nullif(trim(substr({line}, {before} + {place[0]}, {place[1]}), ' '), '')"


def block_cut(zone: Zone, name: str) -> str:
    """SQL: a field of the block number ``rank`` of a zone."""
    return cut(zone.fields[name], before=f"at_{zone.name} + (rank - 1) * {zone.length}")


def unit_statement(wanted: Iterable[str]) -> str:
    """SQL: every version's header fields, counters and faults."""
    names = list(wanted)
    selects = [version_select(one, names) for one in versions()]
    return "create or replace temp table unit_line as " + " union all ".join(selects)


def version_select(one: Version, names: list[str]) -> str:
    """SQL: lines of one version. A counter that is no number counts as none; one beyond a lost end announces none."""
    fields = [f"{cut(one.header[name]) if name in one.header else 'null::varchar'} as {name}" for name in names]
    counted, bad, starts, at = [], [], [], str(one.length)
    for zone in one.zones:
        place = one.header[zone.counter]
        number = f"coalesce({cut(place)}, '')"
        digits = f"regexp_full_match({number}, '[0-9]+')"
        counted.append(f"coalesce(try_cast(case when {digits} then {number} end as bigint), 0) as n_{zone.name}")
        bad.append(f"when not {digits} and content >= {place[0]} then '{zone.name}'")
        starts.append(f"{at} as at_{zone.name}")
        at += f" + n_{zone.name} * {zone.length}"
    return f"""
    select {PLACE}, kind, version, line, fault, {", ".join(fields)},
      {", ".join(f"n_{zone.name}, at_{zone.name}" for zone in one.zones)},
      coalesce(fault, case when content < {one.shortest} then 'short' when bad is not null then 'counter'
        when content > announced or missing > {forgiven(one)} then 'length' end) as unreadable,
      case when content >= {one.shortest} then bad end as unreadable_at
    from (
      select *, {", ".join(starts)}, {at} as announced,
        greatest({at} - greatest(length(line), {one.length}), 0) as missing
      from (
        select *, length(rtrim(line, ' ')) as content, case {" ".join(bad)} end as bad, {", ".join(counted)}
        from line where kind = '{one.kind}' and version = '{one.name}'))"""


def forgiven(one: Version) -> str:
    """SQL: how many blanks the last block of a line may have lost: what is behind a whole code or the last must."""
    cases = []
    for zone in reversed(one.zones):
        if len(zone.fields) == 1:
            rest = f"trim(substr(line, announced - {zone.length - 1}), ' ')"
            lost = f"case when regexp_full_match({rest}, '{WHOLE_CODE}') then {zone.length - 1} else 0 end"
        else:
            lost = str(zone.length - max(start + length - 1 for start, length, must in zone.fields.values() if must))
        cases.append(f"when n_{zone.name} > 0 then {lost}")
    return f"case {' '.join(cases)} else 0 end"


def diagnosis_statement() -> str:
    """SQL: associated diagnoses and documentary data, one row per announced block."""
    selects = [
        f"""
        select {PLACE}, '{kind}' as kind, rank, {block_cut(zone, next(iter(zone.fields)))} as code
        from (select {PLACE}, line, at_{name}, unnest(range(1, n_{name} + 1)) as rank from unit_line
          where unreadable is null and n_{name} > 0 and kind = '{one.kind}' and version = '{one.name}')"""
        for one in versions()
        for zone in one.zones
        for name, kind in LISTS.items()
        if zone.name == name
    ]
    return "create or replace temp view diagnosis_block as " + " union all ".join(selects)


def act_statement(wanted: Iterable[str]) -> str:
    """SQL: acts, one row per announced block."""
    names, selects = list(wanted), []
    for one in versions():
        zone = next(zone for zone in one.zones if zone.name == ACTS)
        fields = [f"{block_cut(zone, name)} as {name}" for name in names]
        selects.append(f"""
        select {PLACE}, rank, {", ".join(fields)}
        from (select {PLACE}, line, at_{ACTS}, unnest(range(1, n_{ACTS} + 1)) as rank from unit_line
          where unreadable is null and n_{ACTS} > 0 and kind = '{one.kind}' and version = '{one.name}')""")
    return "create or replace temp view act_block as " + " union all ".join(selects)


def script(header: Iterable[str], act: Iterable[str]) -> list[str]:
    """All statements, in order, for the wanted header fields and fields of acts."""
    return [line_statement(), unit_statement(header), diagnosis_statement(), act_statement(act)]
