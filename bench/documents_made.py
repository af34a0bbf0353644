"""Documents for measurements: any number of them, mixed, made one by one and never held together.

The simulator's documents of all kinds and both levels, bare and in IHE_XDM packages, brought to the sizes of the public
French corpus (median 140 kB, mean about 255 kB, the largest some MB). Of a document of level 1 all the rest is a PDF;
of a structured one half of the rest are its own sections again, as often as it takes, half is a PDF copy of itself.
Laboratory reports repeat all their results. Of the sections that others repeat, every fourth is read like the first;
the others stand under the code of a plan of care, which is walked and not read: real documents, too, hold more than
what is extracted (a fact in 9 kB of the shared samples).

Run: ``python -m bench.documents_made --documents 1000`` says how many bytes a second are made and how large they are.
"""

import argparse
import base64
import hashlib
import io
import json
import re
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from synthetic import cda
from synthetic.document_facts import facts_of
from synthetic.documents import FHIR, RAPID_TEST, REPORT, Document, filed
from synthetic.draws import day_number, stream
from synthetic.enclose import enclosed
from synthetic.stays import Sizes
from synthetic.truth_documents import TABLES
from synthetic.world import World
from synthetic.xdm import STAMP, SUBSET, metadata

MEAN_BYTES = 255_000
SPREAD = 0.87  # of the logarithm of sizes: between the median and the ninth decile of the corpus
FIRST_DAY, DAYS = day_number("2026-10-01"), 30
POOL = 1_200  # different documents; what is made of one of them has an identifier and a body of its own
BLOCK = 8_000_000  # bytes of noise that bodies are cut from
IN_PACKAGES = 4  # every fourth travels in an IHE_XDM package
READ = 4  # of so many repeated sections one is read
COPY_SECTION, PLAN_SECTION = "55108-5", "18776-5"
START, END = "    <structuredBody>\n", "    </structuredBody>"
SECTION_CODE = re.compile(r'(<section>\s*<templateId [^>]*>\s*<code code=")[0-9-]+(")')
COPY = (
    '      <component><section><code code="55108-5" codeSystem="2.16.840.1.113883.6.1"/><title>Copie</title>'
    '<text>Copie</text><entry><observationMedia classCode="OBS" moodCode="EVN">'
    '<value mediaType="application/pdf" representation="B64">{}</value>'
    "</observationMedia></entry></section></component>\n"
)


@dataclass(frozen=True)
class Form:
    """A document of the pool: its text before, in and behind the place of its sections, and the facts they tell."""

    document: Document
    before: str
    sections: str
    unread: str  # the same sections under a code that is not read
    behind: str
    facts: Counter[str]

    @property
    def bytes(self) -> int:
        """How much is there before any body is added."""
        return len(self.before) + len(self.sections) + len(self.behind)


class Made(NamedTuple):
    """A file to send, the document inside, and how many facts by table it must give."""

    name: str
    content: bytes
    document: bytes
    facts: Counter[str]


def documents(count: int, seed: int = 1, mean: int = MEAN_BYTES) -> Iterator[Made]:
    """``count`` documents of about ``mean`` bytes; the same arguments give the same bytes.

    Identifiers differ, patients repeat.
    """
    world = World(
        Sizes(seed=seed, persons=2_000, hospitals=5, pharmacies=10, documents=POOL), FIRST_DAY, FIRST_DAY + DAYS
    )
    forms = pool(world)
    draw = stream(seed, "bench", mean)
    noise = base64.b64encode(b"%PDF-1.4\n" + draw.bytes(BLOCK)).decode()
    for number in range(count):
        form = forms[number % len(forms)]
        size = int(draw.lognormal(np.log(mean) - SPREAD**2 / 2, SPREAD))
        start = int(draw.integers(0, len(noise) // 8)) * 4
        text, times = written(form, number, noise, max(size - form.bytes, 1_000), start)
        told = Counter({table: found * times for table, found in form.facts.items()})
        name, content = packed(world, form, number, text) if number % IN_PACKAGES == 3 else (f"{number}.xml", text)
        yield Made(name, content, text, told)


def pool(world: World) -> list[Form]:
    """Documents of a small country, cut where their body stands; none that holds a copy already, none sent by FHIR."""
    every = [one for day in range(FIRST_DAY, FIRST_DAY + DAYS) for one in filed(world, day) if not one.action]
    texts = [(one, cda.render(world, one)) for one in every if one.carrier != FHIR]
    return [form_of(world, document, text) for document, text in texts if COPY_SECTION not in text]


def form_of(world: World, document: Document, text: str) -> Form:
    """One document of the pool."""
    if document.level == 1:
        before, _, rest = text.partition('representation="B64">')
        return Form(document, before + 'representation="B64">', "", "", rest[rest.index("<") :], Counter())
    before, _, rest = text.partition(START)
    sections, _, behind = rest.rpartition(END)
    facts = Counter({TABLES[kind]: 0 for kind in facts_of(world, document)})
    for kind, found in facts_of(world, document).items():
        facts[TABLES[kind]] += len(found)
    laboratory = document.type_code in (REPORT, RAPID_TEST)  # all sections of which hold results
    unread = sections if laboratory else SECTION_CODE.sub(rf"\g<1>{PLAN_SECTION}\2", sections)
    return Form(document, before + START, sections, unread, END + behind, facts)


def written(form: Form, number: int, noise: str, size: int, start: int) -> tuple[bytes, int]:
    """The document with identifiers and ``size`` bytes more of its own; how often its facts are told."""
    sections, times = repeated(form, size // 2)
    rest = min(size - max(len(sections) - len(form.sections), 0), len(noise) // 2) // 4 * 4
    body = "JVBERi0xLjQK" + noise[start % (len(noise) - rest) // 4 * 4 :][: max(rest, 1_000)]
    own = unique_id(number)
    before = form.before.replace(form.document.unique_id, own).replace(form.document.set_id, f"{own}.1")
    return (before + sections + (COPY.format(body) if form.sections else body) + form.behind).encode(), times


def repeated(form: Form, size: int) -> tuple[str, int]:
    """The sections once and again until they are ``size`` bytes more; how often their facts are read."""
    more = size // len(form.sections) if form.sections else 0
    if form.unread == form.sections:
        return form.sections * (more + 1), more + 1
    read = more // READ
    return form.sections * (read + 1) + form.unread * (more - read), read + 1


def unique_id(number: int) -> str:
    """The identifier of the n-th document."""
    return f"2.25.{60_000_000_000_000 + number}"


def packed(world: World, form: Form, number: int, text: bytes) -> tuple[str, bytes]:
    """A package of one document; half of it is noise, so nothing is compressed."""
    told = replace(enclosed(world.people, form.document, text), unique_id=unique_id(number), entry=number * 10 + 1,
                   logical=number * 10 + 1)  # fmt: skip
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in ((f"{SUBSET}METADATA.XML", metadata([told])), (f"{SUBSET}DOC0001.XML", text)):
            archive.writestr(zipfile.ZipInfo(name, STAMP), content)
    return f"xdm-{number}.zip", buffer.getvalue()


def main() -> int:
    """Make documents, keep none, print one JSON line."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--documents", type=int, default=1_000)
    count = arguments.parse_args().documents
    began, size, digest, facts = time.perf_counter(), 0, hashlib.sha256(), 0
    for one in documents(count):
        size += len(one.content)
        facts += one.facts.total()
        digest.update(one.name.encode() + one.content[:64])
    took = time.perf_counter() - began
    told = {"documents": count, "mean_bytes": round(size / max(count, 1)), "per_second": round(count / took)}
    print(json.dumps(told | {"facts": facts, "bytes": size, "digest": digest.hexdigest()[:16]}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
