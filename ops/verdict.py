"""The end of `make night`: the verdict, what was published, where to look, what to type."""

import json
from pathlib import Path
from typing import Any


def read_run(root: Path, night: str) -> dict[str, Any] | None:
    """The report's facts for machines, None when the night got no report."""
    path = root / "reports" / night / "run.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def verdict_lines(root: Path, night: str, run: dict[str, Any] | None) -> list[str]:
    """What to print at the end."""
    if run is None:
        return [f"Night {night}: no report was written. See the failing task above.", *alert_lines(root, night)]
    published = run.get("decision") == "publish"
    head = f"Night {night}: PUBLISHED as release {run.get('release')}" if published else f"Night {night}: REFUSED"
    lines = ["", head, *[f"  - {sentence(reason)}" for reason in run.get("reasons", [])]]
    if published:
        lines += ["", *table_lines(run.get("tables", []))]
    else:
        lines += alert_lines(root, night)
    lines += ["", f"Report   {root / 'reports' / night / 'index.html'}"]
    if published:
        lines += ["", f"Query    {query(root)}"]
    return lines


def table_lines(tables: list[dict[str, Any]]) -> list[str]:
    """The published tables with their row counts, aligned."""
    width = max((len(table["table"]) for table in tables), default=0)
    return [f"  {table['table']:<{width}}  {table['rows']:>12,}" for table in tables]


def query(root: Path) -> str:
    """One DuckDB query over the current release, as a command to paste into a shell."""
    stays = f"{root}/published/current/hospital_stay/**/*.parquet"
    columns = "producer, count(*) AS stays, count(DISTINCT pseudonym) AS persons"
    # $$ quotes a string in DuckDB, so that the shell's and Python's own quotes stay free.
    sql = f"SELECT {columns} FROM read_parquet($${stays}$$) GROUP BY producer ORDER BY producer"  # noqa: S608  for a shell
    return f".venv/bin/python -c 'import duckdb; print(duckdb.sql(\"{sql}\"))'"


def sentence(reason: Any) -> str:
    """A reason in words, whatever its shape."""
    if not isinstance(reason, dict):
        return str(reason)
    words = reason.get("message") or reason.get("title") or reason.get("reason") or json.dumps(reason)
    words = words.get("en", json.dumps(words)) if isinstance(words, dict) else words
    return f"{reason['code']}: {words}" if reason.get("code") else str(words)


def alert_lines(root: Path, night: str) -> list[str]:
    """What the alert says to do."""
    path = root / "reports" / night / "alert.json"
    if not path.is_file():
        return []
    alert = json.loads(path.read_text(encoding="utf-8"))
    return ["", f"Cause    {alert['cause']}", f"Next     {alert['next_action']}", f"Runbook  {alert['runbook']}"]
