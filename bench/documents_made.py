"""Documents for measurements: any number of them, mixed, mostly base64, made one by one and never held together.

Run: ``python -m bench.documents_made --documents 1000`` says how many bytes a second are made and how large they are.
"""

import argparse
import base64
import hashlib
import io
import json
import sys
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from synthetic import cda
from synthetic.documents import Document, filed
from synthetic.draws import day_number, stream
from synthetic.enclose import enclosed
from synthetic.stays import Sizes
from synthetic.world import World
from synthetic.xdm import STAMP, SUBSET, metadata

MEAN_BYTES = 250_000
FIRST_DAY, DAYS = day_number("2026-10-01"), 30
POOL = 1_200  # different documents; what is made of one of them has an identifier and a body of its own
BLOCK = 8_000_000  # bytes of noise that bodies are cut from
IN_PACKAGES = 4  # every fourth travels in an IHE_XDM package
COPY_SECTION = "55108-5"
COPY = (
    '      <component><section><code code="55108-5" codeSystem="2.16.840.1.113883.6.1"/><title>Copie</title>'
    '<text>Copie</text><entry><observationMedia classCode="OBS" moodCode="EVN">'
    '<value mediaType="application/pdf" representation="B64">{}</value>'
    "</observationMedia></entry></section></component>\n"
)


@dataclass(frozen=True)
class Form:
    """A document of the pool: its text before and behind the place of the body, and who it is about."""

    document: Document
    before: str
    behind: str
    wrapped: bool  # the body needs a section of its own


def documents(count: int, seed: int = 1, mean: int = MEAN_BYTES) -> Iterator[tuple[str, bytes]]:
    """(file name, bytes) of ``count`` documents of about ``mean`` bytes; the same arguments give the same bytes.

    Bare CDA of all kinds, levels 1 and 3, and IHE_XDM packages of one document. Identifiers differ, patients repeat.
    """
    world = World(
        Sizes(seed=seed, persons=2_000, hospitals=5, pharmacies=10, documents=POOL), FIRST_DAY, FIRST_DAY + DAYS
    )
    forms = pool(world)
    draw = stream(seed, "bench", mean)
    noise = base64.b64encode(b"%PDF-1.4\n" + draw.bytes(BLOCK)).decode()
    usual = sum(len(form.before) + len(form.behind) for form in forms) / len(forms)
    for number in range(count):
        form = forms[number % len(forms)]
        size = int(draw.lognormal(np.log(max(mean - usual, 1_000)) - 0.32, 0.8)) // 4 * 4
        text = written(form, number, noise, min(size, len(noise) // 2), int(draw.integers(0, len(noise) // 8)) * 4)
        yield packed(world, form, number, text) if number % IN_PACKAGES == 3 else (f"{number}.xml", text)


def pool(world: World) -> list[Form]:
    """Documents of a small country, cut where their body stands or may stand; none that holds a copy already."""
    every = [one for day in range(FIRST_DAY, FIRST_DAY + DAYS) for one in filed(world, day) if not one.action]
    texts = [(one, cda.render(world, one)) for one in every]
    return [form_of(document, text) for document, text in texts if COPY_SECTION not in text]


def form_of(document: Document, text: str) -> Form:
    """One document of the pool."""
    if document.level == 1:
        before, _, rest = text.partition('representation="B64">')
        return Form(document, before + 'representation="B64">', rest[rest.index("<") :], wrapped=False)
    before, end, behind = text.rpartition("    </structuredBody>")
    return Form(document, before, end + behind, wrapped=True)


def written(form: Form, number: int, noise: str, size: int, start: int) -> bytes:
    """The document with identifiers and a body of its own."""
    body = "JVBERi0xLjQK" + noise[start % (len(noise) - size) // 4 * 4 :][:size]
    own = unique_id(number)
    before = form.before.replace(form.document.unique_id, own).replace(form.document.set_id, f"{own}.1")
    return (before + (COPY.format(body) if form.wrapped else body) + form.behind).encode()


def unique_id(number: int) -> str:
    """The identifier of the n-th document."""
    return f"2.25.{60_000_000_000_000 + number}"


def packed(world: World, form: Form, number: int, text: bytes) -> tuple[str, bytes]:
    """A package of one document; the bodies are noise already, so nothing is compressed."""
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
    began, size, digest = time.perf_counter(), 0, hashlib.sha256()
    for name, content in documents(count):
        size += len(content)
        digest.update(name.encode() + content[:64])
    took = time.perf_counter() - began
    told = {"documents": count, "mean_bytes": round(size / max(count, 1)), "per_second": round(count / took)}
    print(json.dumps(told | {"bytes": size, "digest": digest.hexdigest()[:16]}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
