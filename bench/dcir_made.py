"""A large delivery of claims with all columns of the tables, and what is true of it."""

import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from jobs.standardise.layouts import LAYOUTS, read_csv

PRODUCER, DELIVERY, FORMAT = "CNAM1", "2026-11-22T0100-001", "dcir"
FIRST, LAST = "2026-11-01", "2026-11-30"
CODES = [f"34009{9000000 + 7 * rank:07d}" for rank in range(3000)]
REVERSED, REPEATED = 0.04, 0.02  # services that take back the one before; that tell the same again, for two deliveries
KEY = ("DCT_ORD_NUM", "PRS_ORD_NUM")


PRICE = Decimal("2.18")
Place = tuple[str, str, str, str, str]  # person, CIP13, day, pharmacy, prescriber: where a reversal finds its original


@dataclass
class Truth:
    """Rows of each table, the sum of reimbursed amounts, and net boxes by (person, CIP13, day).

    ``given`` and ``back``: boxes handed out and taken back. ``paid``: centimes of services by their first drug, and
    whether they were taken back.
    """

    rows: dict[str, int] = field(default_factory=dict)
    amount: Decimal = Decimal(0)
    boxes: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    given: Counter[Place] = field(default_factory=Counter)
    back: Counter[Place] = field(default_factory=Counter)
    paid: Counter[tuple[str, str, str, bool]] = field(default_factory=Counter)

    def tell(self, cells: dict[str, str], lines: list[dict[str, str]], cents: int) -> None:
        """Add one service with its drugs."""
        self.amount += Decimal(cents) / 100
        person, day = cells["NUM_ENQ"], cells["EXE_SOI_DTD"]
        for line in lines:
            code, boxes = line["PHA_PRS_C13"], int(line["PHA_ACT_QSN"])
            self.boxes[person, code, day] += boxes
            place = (person, code, day, cells["PFS_EXE_NUM"], cells["PFS_PRE_NUM"])
            (self.given if boxes > 0 else self.back)[place] += abs(boxes)
        if lines:
            month = f"{day[6:]}-{day[3:5]}"
            self.paid[person, month, lines[0]["PHA_PRS_C13"], cents < 0] += cents

    def net(self) -> dict[tuple[str, str, str], list[Decimal]]:
        """By (person, month, CIP13): boxes gross, reversed, unmatched, net; euros gross, reversed, net, priced net."""
        found: dict[tuple[str, str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 8)
        for place in {*self.given, *self.back}:
            given, back = self.given[place], self.back[place]
            matched, own = min(given, back), found[place[0], f"{place[2][6:]}-{place[2][3:5]}", place[1]]
            for at, more in enumerate((given, matched, back - matched, given - back)):
                own[at] += more
            own[7] += PRICE * (given - back)
        for (person, month, code, is_back), cents in self.paid.items():
            own = found[person, month, code]
            own[5 if is_back else 4] += Decimal(cents) / 100
            own[6] += Decimal(cents) / 100
        return dict(found)


def columns(table: str) -> list[str]:
    """Every column of a table as a delivery has them: the study's number in the place of the insured person's."""
    found = [row["column"] for row in read_csv(LAYOUTS / "pharmacy" / "dcir_columns.csv") if row["table"] == table]
    return [name for name in dict.fromkeys(found) if name != "BEN_NIR_PSA"]


def gtin(body: str) -> str:
    """Thirteen digits of twelve, with their check digit."""
    total = sum(int(digit) * (3 if rank % 2 else 1) for rank, digit in enumerate(body))
    return f"{body}{-total % 10}"


class Writer:
    """Writes a table line by line; cells that a line does not name are those of the model."""

    def __init__(self, path: Path, table: str, model: dict[str, str]) -> None:
        self.names = columns(table)
        self.cells = [model.get(name, "") for name in self.names]
        self.place = {name: rank for rank, name in enumerate(self.names)}
        self.rows = 0
        self.stream = path.open("w", encoding="ascii", newline="")
        self.stream.write(";".join(self.names) + "\r\n")

    def write(self, **cells: str) -> None:
        """One line."""
        line = self.cells.copy()
        for name, cell in cells.items():
            line[self.place[name]] = cell
        self.stream.write(";".join(line) + "\r\n")
        self.rows += 1

    def close(self) -> int:
        """End the file; its lines."""
        self.stream.close()
        return self.rows


SHARED = {
    "FLX_DIS_DTD": "01/11/2026", "FLX_TRT_DTD": "06/11/2026", "FLX_EMT_TYP": "1", "FLX_EMT_NUM": "3",
    "FLX_EMT_ORD": "2", "ORG_CLE_NUM": "01C999", "ORG_CLE_NEW": "01C999", "REM_TYP_AFF": "1",
}  # fmt: skip
SERVICE = SHARED | {
    "BEN_RNG_GEM": "1", "BEN_AMA_COD": "41", "BEN_CDI_NIR": "00", "BEN_CMU_TOP": "0", "BEN_DCD_DTE": "01/01/1600",
    "BEN_NAI_ANN": "1985", "BEN_QAF_COD": "10", "BEN_RES_COM": "114", "BEN_RES_DPT": "075", "BEN_SEX_COD": "2",
    "ORG_AFF_BEN": "01C999", "PRS_REJ_TOP": "0", "BSE_REM_SGN": "1", "CPL_REM_BSE": "0.00", "CPL_REM_MNT": "0.00",
    "CPL_REM_PRU": "0.00000", "CPL_REM_SGN": "0", "PRS_ACT_CFT": "1.00", "PRS_ACT_COG": "1.00", "PRS_DEP_MNT": "0.00",
    "PRS_ETA_RAC": "0.00", "RGO_MOD_MNT": "0.00", "ORB_BSE_NUM": "01C999", "ORL_BSE_NUM": "01C999", "RGM_COD": "100",
    "RGM_GRG_COD": "1", "ACC_TIE_IND": "0", "BSE_FJH_TYP": "0", "CPL_AFF_COD": "0", "CPL_MAJ_TOP": "0", "DPN_QLF": "0",
    "PRS_DPN_QLP": "0", "EXO_MTF": "0", "MTM_NAT": "0", "PRE_REN_COD": "0", "PRS_OPS_TRF": "0", "RGO_ASU_NAT": "10",
    "RGO_ENV_TYP": "1", "RGO_FTA_COD": "0", "RGO_MIN_TAU": "0.00", "RGO_REM_TAU": "65.00", "RGO_THE_TAU": "65.00",
    "PSE_ACT_NAT": "50", "PSE_CNV_COD": "1", "PSE_SPE_COD": "0", "PSE_STJ_COD": "51", "PSP_ACT_NAT": "1",
    "PSP_CNV_COD": "1", "PSP_SPE_COD": "1", "PSP_STJ_COD": "51", "CPL_REM_TAU": "0.00", "PRS_QTT_MAJ": "0",
    "PRS_GRS_DTD": "01/01/1600", "PRS_HOS_DTD": "01/01/1600", "PRS_HOS_AMD": "160001", "BEN_DCD_AME": "160001",
    "PRE_PRE_AMD": "202610", "EXE_SOI_AMF": "202610", "BEN_CMU_ORG": "999999999", "PRS_MTT_NUM": "00000000",
    "ETB_PRE_FIN": "00000000", "PSP_PPS_NUM": "0000000000", "EXE_CTX_PFS": "9999", "EXE_CTX_BEN": "9999",
}  # fmt: skip
DRUG = SHARED | {"PHA_ACT_PRU": "2.18000", "PHA_DEC_TOP": "Z", "PHA_SUB_MTF": "0", "PHA_SEQ_RNV": "0"}
ACT = SHARED | {"CAM_ACT_COD": "1", "CAM_MOD_COD": "Z", "CAM_PRS_IDE": "DZQM006", "CAM_ACT_PRU": "75.60"}


def make(folder: Path, services: int, drugs: int, acts: int) -> Truth:
    """Write the files of a delivery of so many lines. The same numbers make the same bytes."""
    draw, truth = random.Random(11), Truth()
    codes = [gtin(code) for code in CODES]
    folder.mkdir(parents=True)
    tables = {
        "ER_PRS_F": Writer(folder / "ER_PRS_F.csv", "ER_PRS_F", SERVICE),
        "ER_PHA_F": Writer(folder / "ER_PHA_F.csv", "ER_PHA_F", DRUG),
        "ER_CAM_F": Writer(folder / "ER_CAM_F.csv", "ER_CAM_F", ACT),
        "ER_ETE_F": Writer(folder / "ER_ETE_F.csv", "ER_ETE_F", SHARED | {"ETE_IND_TAA": "0"}),
    }
    under = Counter(draw.randrange(services) for _ in range(drugs))
    performed = Counter(draw.randrange(services) for _ in range(acts))
    earlier: tuple[dict[str, str], list[dict[str, str]], int] | None = None
    for rank in range(services):
        told = service(draw, codes, rank, under[rank])
        chance = draw.random() if earlier is not None and under[rank] == len(earlier[1]) else 1.0
        if earlier is not None and chance < REVERSED + REPEATED:
            told = turned(earlier) if chance < REVERSED else earlier
        cells, lines, cents = told
        key = {"DCT_ORD_NUM": str(1000 + rank // 3), "PRS_ORD_NUM": str(1 + rank % 3)}
        tables["ER_PRS_F"].write(**key, **cells)
        truth.tell(cells, lines, cents)
        for order, line in enumerate(lines, start=1):
            tables["ER_PHA_F"].write(**key, **line, PHA_ORD_NUM=str(order))
        for order in range(performed[rank]):
            tables["ER_CAM_F"].write(**key, CAM_ORD_NUM=str(order + 1))
        if rank % 20 == 0:
            tables["ER_ETE_F"].write(**key)
        earlier = None if chance < REVERSED else told
    truth.rows = {name: writer.close() for name, writer in tables.items()}
    return truth


Service = tuple[dict[str, str], list[dict[str, str]], int]


def service(draw: random.Random, codes: list[str], rank: int, drugs: int) -> Service:
    """One service with its drugs, and its reimbursed cents."""
    cents, quantity = draw.randrange(50, 9000), draw.choice((1, 1, 1, 2, 3))
    day = f"{draw.randrange(1, 31):02d}/{draw.choice(('09', '10'))}/2026"
    cells = {
        "NUM_ENQ": f"E{draw.randrange(60_000):08d}", "EXE_SOI_DTD": day, "EXE_SOI_DTF": day,
        "EXE_SOI_AMD": f"{day[6:]}{day[3:5]}", "PRE_PRE_DTD": day, "PRS_NAT_REF": "3313" if drugs else "3386",
        "PFS_EXE_NUM": f"992{draw.randrange(20_000):05d}", "PFS_PRE_NUM": f"991{draw.randrange(90_000):05d}",
        **amounts(cents, quantity),
    }  # fmt: skip
    lines = [
        {"PHA_PRS_C13": code, "PHA_PRS_IDE": code[5:12], "PHA_ACT_QSN": str(quantity)}
        for code in draw.sample(codes, drugs)
    ]
    return cells, lines, cents


def amounts(cents: int, quantity: int) -> dict[str, str]:
    """Amount cells of a service, signs included."""
    text = f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"
    return {
        "BSE_REM_BSE": text, "BSE_REM_MNT": text, "PRS_PAI_MNT": text, "BSE_REM_PRU": "2.18000",
        "PRS_ACT_QTE": str(quantity), "PRS_ACT_NBR": str(quantity), "BSE_REM_SGN": "2" if cents < 0 else "1",
    }  # fmt: skip


def turned(earlier: Service) -> Service:
    """The reversal of a service: identical but for the sign of quantity and amounts."""
    cells, lines, cents = earlier
    back = [line | {"PHA_ACT_QSN": str(-int(line["PHA_ACT_QSN"]))} for line in lines]
    return cells | amounts(-cents, -int(cells["PRS_ACT_QTE"])), back, -cents
