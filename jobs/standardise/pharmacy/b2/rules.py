"""Codes of B2's rules (``config/rules/pharmacy_b2.json``) and the error that carries one."""

EMPTY, FOREIGN, FRAME, TOTAL_RECORDS = "B2F-001", "B2F-002", "B2F-003", "B2F-004"
WHOLE_FILE_RULES = (EMPTY, FOREIGN, FRAME, TOTAL_RECORDS)  # they refuse a file as one record
LONG, SHORT, BYTES, NOT_DIGITS, BLANK, DATE, ACT = (f"B2F-01{n}" for n in range(7))
NO_TRAILER, ORDER, TOO_MANY, OTHER_HEADER, STRAY, COUNT, TOTALS, NO_NUMBER, UNKNOWN = (f"B2F-02{n}" for n in range(9))
PARTNER, TOO_OLD = "B2F-030", "B2F-031"

PADDED, NAME, UNKNOWN_RECORD, FUTURE, OLD, LUNAR, CENTURY, PRESCRIBED_LATER, NO_PRESCRIBER, ESTABLISHMENT = (
    f"B2F-1{n:02d}" for n in range(1, 11)
)
RPPS, NO_PRODUCT, FRACTION, SPLIT, SEVERAL_PRODUCTS, LOT_GAP, BASE, PRESCRIBER, QUANTITY = (
    f"B2F-1{n}" for n in range(11, 20)
)
LOT_MISSING = "B2F-120"  # of a producer, not of a record
KEY_WRONG, NO_IDENTITY = "IDE-001", "IDE-002"


class Refused(Exception):
    """A rule that refuses an invoice or a file, and where: ``12: 4.amount_amo`` is a zone of the 12th record."""

    def __init__(self, rule: str, record: int | None = None, zone: str = "") -> None:
        super().__init__(rule)
        self.rule = rule
        self.where = zone if record is None else f"{record}: {zone}" if zone else str(record)
