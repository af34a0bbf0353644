"""Documents and clinical resources with what the lines that they refer to say: patient, authors, product, body."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.standardise.shared_record.columns import HEADER
from jobs.standardise.shared_record.facts import FACTS, PRODUCT
from jobs.standardise.shared_record.fhir.agents import ROLE
from jobs.standardise.shared_record.fhir.columns import SLOTS
from jobs.standardise.shared_record.fhir.lines import DELIVERY, RESOURCE, empty
from jobs.standardise.shared_record.fhir.resources import CLINICAL, DOCUMENT, SUBMISSION

NO_PATIENT, OTHER_DOCUMENT = "FHR-010", "DOC-018"
TARGET = [*DELIVERY, "target"]
# what only a registry says of a document; the rest its CDA says itself
OF_REGISTRY = ("visibility", "availability", "logical_id", "entry_id", "submitted_text")
NAMES, REPLACES = ("id_root", "id_extension"), ("replaces_root", "replaces_extension")


def resolved(lines: DataFrame) -> DataFrame:
    """Lines of documents and clinical resources, what they refer to filled in; adds ``whose``, ``patient_content``.

    A resource whose patient is not in its delivery is refused (FHR-010), one of a refused patient or body for that
    reason.
    """
    once = lines.where(F.col("resource").isNotNull() & ~F.col("repeated"))
    own = once.where(F.col("rule").isNull() & F.col("kind").isin(DOCUMENT, *CLINICAL))
    edges = own.select(*RESOURCE, F.explode("refs").alias("ref")).select(*RESOURCE, "ref.slot", "ref.target")
    told = (
        edges.join(with_roles(targets(once)), TARGET, how="left")
        .groupBy(*RESOURCE)
        .agg(F.map_from_entries(F.collect_list(F.struct("slot", "about"))).alias("told"))
    )
    joined = own.drop("patient", "agent", "product").join(told, list(RESOURCE), how="left")
    return filled(joined.join(submissions(once), list(RESOURCE), how="left"))


def targets(once: DataFrame) -> DataFrame:
    """What lines may refer to: ``target``, and what it says as ``about``."""
    about = F.struct(
        "rule", "content", "warnings", "patient", "agent", "product", "refs", "inside", "header.id_root",
        "header.id_extension", "header.body_media_type", "header.body_sha256", "header.body_bytes",
    )  # fmt: skip
    speaks = F.col("rule").isNull() | F.col("kind").isin("Patient", "Binary")
    found = once.where(~F.col("kind").isin(*CLINICAL, SUBMISSION) & speaks)
    found = found.select(*DELIVERY, F.col("resource").alias("target"), about.alias("about"))
    # one resource may come twice, refused: one of them speaks, a readable one before others
    order = F.struct(F.col("about.rule").isNotNull(), F.coalesce("about.rule", F.lit("")), "about.content")
    return found.groupBy(*TARGET).agg(F.min_by("about", order).alias("about"))


def with_roles(targets: DataFrame) -> DataFrame:
    """Targets; a role says what the lines say that it names: the professional, and for whom."""
    roles = targets.where(F.startswith("target", F.lit(f"{ROLE}/")))
    edges = roles.select(*TARGET, F.explode("about.refs").alias("ref"))
    people = targets.select(*DELIVERY, F.col("target").alias("named"), F.col("about.agent").alias("who"))
    edges = edges.select(*TARGET, F.col("ref.target").alias("named")).join(people, [*DELIVERY, "named"], how="inner")
    names = ("author_id", "organisation_id")
    told = edges.groupBy(*TARGET).agg(F.struct(*[F.max(f"who.{name}").alias(name) for name in names]).alias("named"))
    agent = F.col("about.agent")
    for name in names:
        agent = agent.withField(name, F.coalesce(f"named.{name}", f"about.agent.{name}"))
    about = F.when(F.col("named").isNull(), F.col("about")).otherwise(F.col("about").withField("agent", agent))
    return targets.join(told, TARGET, how="left").withColumn("about", about).drop("named")


def submissions(once: DataFrame) -> DataFrame:
    """When the submission sets of a delivery say that documents were sent: ``sent``, the earliest as text."""
    sets = once.where((F.col("kind") == SUBMISSION) & F.col("rule").isNull() & ~F.col("gone"))
    named = sets.select(*DELIVERY, F.explode("names").alias("resource"), F.col("header.submitted_text").alias("sent"))
    return named.groupBy(*RESOURCE).agg(F.min("sent").alias("sent"))


def filled(lines: DataFrame) -> DataFrame:
    """Header, patient, body and products with what the lines they refer to say; a CDA inside speaks for itself."""
    about = {slot: F.try_element_at("told", F.lit(slot)) for slot in SLOTS}
    patient, body = about["patient"], about["body"]
    whose = F.filter("refs", lambda one: one["slot"] == "patient")
    facts = {name: with_product(name, about["medication"]["product"]) for name in ("prescriptions", "dispensations")}
    lines = lines.withColumns({"inside": F.coalesce("inside", body["inside"]), **facts})
    has_cda, cda = F.col("inside").isNotNull(), F.col("inside.header")
    told = F.col("header.id_root") != F.lower("resource")  # else nothing but its own name was told
    other = told & ~F.struct(*[f"header.{name}" for name in NAMES]).eqNullSafe(F.struct(*[cda[name] for name in NAMES]))
    stranger = patient["patient"]["ins"] != F.col("inside.ins")
    nobody = F.when(patient.isNull(), F.lit(NO_PATIENT)).otherwise(patient["rule"])
    disagrees = has_cda & F.coalesce(other | stranger, F.lit(False))
    return lines.withColumns(
        {
            "rule": F.coalesce(nobody, body["rule"], F.when(disagrees, F.lit(OTHER_DOCUMENT))),
            "field": F.when(patient.isNull(), F.concat_ws(".", "kind", F.lit("subject"))).when(
                disagrees & nobody.isNull(), F.when(other, F.lit("masterIdentifier")).otherwise(F.lit("subject"))
            ),
            "whose": F.try_element_at(whose, F.lit(1))["target"],
            "warnings": F.concat(
                "warnings", F.coalesce(patient["warnings"], empty()), F.coalesce(body["warnings"], empty())
            ),
            "patient": patient["patient"],
            "patient_content": patient["content"],
            "body_content": F.coalesce(cda["content_sha256"], body["body_sha256"]),
            "header": F.struct(*[column.alias(name) for name, column in header(about).items()]),
            **{name: F.coalesce(f"inside.{name}", name) for name in FACTS},
        }
    ).drop("told", "sent", "inside")


def header(about: dict[str, Column]) -> dict[str, Column]:
    """Fields of HEAD."""
    found = {name: F.col(f"header.{name}") for name in (*HEADER, "level", "body_bytes")}
    author, body = about["author"]["agent"], about["body"]
    found["author_id"] = F.coalesce(found["author_id"], author["author_id"])
    found["author_speciality"] = F.coalesce(found["author_speciality"], author["author_speciality"])
    found["organisation_id"] = F.coalesce(
        found["organisation_id"], about["organisation"]["agent"]["organisation_id"], author["organisation_id"]
    )
    found["submitted_text"] = F.coalesce(found["submitted_text"], "sent")
    for name in ("body_media_type", "body_sha256", "body_bytes"):
        found[name] = F.coalesce(found[name], body[name])
    cda, has_cda = F.col("inside.header"), F.col("inside").isNotNull()
    for name, named in zip(REPLACES, NAMES, strict=True):
        found[name] = F.coalesce(cda[name], about["replaces"][named], found[name])
    own = {name: cda[name] for name in found if name not in (*OF_REGISTRY, *REPLACES)}
    return found | {name: F.when(has_cda, column).otherwise(found[name]) for name, column in own.items()}


def with_product(name: str, product: Column) -> Column:
    """Facts about a product that another line tells."""

    def tell(fact: Column) -> Column:
        for code in PRODUCT:
            fact = fact.withField(code, F.coalesce(fact[code], product[code]))
        return fact

    return F.when(product.isNotNull(), F.transform(name, tell)).otherwise(F.col(name))
