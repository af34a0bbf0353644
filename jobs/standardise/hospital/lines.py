"""Lines of a hospital's files: which kind and version each is, its fields as text, and whether its length is right."""

from collections.abc import Callable

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.standardise.fixed_width import (
    block_length,
    header_field,
    header_length,
    lines_of,
    sniffed,
    whole_number,
    windows_text,
)
from jobs.standardise.layouts import FileKind, load_layouts

# Fields cut from each kind of line, under the names used from here on. No name of a person is ever cut.
RSS_FIELDS = {
    "finess": "finess_epmsi",
    "rss_id": "rss_id",
    "stay": "local_stay_id",
    "rum_id": "rum_id",
    "ghm_cmd": "ghm_cmd",
    "ghm_suffix": "ghm_suffix",
    "return_code": "fg_return_code",
    "birth_text": "birth_date",
    "sex": "sex",
    "unit_code": "unit_id",
    "bed_authorisation": "bed_authorisation",
    "entry_text": "unit_entry_date",
    "entry_mode": "unit_entry_mode",
    "entry_origin": "unit_entry_origin",
    "exit_text": "unit_exit_date",
    "exit_mode": "unit_exit_mode",
    "exit_destination": "unit_exit_destination",
    "residence_code": "residence_postcode",
    "newborn_weight": "newborn_weight_g",
    "gestational_age": "gestational_age_weeks",
    "session_count": "session_count",
    "principal_diagnosis": "principal_diagnosis",
    "related_diagnosis": "related_diagnosis",
    "severity_score": "igs2",
}
VID_FIELDS = {
    "finess": "finess_epmsi",
    "stay": "local_stay_id",
    "birth_text": "birth_date",
    "sex": "sex",
    "entry_text": "stay_entry_date",
    "exit_text": "stay_exit_date",
    "holder_number": "insured_nir",
    "holder_key": "insured_nir_key",
    "own_number": "individual_nir",
    "own_key": "individual_nir_key",
    "ins_number": "ins_matricule",
    "patient_number": "patient_ipp",
    "mother_stay": "mother_local_stay_id",
    "birth_rank": "birth_rank",
}
FIELDS = sorted({*RSS_FIELDS, *VID_FIELDS})


def read_lines(packs: DataFrame, *, several_parts: bool) -> DataFrame:
    """Lines with ``kind``, ``version``, every field of FIELDS as text, ``counts`` by block, ``zone`` and ``rest``.

    ``rest`` is what the line has beyond (positive) or short of (negative) the length that its counters announce.
    """
    layouts = load_layouts("hospital")
    seen = lines_of(packs, several_parts=several_parts)
    sniffs = {name: sniffed(F.col("line"), kind) for name, kind in layouts.items()}
    kind = F.coalesce(*[F.when(sniff.isNotNull(), F.lit(name)) for name, sniff in sniffs.items()], F.lit("unknown"))
    told = seen.withColumns(
        {"kind": kind, "version": F.coalesce(*sniffs.values()), "length": F.length(F.rtrim("line"))}
    )
    head = F.coalesce(by_kind(layouts, header_length), F.lit(0))
    measured = told.withColumn("head", head)
    text = windows_text(F.rpad("line", F.greatest(F.length("line"), F.col("head")), " "))
    padded = measured.withColumn("padded", text)
    counters = {
        block: counter_of(layouts[name], name, block) for name, kind in layouts.items() for block in kind.blocks
    }
    cut = padded.select(
        *[name for name in padded.columns if name != "padded"],
        *[cut_field(layouts, name).alias(name) for name in FIELDS],
        *[counter.alias(block) for block, counter in counters.items()],
        F.col("padded").substr(F.col("head") + 1, F.length("padded")).alias("zone"),
    )
    total = F.col("head") + announced(layouts)
    return cut.withColumn("rest", length_error(F.length("line"), F.col("length"), F.col("head"), total)).drop("head")


def by_kind(layouts: dict[str, FileKind], value: Callable[[FileKind, Column], Column]) -> Column:
    """A value of the line's kind and version; null for lines of neither."""
    found = F.lit(None).cast("int")
    for name, kind in layouts.items():
        found = F.when(F.col("kind") == name, value(kind, F.col("version"))).otherwise(found)
    return found


def cut_field(layouts: dict[str, FileKind], name: str) -> Column:
    """A field of either kind, trimmed; null when blank."""
    found = F.lit(None).cast("string")
    for kind, fields in (("rss", RSS_FIELDS), ("vid_hosp", VID_FIELDS)):
        if name in fields:
            value = header_field(layouts[kind], fields[name], F.col("padded"), F.col("version"))
            found = F.when(F.col("kind") == kind, value).otherwise(found)
    return F.nullif(F.trim(found), F.lit(""))


def counter_of(kind: FileKind, name: str, block: str) -> Column:
    """How many blocks of a name the line announces; null when that is no number, or for lines of another kind."""
    counter = next(b.counter for b in next(iter(kind.layouts.values())).blocks if b.name == block)
    text = header_field(kind, counter, F.col("padded"), F.col("version"))
    # a counter beyond the end of a line whose trailing blanks were lost announces nothing
    count = F.when(F.col("length") <= start_of(kind, counter), F.lit(0)).otherwise(whole_number(text))
    return F.when(F.col("kind") == name, count)


def announced(layouts: dict[str, FileKind]) -> Column:
    """Characters that the repeated blocks of a line take, by its counters."""
    total = F.lit(0)
    for name, kind in layouts.items():
        for block in kind.blocks:
            length = F.when(F.col("kind") == name, block_length(kind, block, F.col("version")))
            total = total + F.coalesce(F.col(block) * length, F.lit(0))
    return total


def length_error(sent: Column, without_blanks: Column, head: Column, total: Column) -> Column:
    """Characters too many (positive) or too few (negative). Blanks at the end are neither, nor is a short header."""
    return (
        F.when(without_blanks > total, without_blanks - total)
        .when(sent >= total, F.lit(0))
        .otherwise(F.greatest(sent, head) - total)
    )


def start_of(kind: FileKind, counter: str) -> int:
    """Characters before a counter, the smallest over versions."""
    return min(one.header[counter].start for one in kind.layouts.values()) - 1
