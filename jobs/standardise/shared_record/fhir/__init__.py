"""FHIR R4 bulk exports: folders of NDJSON and their manifest, to the documents that every other carrier gives."""

from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.standardise.context import Context
from jobs.standardise.documents import Limits
from jobs.standardise.shared_record.fhir.columns import LINE
from jobs.standardise.shared_record.fhir.documents import documents
from jobs.standardise.shared_record.fhir.files import parser, parts_of_files
from jobs.standardise.shared_record.fhir.lines import judged_lines
from jobs.standardise.shared_record.fhir.members import is_known, known_resources, metadata_only, requests, told_before
from jobs.standardise.shared_record.fhir.observations import OTHER_CATEGORY
from jobs.standardise.shared_record.fhir.resolved import resolved
from jobs.standardise.shared_record.registry import visibility_policy
from jobs.standardise.shared_record.settled import settled

FORMAT = "fhir-bulk"


@dataclass
class Exports:
    """A night's exports: ``raw`` lines with their bytes, ``lines`` judged, ``documents`` they make, what is known."""

    raw: DataFrame
    lines: DataFrame
    documents: DataFrame
    known: DataFrame
    has_known: bool


def read_exports(context: Context, packs: DataFrame, versions: DataFrame, *, cut: bool) -> Exports:
    """Read the exports of a night's packs; each frame settled on disk. ``cut``: some files may have several parts."""
    limits = Limits.of(context.settings.policy)
    raw = settled(context, parts_of_files(packs, cut=cut).mapInArrow(parser(limits), LINE), "fhir_raw")
    lines = settled(context, judged_lines(raw).drop("raw"), "fhir_lines")
    resources = settled(context, resolved(lines), "fhir_resources")
    aside = lines.where(F.col("rule") == OTHER_CATEGORY)
    producers = sorted({one.producer for one in context.deliveries if one.format == FORMAT})
    known = known_resources(context, producers)
    policy = visibility_policy(context.settings.policy)
    made = metadata_only(context, documents(resources, aside, policy), versions)
    made = told_before(context, made, known, versions).unionByName(requests(lines), allowMissingColumns=True)
    return Exports(raw, lines, settled(context, made, "fhir_documents"), known, is_known(context, producers))
