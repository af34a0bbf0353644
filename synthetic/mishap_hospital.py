"""What befalls a hospital's whole delivery before it is sent: packed, converted, empty, or only a trial."""

import gzip
from dataclasses import replace

import pandas as pd

from synthetic.deposit import Delivery
from synthetic.hospital import RSS
from synthetic.hospital_delivery import FORMAT, total
from synthetic.identity_lines import VID
from synthetic.mess import IGNORED, QUARANTINED, mess_table
from synthetic.mishap import EMPTY, GZIP, TRIAL, UTF8
from synthetic.produce import Sent


def befall(sent: Sent, kinds: set[str]) -> Sent:
    """The delivery under the mishaps of its producer, with the faults and counts that intake must then find."""
    if sent.delivery.format != FORMAT or sent.delivery.transmission:
        return sent
    files = sent.delivery.files
    if GZIP in kinds:
        sent = refused(sent, RSS, gzip.compress(files[RSS], mtime=0), "HOS-018", 1)
    elif EMPTY in kinds:
        sent = refused(sent, RSS, b"", "HOS-018", 0)
    if UTF8 in kinds:
        sent = refused(sent, VID, files[VID].decode("cp1252").encode(), "HOS-013", sent.by_file[VID]["read"])
    return trial(sent) if TRIAL in kinds else sent


def faults(delivery: Delivery, rows: list[tuple[str, int, str, str]]) -> pd.DataFrame:
    """A table of planted faults of one delivery."""
    return mess_table(rows, delivery.source, delivery.producer, delivery.delivery_id)


def refused(sent: Sent, name: str, content: bytes, code: str, records: int) -> Sent:
    """One file with other bytes, of which nothing is taken in: ``code`` rejects each of its ``records``.

    The manifest no longer says how many records the file has.
    """
    delivery = replace(
        sent.delivery,
        files=sent.delivery.files | {name: content},
        records={file: count for file, count in sent.delivery.records.items() if file != name},
    )
    rows = [(name, record, code, QUARANTINED) for record in range(1, records + 1)]
    by_file = sent.by_file | {name: {"read": records, QUARANTINED: records}}
    lost = {"unit_lines_accepted": 0} if name == RSS else {"identity_accepted": False}
    return replace(
        sent,
        delivery=delivery,
        mess=pd.concat([sent.mess[sent.mess.file != name], faults(delivery, rows)], ignore_index=True),
        truth=sent.truth.assign(**lost),
        by_file=by_file,
        counts=total(by_file),
    )


def trial(sent: Sent) -> Sent:
    """A trial transmission (period 0): whatever it holds is ignored."""
    delivery = replace(sent.delivery, transmission=TRIAL)
    read = {name: counts["read"] for name, counts in sent.by_file.items()}
    rows = [(name, record, "HOS-019", IGNORED) for name, n in read.items() for record in range(1, n + 1)]
    by_file = {name: {"read": n, IGNORED: n} for name, n in read.items()}
    return replace(
        sent,
        delivery=delivery,
        mess=faults(delivery, rows),
        truth=sent.truth.assign(unit_lines_accepted=0, identity_accepted=False),
        by_file=by_file,
        counts=total(by_file),
        extra={name: table.assign(accepted=False) for name, table in sent.extra.items()},
    )
