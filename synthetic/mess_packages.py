"""Group E of the catalogue: packages that are laid out otherwise, broken, or made to harm. The smallest that do."""

import io
import struct
import zipfile
from collections.abc import Callable

from synthetic.mess import ACCEPTED, QUARANTINED
from synthetic.mess_documents import Case, Planted, Record, Subject, single
from synthetic.xdm import STAMP, SUBSET, Enclosed, archive, metadata, package

Members = list[tuple[str, bytes]]
METADATA, FIRST = f"{SUBSET}METADATA.XML", f"{SUBSET}DOC0001.XML"


def sent(code: str, make: Callable[[Subject], bytes], outcome: str, rule: str = "") -> Case:
    """A case that is one package of one record."""

    def planted(subject: Subject) -> list[Planted]:
        return [single(subject, f"{subject.name}.zip", make(subject), outcome, rule)]

    return Case(code, outcome, rule, planted)


def members(subject: Subject, enclosed: Enclosed | None = None) -> Members:
    """The members of a good package."""
    told = enclosed or subject.enclosed()
    return [("INDEX.HTM", b"<html/>"), (METADATA, metadata([told])), (FIRST, told.content)]


def hostile(code: str, name: str) -> Case:
    """One more member under a name that leads elsewhere."""
    return sent(code, lambda s: raw_names([*members(s), (name, b"<x/>")]), QUARANTINED, "DOC-011")


def raw_names(parts: Members) -> bytes:
    """A zip whose names are written as they are given: Python would mend some of them."""
    data = archive([(name.replace("\\", "/").replace("\0", "/"), content) for name, content in parts])
    for name, _ in parts:
        data = data.replace(name.replace("\\", "/").replace("\0", "/").encode(), name.encode())
    return data


def two(subject: Subject) -> tuple[Subject, Subject]:
    """The document and another one of the same patient."""
    return subject, subject.version(1)


def together(code: str, make: Callable[[tuple[Subject, Subject]], bytes]) -> Case:
    """A package of two documents that are taken in."""

    def planted(subject: Subject) -> list[Planted]:
        pair = two(subject)
        records = tuple(Record(ACCEPTED, "", one.document, number) for number, one in enumerate(pair, start=1))
        return [Planted(f"{subject.name}.zip", make(pair), records)]

    return Case(code, ACCEPTED, "", planted)


def lower(subject: Subject) -> bytes:
    """Names in lower case, metadata last."""
    enclosed = subject.enclosed(changed={"URI": "doc0001.xml"})
    return archive([(name.lower(), content) for name, content in reversed(members(subject, enclosed))])


def two_patients(subject: Subject) -> list[Planted]:
    """Documents of two patients in one package."""
    other = subject.stranger.version(1)
    records = tuple(Record(QUARANTINED, "DOC-018", one.document, n) for n, one in enumerate((subject, other), start=1))
    return [Planted(f"{subject.name}.zip", package([subject.enclosed(), other.enclosed()]), records)]


def link(subject: Subject) -> bytes:
    """A member that is a symbolic link to a file of the reader."""
    buffer = io.BytesIO(archive(members(subject)))
    with zipfile.ZipFile(buffer, "a") as target:
        info = zipfile.ZipInfo(f"{SUBSET}LIEN.XML", STAMP)
        info.create_system, info.external_attr = 3, 0o120777 << 16
        target.writestr(info, b"/etc/hostname")
    return buffer.getvalue()


def repeated(subject: Subject) -> bytes:
    """The same member twice."""
    other = f"{SUBSET}DOC0009.XML"
    return archive([*members(subject), (other, b"<x/>")]).replace(other.encode(), FIRST.encode())


def crowd(subject: Subject) -> bytes:
    """More members than any package has."""
    return archive([*members(subject), *[(f"{SUBSET}X{n:05d}", b"") for n in range(3_000)]])


def swelling(subject: Subject) -> bytes:
    """A member that swells a thousandfold."""
    return archive([(METADATA, metadata([subject.enclosed()])), (FIRST, b" " * 40_000_000)])


def nested(subject: Subject) -> bytes:
    """Packages inside packages, each ten times the one inside, in the place of the document."""
    inner = archive([("0", bytes(1_000_000))])
    for _ in range(4):
        inner = archive([(str(n), inner) for n in range(10)])
    return archive([(METADATA, metadata([subject.enclosed(inner)])), (FIRST, inner)])


def central(data: bytes) -> list[int]:
    """Where the entries of a zip's directory begin."""
    (start,) = struct.unpack_from("<I", data, len(data) - 6)
    found = []
    while data[start : start + 4] == b"PK\x01\x02":
        found.append(start)
        name, extra, comment = struct.unpack_from("<HHH", data, start + 28)
        start += 46 + name + extra + comment
    return found


def patched(data: bytes, *changes: tuple[int, bytes]) -> bytes:
    """Bytes with some replaced."""
    made = bytearray(data)
    for place, new in changes:
        made[place : place + len(new)] = new
    return bytes(made)


def overlapping(subject: Subject) -> bytes:
    """A first member that reaches into the second."""
    data = archive(members(subject))
    (size,) = struct.unpack_from("<I", data, central(data)[0] + 20)
    return patched(data, (central(data)[0] + 20, struct.pack("<I", size + 60)))


def false_sizes(subject: Subject) -> bytes:
    """A swelling member whose directory says that it is small."""
    data = swelling(subject)
    return patched(data, (central(data)[1] + 24, struct.pack("<I", 1_000)))


def encrypted(subject: Subject) -> bytes:
    """Every entry says that it is encrypted."""
    data = archive(members(subject))
    return patched(data, *[(place + 8, b"\x01\x00") for place in central(data)])


def several_disks(subject: Subject) -> bytes:
    """The last of two disks."""
    data = archive(members(subject))
    return patched(data, (len(data) - 18, b"\x01\x00\x01\x00"))


def long_form(subject: Subject) -> bytes:
    """Sizes told in the long form, as for members beyond 4 GB."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in members(subject):
            with target.open(zipfile.ZipInfo(name, STAMP), "w", force_zip64=True) as stream:
                stream.write(content)
    return buffer.getvalue()


def long_directory(subject: Subject) -> bytes:
    """A directory in the long form, as for more than 65,535 members."""
    data = archive(members(subject))
    end = len(data) - 22
    count, size, start = struct.unpack_from("<HII", data, end + 10)
    record = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, start)
    return data[:end] + record + struct.pack("<4sIQI", b"PK\x06\x07", 0, end, 1) + data[end:]


def other_name(subject: Subject) -> bytes:
    """A member outside of the submission set with an accent in its name."""
    return archive([*members(subject), ("LISEZ-MOI-É.TXT", b"x")])


CASES: tuple[Case, ...] = (
    sent("E-01/lower", lower, ACCEPTED),
    sent("E-01/order", lambda s: archive(members(s)[::-1]), ACCEPTED),
    together("E-01/documents", lambda pair: package([one.enclosed() for one in pair])),
    together("E-01/subsets", lambda pair: package([one.enclosed() for one in pair], apart=True)),
    sent("E-01/long", long_form, ACCEPTED),
    sent("E-02/hash", lambda s: package([s.enclosed(wrong_hash=True)]), QUARANTINED, "DOC-010"),
    sent("E-02/size", lambda s: package([s.enclosed(changed={"size": "7"})]), QUARANTINED, "DOC-010"),
    sent("E-02/missing", lambda s: package([s.enclosed(changed={"URI": "DOC0007.XML"})]), QUARANTINED, "DOC-010"),
    sent("E-02/extra", lambda s: archive([*members(s), (f"{SUBSET}DOC0002.XML", b"<x/>")]), QUARANTINED, "DOC-010"),
    sent("E-03", lambda s: package([s.enclosed()]), ACCEPTED),
    hostile("E-04/parent", "../../dehors.xml"),
    hostile("E-04/absolute", "/tmp/dehors.xml"),  # noqa: S108  a name, not a file
    hostile("E-04/drive", "C:/dehors.xml"),
    hostile("E-04/backslash", f"{SUBSET}..\\dehors.xml"),
    hostile("E-04/nul", f"{SUBSET}DOC\0.XML"),
    sent("E-04/link", link, QUARANTINED, "DOC-011"),
    sent("E-04/twice", repeated, QUARANTINED, "DOC-011"),
    sent("E-04/accent", other_name, ACCEPTED),
    sent("E-05/swelling", swelling, QUARANTINED, "DOC-011"),
    sent("E-05/members", crowd, QUARANTINED, "DOC-011"),
    sent("E-05/overlap", overlapping, QUARANTINED, "DOC-011"),
    sent("E-05/sizes", false_sizes, QUARANTINED, "DOC-011"),
    sent("E-05/nested", nested, QUARANTINED, "DOC-002"),
    sent("E-06/encrypted", encrypted, QUARANTINED, "DOC-019"),
    sent("E-06/cut", lambda s: archive(members(s))[:-200], QUARANTINED, "DOC-019"),
    sent("E-06/disks", several_disks, QUARANTINED, "DOC-019"),
    sent("E-06/zip64", long_directory, QUARANTINED, "DOC-019"),
    sent("E-06/empty", lambda s: archive([]), QUARANTINED, "DOC-019"),
    sent("E-06/inside", lambda s: archive([("paquet.zip", archive(members(s)))]), QUARANTINED, "DOC-019"),
    sent("E-07/no-document", lambda s: archive(members(s)[:2]), QUARANTINED, "DOC-010"),
    sent("E-07/no-metadata", lambda s: archive([members(s)[0], members(s)[2]]), QUARANTINED, "DOC-019"),
    Case("E-07/two-patients", QUARANTINED, "DOC-018", two_patients),
)
