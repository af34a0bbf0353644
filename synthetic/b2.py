"""A pharmacy's invoices: the sales of its tickets as B2 files, by the layouts and the profile that the reader uses too.

One invoice per ticket with sales whose patient has a number. A box is a drug line with its price and a fee line with
the fee of each box; their totals add up to what the extract tells of the sale.
"""

import numpy as np
import pandas as pd

from synthetic import mess_b2
from synthetic.b2_records import Bill, Line
from synthetic.deposit import Delivery, delivery_id
from synthetic.dispensing import presentations
from synthetic.draws import Ints, chance, iso_day, scatter
from synthetic.mess import mess_table
from synthetic.people import Population
from synthetic.pharmacy import SERVICE, pharmacy_id, prescribers
from synthetic.produce import OUTCOMES, Night, Sent

FORMAT = "pharmacy-b2"
FEES = {100: "HD1", 65: "HD7", 30: "HD4", 15: "HD2"}
CERTIFIED = 0.6  # share of insured patients whose own number is told again in a 2S


def invoices(night: Night, rank: int, lines: pd.DataFrame) -> Sent:
    """The invoices of the lines that the pharmacy's extract tells of, as its second delivery of the night.

    ``truth``: one row per sold line with ``record``, its invoice's, and ``accepted``.
    """
    sold = billed(lines)
    bills = bills_of(night.world.people, rank, sold)
    number = pd.factorize(sold.ticket)[0]
    first = sold.place.to_numpy()[np.unique(number, return_index=True)[1]]
    codes = night.plan.choose(first, 107, mess_b2.FAULTS)
    name = f"factures-{iso_day(night.last)}.b2"
    content, placed, found = mess_b2.lot(bills, codes, pharmacy_id(rank), stamp(np.array([night.last + 1]))[0])
    place = {"source": "pharmacy", "producer": pharmacy_id(rank), "delivery_id": delivery_id(night.date, 2)}
    mess = mess_table([(name, record, code, mess_b2.OUTCOME[code]) for record, code in found], **place)
    counts = {"read": len(bills) + sum(code == mess_b2.TWICE for _, code in found)}
    counts |= {one: int((mess.expected_outcome == one).sum()) for one in OUTCOMES}
    counts["accepted"] = counts["read"] - counts["duplicate"] - counts["quarantined"] - counts["ignored"]
    refused = np.array([mess_b2.OUTCOME.get(code) == "quarantined" for code in codes], dtype=bool)
    truth = sold.assign(
        **place, file=name, record=np.array(placed, dtype=np.int64)[number], fault=codes[number],
        accepted=~refused[number],
    )  # fmt: skip
    start = max(night.known_before + 1, night.world.start)
    delivery = Delivery(
        **place, format=FORMAT, night=night.date, first_day=iso_day(start), last_day=iso_day(night.last),
        mode="append", files={name: content}, records={name: counts["read"]},
    )  # fmt: skip
    return Sent(delivery, mess, truth, counts, "invoice")


def billed(lines: pd.DataFrame) -> pd.DataFrame:
    """Sales of patients with a number, in the order of their tickets; an invoice has no number zero."""
    numbered = lines.numbered.to_numpy(dtype=bool)
    sale = (lines.event == "sale").to_numpy() & numbered & (lines.invoice.astype(str).str.strip("0") != "").to_numpy()
    return lines[sale].sort_values(["ticket", "line"], ignore_index=True)


def stamp(days: Ints) -> list[str]:
    """Day numbers as AAMMJJ."""
    return [iso_day(day).replace("-", "")[2:] for day in days.tolist()]


def bills_of(people: Population, rank: int, sold: pd.DataFrame) -> list[Bill]:
    """One invoice per ticket, in the order of the lines."""
    who, day = sold.person.to_numpy(), sold.day.to_numpy()
    insured = people.guardian(day, who)
    certified = (insured == who) & chance(who, 94, CERTIFIED)
    own = np.where(certified, np.char.add(people.number[who], people.key[who]), "")
    about = zip(
        sold.ticket, sold.invoice, people.number[insured], people.key[insured], stamp(people.birth[who]),
        people.birth_rank[who].tolist(), own.tolist(), lines_of(sold), strict=True,
    )  # fmt: skip
    bills: dict[str, Bill] = {}
    for ticket, number, nir, key, birth, twin, number_of_own, lines in about:
        known = bills.get(ticket)
        before = list(known.lines) if known else []
        every = (*before, *lines)
        bills[ticket] = Bill(pharmacy_id(rank), number, nir, key, birth, str(twin), every, number_of_own)
    return list(bills.values())


def lines_of(sold: pd.DataFrame) -> list[tuple[Line, Line]]:
    """Each sale as its drug line and its fee line. Amounts of a drug are those of the extract, less the fee."""
    boxes, box = presentations(), sold.box.to_numpy(dtype=np.int64)
    prices, fees = boxes.price_cents.to_numpy()[box], boxes.fee_cents.to_numpy()[box]
    codes = boxes.cip13.to_numpy(dtype=object)[box]
    local = scatter(sold.person.to_numpy(), 91) % 500
    doctor = np.where(sold.stay != "", 500 + sold.stay_hospital % 100, local).astype(np.int64)
    cells = zip(
        stamp(sold.day.to_numpy()), sold.quantity.tolist(), sold.rate.tolist(), prices.tolist(), fees.tolist(),
        sold.amount_base.tolist(), sold.amount_insurance.tolist(), codes, prescribers()[doctor], strict=True,
    )  # fmt: skip
    found = []
    for care, quantity, rate, price, fee, base, insurance, code, rpps in cells:
        drug = Line(SERVICE[rate], care, quantity, price, base, rate, insurance, base, code=code, rpps=rpps)
        cost = quantity * fee
        found.append((drug, Line(FEES[rate], care, quantity, fee, cost, rate, cost * rate // 100, cost)))
    return found
