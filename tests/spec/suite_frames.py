"""Tables on which every rule passes, and for each judgement rule the one change that must make it fail."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from jobs.core.schema import Field, TableSchema

ROWS = 240
Row = dict[str, Any]
Change = Callable[[Row, int], Row]
SPECIAL: dict[str, Any] = {
    "period": "2026-10",
    "care_month": "2026-10",
    "first_seen": "2026-10",
    "length_of_stay": 2,
    "ghm": "05M092",
    "cip13": "3400930000014",
    "code_class": "drug",
    "event_type": "sale",
    "type_code": "11502-2",
    "level": 3,
    "result_count": 2,
    "value_type": "PQ",
    "code_kind": "loinc",
    "kind": "principal",
    "session_count": 1,
    "age_years": 40,
    "status": "accepted",
    "body_sha256": "0" * 64,
    "amount_total": Decimal("12.50"),
    "severity": "2",
    "ucd13": "3400890000013",
    "ucd_status": "valid",
    "prestation": "06",
    "site_finess": "990000012",
    "unit_mode": "C",
    "change": "new",
    "provisional": False,
    "service_nature": "3313",
    "line_kind": "drug",
    "surcharge": False,
    "flux_month": "2026-11",
    "death_month": "2026-10",
    "diagnosis": "E11",
    "product": "3400930000014",
    "icd10": "E119",
    "ccam": "DZQM006",
    "negated": False,
    "gross_quantity": 2,
    "reversed_quantity": 1,
    "unmatched_quantity": 0,
    "gross_amount": Decimal("2.00"),
    "reversal_amount": Decimal("-1.00"),
}


def perfect(schema: TableSchema, rows: int = ROWS) -> list[Row]:
    """Rows that keep every rule of their table."""
    made = [{item.name: value(schema, item, place) for item in schema.fields} for place in range(rows)]
    for place, row in enumerate(made):
        if "entry_date" in row:
            row["entry_date"], row["exit_date"] = date(2026, 10, 5), date(2026, 10, 7)
        if schema.name == "hospital_diagnosis":
            row["kind"] = ("principal", "associated")[place % 2]
        if schema.name in ("hospital_diagnosis", "hospital_procedure"):
            row["code"] = {"hospital_diagnosis": "J960", "hospital_procedure": "DZQM006"}[schema.name]
        if schema.name == "allergy":
            row["status"] = "active"
        if schema.name == "reconciliation":
            row["status"] = "matched"
        if schema.name == "pseudonym_succession":
            row["new"], row["since"] = f"1.Z{row['old'][3:]}", "2026-11-22"
        if "reference_low" in row:
            row["reference_low"], row["reference_high"] = Decimal("1.000000"), Decimal("5.000000")
    return made


def value(schema: TableSchema, item: Field, place: int) -> Any:
    """A value that the declaration allows; keys differ from row to row."""
    pattern = item.constraints.get("pattern", "")
    if pattern == "^[0-9a-f]{32}$":
        return f"{place:032x}"
    if "[A-Z2-7]{26}" in pattern:
        token = f"{place:026d}".translate(str.maketrans("0123456789", "ABCDEFGHIJ"))
        return f"1.{token}" if item.privacy == "pseudonym" else token
    if item.name in SPECIAL:
        return SPECIAL[item.name]
    if "enum" in item.constraints:
        allowed = item.constraints["enum"]
        return int(allowed[0]) if item.type == "integer" else allowed[place % 2]
    if item.name in schema.primary_key and item.type == "string":
        return f"{item.name} {place}"
    return {
        "string": "x",
        "integer": 1,
        "number": Decimal("1"),
        "date": date(2026, 10, 6),
        "datetime": datetime(2026, 10, 6, 8, tzinfo=UTC),
        "boolean": True,
    }[item.type]


def every(column: str, new: Any) -> Change:
    """The same value in all rows."""
    return lambda row, _: {**row, column: new}


BREAKERS: dict[str, Change] = {
    "011": every("severity", "9"),
    "012": lambda row, place: {**row, "severity": "9" if place % 10 == 0 else row["severity"]},
    "013": every("diagnosis_count", 0),
    "014": every("duration_minutes", 4000),
    "015": every("age_years", None),
    "016": every("sex", "2"),
    "017": every("duration_minutes", None),
    "018": every("entry_hour", 0),
    "021": every("code", "?"),
    "022": lambda row, place: {**row, "code_known": place % 4 != 0},
    "023": lambda row, place: {**row, "code": "?" if place % 10 == 0 else row["code"]},
    "031": every("code", "?"),
    "032": lambda row, place: {**row, "code_known": place % 4 != 0},
    "033": every("procedure_rank", 400),
    "101": every("exit_date", date(2026, 10, 1)),
    "102": every("ghm", "90Z00Z"),
    "103": lambda row, place: {**row, "ghm": "90Z00Z" if place % 5 == 0 else row["ghm"]},
    "104": every("length_of_stay", 4000),
    "105": every("sex", "2"),
    "106": every("age_years", None),
    "107": every("length_of_stay", 7),
    "108": every("provisional", True),
    "121": every("ucd_status", "rounded"),
    "122": lambda row, place: {**row, "ucd_status": "key_wrong" if place % 10 == 0 else row["ucd_status"]},
    "123": every("attached", False),
    "124": every("quantity", Decimal("0.002")),
    "131": every("bed_count", None),
    "132": every("site_finess", "0001A9900"),
    "133": every("unit_mode", "0"),
    "141": every("lines_added", 0),
    "142": every("change", "withdrawn"),
    "143": every("change", "changed"),
    "201": every("exit_date", date(2026, 10, 1)),
    "202": every("principal_diagnosis", None),
    "203": lambda row, place: {**row, "principal_diagnosis": None if place % 20 == 0 else "J960"},
    "204": every("session_count", 300),
    "205": every("exit_date", date(2029, 1, 1)),
    "301": every("code_known", False),
    "302": lambda row, place: {**row, "code_known": place % 10 != 0},
    "303": every("code", "1234"),
    "304": every("kind", "associated"),
    "401": every("code", "shifted"),
    "402": every("code_known", False),
    "403": every("procedure_date", None),
    "404": every("act_count", 0),
    "501": every("code_class", "unknown"),
    "502": lambda row, place: {**row, "code_class": "unknown" if place % 10 == 0 else "drug"},
    "503": every("event_type", "return"),
    "504": every("amount_total", Decimal("1250.00")),
    "505": every("prescribed_on", date(2027, 1, 1)),
    "506": lambda row, _: {**row, "event_type": "return", "quantity": -1},
    "511": every("net_quantity", 5),
    "512": every("net_quantity", -1),
    "513": every("net_amount", Decimal("9.00")),
    "514": every("unmatched_quantity", 1),
    "521": every("amount_is_primary", False),
    "522": every("quantity", None),
    "523": every("line_kind", "other"),
    "524": every("code_class", "unknown"),
    "525": every("atc", None),
    "526": every("flags", "care_date_doubtful"),
    "531": every("net_quantity", 5),
    "532": every("net_quantity", -1),
    "533": every("net_amount", Decimal("9.00")),
    "534": every("unmatched_quantity", 1),
    "541": every("age_years", 130),
    "542": every("sex", None),
    "543": every("flags", "sex_differs"),
    "551": every("diagnosis", None),
    "552": every("diagnosis", "9999"),
    "553": every("started_on", date(2027, 1, 1)),
    "581": lambda row, place: {**row, "dispensed_quantity": None if place % 2 else row["dispensed_quantity"]},
    "582": every("claimed_quantity", 5),
    "583": lambda row, place: {**row, "status": "only_claimed" if place % 5 == 0 else row["status"]},
    "601": every("type_code", None),
    "602": lambda row, place: {**row, "type_code": None if place % 20 == 0 else row["type_code"]},
    "603": every("created_on", None),
    "604": every("result_count", 0),
    "605": every("body_sha256", "none"),
    "611": every("code_kind", "missing"),
    "612": every("code_kind", "local"),
    "613": lambda row, _: {**row, "value_number": None, "null_flavor": None},
    "614": every("unit_ucum", False),
    "615": lambda row, _: {**row, "code": "8310-5", "unit": "Cel", "value_number": Decimal("98.000000")},
    "621": every("product_kind", "missing"),
    "622": every("product_kind", "other"),
    "623": every("vaccinated_on", None),
    "624": every("dose_number", 40),
    "625": every("negated", True),
    "631": every("product_kind", "missing"),
    "632": every("product_kind", "other"),
    "633": lambda row, _: {**row, "dose_value": None, "quantity_value": None},
    "634": every("ended_on", date(2020, 1, 1)),
    "641": every("product_kind", "missing"),
    "642": every("product_kind", "atc"),
    "643": every("dispensed_on", None),
    "644": every("quantity_value", Decimal("3400.000000")),
    "651": every("code", None),
    "652": every("icd10", "11.9"),
    "653": every("started", None),
    "654": every("ended_on", date(2020, 1, 1)),
    "661": lambda row, _: {**row, "agent_code": None, "kind_code": None},
    "662": every("agent_code", None),
    "663": every("status", "55561003"),
    "671": every("code", None),
    "672": every("ccam", "DZQM"),
    "673": every("started", None),
    "674": every("ended_on", date(2020, 1, 1)),
    "701": every("code_kind", "missing"),
    "702": every("code_kind", "local"),
    "703": lambda row, _: {**row, "value_number": None, "null_flavor": None},
    "704": every("unit_ucum", False),
    "705": every("reference_high", Decimal("0.5")),
    "801": every("age_years", 97),
    "802": lambda row, place: {**row, "sex": None if place % 10 == 0 else row["sex"]},
    "803": every("sex", "2"),
    "804": every("age_years", 90),
    "901": lambda row, _: {**row, "status": "held", "reason": None},
    "902": every("as_of", None),
    "903": every("status", "missing"),
    "961": lambda row, _: {**row, "new": row["old"]},
    "962": every("since", "x"),
    "963": lambda row, _: {**row, "new": f"2{row['new'][1:]}"},
    "951": lambda row, place: {**row, "code": " " * (place + 1)},
    "952": every("label_fr", None),
    "953": every("source", None),
}
