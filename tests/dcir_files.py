"""DCIR files of a few lines, and a night that reads them."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from jobs.core.attempt import attempt_folder
from jobs.core.register import Producer
from jobs.core.settings import Settings
from jobs.core.snapshot import DataFile
from jobs.standardise.context import PACKS
from jobs.standardise.deliveries import Delivery
from jobs.standardise.pharmacy import standardise
from jobs.standardise.pools import standard_pool
from jobs.standardise.write import write_proposal
from tests.given import Given

Row = dict[str, str]
FUND = "CNAM1"
KEY: Row = {
    "DCT_ORD_NUM": "1", "FLX_DIS_DTD": "01/11/2026", "FLX_TRT_DTD": "06/11/2026", "FLX_EMT_TYP": "1",
    "FLX_EMT_NUM": "3", "FLX_EMT_ORD": "2", "ORG_CLE_NUM": "01C999", "PRS_ORD_NUM": "1", "REM_TYP_AFF": "1",
}  # fmt: skip
SERVICE: Row = {
    "NUM_ENQ": "P0000001", "BEN_RNG_GEM": "1", "EXE_SOI_DTD": "20/10/2026", "EXE_SOI_AMD": "202610",
    "PRE_PRE_DTD": "19/10/2026", "PRS_NAT_REF": "3313", "CPL_MAJ_TOP": "0", "DPN_QLF": "0", "PRS_DPN_QLP": "0",
    "BSE_REM_SGN": "1", "BSE_REM_BSE": "2.18", "BSE_REM_MNT": "1.42", "CPL_REM_MNT": "", "PRS_PAI_MNT": "2.18",
    "PRS_ACT_QTE": "1", "RGO_REM_TAU": "65.00", "RGM_COD": "100", "EXO_MTF": "0", "PFS_EXE_NUM": "99200001",
    "PFS_PRE_NUM": "99100011", "PSP_PPS_NUM": "", "ETB_PRE_FIN": "", "BEN_AMA_COD": "41", "BEN_SEX_COD": "2",
    "BEN_RES_DPT": "075", "BEN_RES_COM": "114", "BEN_CDI_NIR": "00", "BEN_DCD_DTE": "01/01/1600",
}  # fmt: skip
DRUG: Row = {
    "PHA_ORD_NUM": "1", "PHA_PRS_C13": "3400935955838", "PHA_PRS_IDE": "3595583", "PHA_ACT_QSN": "1",
    "PHA_ACT_PRU": "2.18000", "PHA_DEC_TOP": "Z",
}  # fmt: skip
HOSPITAL_DRUG: Row = {
    "UCD_ORD_NUM": "1", "UCD_UCD_COD": "0000009348420", "UCD_DLV_NBR": "2", "UCD_FAC_PRU": "28.08",
    "UCD_FRC_COE": "1.0000", "UCD_TOP_UCD": "0",
}  # fmt: skip
ACT: Row = {"CAM_ORD_NUM": "1", "CAM_PRS_IDE": "DZQM006", "CAM_ACT_PRU": "75.60", "CAM_ACT_COD": "1"}
FACILITY: Row = {"ETE_IND_TAA": "0", "ETB_EXE_FIN": "99000001"}
PERSON: Row = {
    "NUM_ENQ": "P0000001", "BEN_RNG_GEM": "1", "BEN_NAI_ANN": "1985", "BEN_SEX_COD": "2", "BEN_DCD_DTE": "01/01/1600",
    "BEN_RES_DPT": "075", "BEN_RES_COM": "114", "BEN_CDI_NIR": "00", "BEN_IDT_ANO": "",
}  # fmt: skip
ILLNESS: Row = {
    "NUM_ENQ": "P0000001", "BEN_RNG_GEM": "1", "IMB_ALD_DTD": "01/02/2020", "IMB_ALD_DTF": "01/02/2030",
    "IMB_ALD_NUM": "8", "IMB_ETM_NAT": "41", "MED_MTF_COD": "E11", "MED_NCL_IDT": "CIM10",
}  # fmt: skip
MODELS = {
    "ER_PRS_F": KEY | SERVICE, "ER_PHA_F": KEY | DRUG, "ER_UCD_F": KEY | HOSPITAL_DRUG, "ER_CAM_F": KEY | ACT,
    "ER_ETE_F": KEY | FACILITY, "IR_BEN_R": PERSON, "IR_IMB_R": ILLNESS,
}  # fmt: skip


def file(table: str, *changes: Row, without: tuple[str, ...] = ()) -> bytes:
    """A table whose lines differ from the model by some cells; columns that a change names are added at the end."""
    model = {name: cell for name, cell in MODELS[table].items() if name not in without}
    columns = list(dict.fromkeys([*model, *(name for change in changes for name in change)]))
    lines = [";".join((model | change).get(name, "") for name in columns) for change in changes]
    return "\r\n".join([";".join(columns), *lines, ""]).encode()


@dataclass(frozen=True)
class Sent:
    """A delivery of the fund, or of a pharmacy in its own format: its files, the period that it covers, its mode."""

    files: dict[str, bytes]
    first: str = "2026-11-01"
    last: str = "2026-11-30"
    mode: str = "replace"
    name: str = ""
    producer: str = FUND
    format: str = "dcir"


def night(spark: SparkSession, settings: Settings, date: str, *sent: Sent, base: Any = None) -> dict[str, Any]:
    """Standardise some deliveries and return the proposal."""
    deliveries, packs = [], []
    for rank, one in enumerate(sent):
        name = one.name or f"D{date}-{rank}"
        files = tuple(
            {"name": file, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            for file, data in one.files.items()
        )
        own = (one.mode, one.format, one.first, one.last, f"{date}T0{rank}", date, files)
        deliveries.append(Delivery(name, one.producer, *own))
        whose = (one.producer, name, one.format)
        packs += [(*whose, file, 0, 0, 0, bytearray(data), False, None, None) for file, data in one.files.items()]
    register = {
        one.producer: Producer(one.producer, "pharmacy", "", one.format, "standard", None, None, "", "active")
        for one in sent
    }
    with attempt_folder(settings) as attempt:
        context = Given(spark, settings, date, "pharmacy", deliveries, register, base, Path(attempt))
        context.given = spark.createDataFrame(packs, PACKS)
        try:
            return write_proposal(context, standardise(context), [])
        finally:
            context.release()


def base_of(proposal: dict[str, Any], date: str, base: dict[str, Any] | None = None) -> dict[str, Any]:
    """The state after a night, as the next one finds it."""
    tables = {name: dict(parts) for name, parts in (base or {"tables": {}})["tables"].items()}
    entry = proposal["producers"][FUND]
    for name, parts in entry["tables"].items():
        for period in entry["scope"][name]:
            tables.setdefault(name, {}).pop(f"{FUND}__{period}", None)
        tables.setdefault(name, {}).update(parts)
    return {"night": date, "tables": tables, "claims": []}


def rows(settings: Settings, proposal: dict[str, Any], table: str) -> list[dict[str, Any]]:
    """The rows of a table that a proposal writes."""
    return rows_of(settings, proposal["producers"][FUND]["tables"].get(table, {}))


def rows_of(settings: Settings, parts: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of some partitions."""
    pool = standard_pool(settings, "pharmacy")
    files = [DataFile.from_json(one) for _, every in sorted(parts.items()) for one in every]
    return [row for one in files for row in pq.read_table(pool.path(one)).to_pylist()]


def outcomes(proposal: dict[str, Any], producer: str = FUND) -> dict[str, int]:
    """Lines by outcome; outcomes that did not occur are left out."""
    entry = proposal["producers"][producer]
    names = ("accepted", "unchanged", "duplicate", "quarantined", "ignored")
    return {name: entry[name] for name in names if entry[name]}


def rules(proposal: dict[str, Any]) -> dict[str, int]:
    """Refused and ignored lines by rule."""
    found: dict[str, int] = proposal["producers"][FUND]["rules"]
    return found
