"""Group D of the catalogue: versions, repetitions, deletions, and who may see what."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from synthetic.documents import DISPENSATION, MASKS, RAPID_TEST, Document
from synthetic.mess import ACCEPTED, DUPLICATE, QUARANTINED
from synthetic.mess_documents import Case, Planted, Record, Subject, single, swap
from synthetic.xdm import ARCHIVED, DELETED, DEPRECATED, Enclosed, package

RELATED = re.compile(r'<relatedDocument typeCode="RPLC">.*?</relatedDocument>\s*', re.DOTALL)
Files = list[Planted]


def bare(
    subject: Subject, suffix: str = "a", outcome: str = ACCEPTED, rule: str = "", text: str | None = None
) -> Planted:
    """A document as a file whose name tells its turn."""
    data = (subject.text if text is None else text).encode()
    return single(subject, f"{subject.name}-{suffix}.xml", data, outcome, rule)


def packed(subject: Subject, suffix: str, enclosed: Enclosed, outcome: str = ACCEPTED, rule: str = "") -> Planted:
    """A document in a package."""
    return single(subject, f"{subject.name}-{suffix}.zip", package([enclosed]), outcome, rule)


def later(subject: Subject, rank: int = 1, number: int = 2, of: Document | None = None) -> Subject:
    """Another version, which names the one it replaces; ``of`` is that one when it is not the subject."""
    parent = of or subject.document
    return subject.version(rank, version=number, replaces=(parent.day, parent.rank))


def one_for_many(subject: Subject) -> Files:
    """One document, set and local identifier for three patients."""
    others = [subject, subject.stranger, subject.stranger.stranger]
    texts = [one.text.replace(one.ids, '<id root="2.25.79000000" extension="EMERGE"/>', 1) for one in others]
    return [
        bare(one, suffix, QUARANTINED, "DOC-009", text) for one, suffix, text in zip(others, "abc", texts, strict=True)
    ]


def twice(subject: Subject) -> Files:
    """The same file under another name."""
    return [bare(subject), replace(bare(subject, "b", DUPLICATE), records=(Record(DUPLICATE),))]


def indented(subject: Subject) -> Files:
    """The same document with other blanks between its elements."""
    text = re.sub(r">\s*\n\s*<", ">\n\n\t<", subject.text)
    return [bare(subject), Planted(f"{subject.name}-b.xml", text.encode(), (Record(DUPLICATE),))]


def orphan(subject: Subject) -> Files:
    """It replaces a document that nobody knows."""
    return [bare(later(subject, of=replace(subject.document, rank=subject.document.rank + 90_000)))]


def child_first(subject: Subject) -> Files:
    """The second version stands before the first."""
    return [bare(later(subject), "a"), bare(subject, "b")]


def chain(subject: Subject) -> Files:
    """Three versions, each replacing the one before."""
    second = later(subject)
    third = later(subject, 2, 3)
    text = third.text.replace(third.document.replaced_id, second.document.unique_id)
    return [bare(subject), bare(second, "b"), bare(third, "c", text=text)]


def cycle(subject: Subject) -> Files:
    """Two documents that replace each other."""
    second = later(subject)
    first = later(subject, 0, 3, second.document)
    return [bare(one, suffix, QUARANTINED, "DOC-021") for one, suffix in ((first, "a"), (second, "b"))]


def by_slot(subject: Subject) -> Files:
    """Replaced by the slot C alone."""
    second = later(subject)
    data = RELATED.sub("", second.text).replace('<versionNumber value="2"/>', '<versionNumber value="1"/>').encode()
    told = after(second.enclosed(data, action="C"))
    return [packed(subject, "a", subject.enclosed(), rule="DOC-311"), packed(second, "b", told, rule="DOC-311")]


def after(enclosed: Enclosed, hours: int = 1) -> Enclosed:
    """Submitted some hours later."""
    stamp = enclosed.submitted
    return replace(enclosed, submitted=f"{stamp[:8]}{int(stamp[8:10]) + hours:02d}{stamp[10:]}")


def by_version(subject: Subject) -> Files:
    """Replaced by a higher version of the same set alone."""
    second = later(subject)
    return [bare(subject), bare(second, "b", text=RELATED.sub("", second.text))]


def by_relation(subject: Subject) -> Files:
    """Replaced by what the document says alone; its set is another."""
    second = later(subject)
    return [
        bare(subject),
        bare(
            second,
            "b",
            text=second.text.replace(
                f'<setId root="{second.document.set_id}"/>', f'<setId root="{second.document.unique_id}"/>', 1
            ),
        ),
    ]


def missing_version(subject: Subject) -> Files:
    """Versions 1 and 3 without 2."""
    third = later(subject, 1, 3)
    return [bare(subject), bare(third, "b", rule="DOC-312", text=RELATED.sub("", third.text))]


def same_version(subject: Subject) -> Files:
    """Two documents under one number of version."""
    second = later(subject, 1, 1)
    return [bare(subject, rule="DOC-311"), bare(second, "b", rule="DOC-311", text=RELATED.sub("", second.text))]


def of_another(subject: Subject) -> Files:
    """It replaces another patient's document."""
    other = later(subject)
    stranger = replace(other, document=replace(other.document, person=subject.stranger.document.person))
    return [bare(subject), bare(stranger, "b", QUARANTINED, "DOC-017")]


def related_as(kind: str) -> Callable[[Subject], Files]:
    """A relation that replaces nothing, to a document of another set."""

    def make(subject: Subject) -> Files:
        second = later(subject, number=1)
        text = second.text.replace('typeCode="RPLC"', f'typeCode="{kind}"')
        return [bare(subject), bare(second, "b", text=text.replace(second.document.set_id, second.document.unique_id))]

    return make


def state(status: str, rule: str = "") -> Callable[[Subject], Files]:
    """Sent, then told again with another status of the registry."""

    def make(subject: Subject) -> Files:
        again = after(subject.enclosed(status=status, entry=subject.document.place * 10 + 4))
        second = replace(packed(subject, "b", again, rule=rule), records=(Record(ACCEPTED, rule),))
        return [packed(subject, "a", subject.enclosed()), second]

    return make


def deleted(subject: Subject) -> Files:
    """Sent, then deleted by a package with slot D."""
    again = after(subject.enclosed(action="D"))
    return [packed(subject, "a", subject.enclosed()), replace(packed(subject, "b", again), records=(Record(ACCEPTED),))]


def deleted_unknown(subject: Subject) -> Files:
    """A request to delete what was never sent."""
    return [replace(packed(subject, "a", subject.enclosed(action="D")), records=(Record(ACCEPTED),))]


def deleted_and_back(subject: Subject) -> Files:
    """Sent, deleted, and sent again with another title."""
    text = swap("<title>", "<title>Renvoi : ")(subject.text)
    again = after(subject.enclosed(text.encode(), entry=subject.document.place * 10 + 5), 2)
    first, asked = deleted(subject)
    first = replace(first, records=(Record(ACCEPTED, "DOC-311", subject.document),))
    return [first, asked, replace(packed(subject, "c", again), records=(Record(ACCEPTED, "DOC-311"),))]


def hidden(code: str, rule: str = "") -> Callable[[Subject], Files]:
    """A document that not everybody may see, from the first."""
    return lambda subject: [packed(subject, "a", subject.enclosed(visibility=(code,)), rule=rule)]


def touched(subject: Subject) -> Files:
    """The same document under a new entry: only metadata changed."""
    again = after(subject.enclosed(entry=subject.document.place * 10 + 6))
    return [packed(subject, "a", subject.enclosed()), replace(packed(subject, "b", again), records=(Record(ACCEPTED),))]


def of_one_house(subject: Subject) -> bool:
    """Whether documents of its kind come from the same structure, so that nothing else is wrong with a replacement."""
    return subject.document.type_code not in (DISPENSATION, RAPID_TEST)


def case(code: str, make: Callable[[Subject], Files], outcome: str = ACCEPTED, rule: str = "", **more: Any) -> Case:
    """A case of several files."""
    return Case(code, outcome, rule, make, **more)


CASES: tuple[Case, ...] = (
    case("D-01", one_for_many, QUARANTINED, "DOC-009"),
    case("D-02", twice, DUPLICATE),
    case("D-03", indented, DUPLICATE),
    case("D-04/orphan", orphan),
    case("D-04/child-first", child_first),
    case("D-04/chain", chain),
    case("D-04/cycle", cycle, QUARANTINED, "DOC-021", fits=of_one_house),
    case("D-05/slot", by_slot),
    case("D-05/version", by_version),
    case("D-05/relation", by_relation),
    case("D-06/missing", missing_version, rule="DOC-312"),
    case("D-06/same", same_version, rule="DOC-311"),
    case("D-07", of_another, QUARANTINED, "DOC-017"),
    case("D-08/transformed", related_as("XFRM")),
    case("D-08/appended", related_as("APND")),
    case("D-09/slot", deleted),
    case("D-09/status", state(DELETED)),
    case("D-09/deprecated", state(DEPRECATED)),
    case("D-09/archived", state(ARCHIVED)),
    case("D-09/unknown", deleted_unknown),
    case("D-09/back", deleted_and_back),
    *[case(f"D-10/{code.lower()}", hidden(code)) for code in MASKS],
    case("D-10/unheard", hidden("SECRET_DE_TOUS", "DOC-313"), rule="DOC-313"),
    case("D-12", touched),
)
