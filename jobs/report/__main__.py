"""``python -m jobs.report --night N``: write the night's page, its facts and the receipts, whatever happened."""

import shutil
import sys
from pathlib import Path
from typing import Any

from jobs.core.attempt import attempt_folder
from jobs.core.cli import run_job
from jobs.core.settings import Settings
from jobs.core.snapshot import write_json
from jobs.report.facts import point, rule_words, run_facts, trend
from jobs.report.receipts import write_receipts
from jobs.report.render import render_page


def report(settings: Settings, night: str, source: str | None = None) -> dict[str, Any]:
    """Write ``reports/<night>/``: index.html, run.json and receipts; the folder is replaced as a whole."""
    facts = run_facts(settings, night)
    points = [*trend(settings, night), point(facts)]
    for item in facts["sources"]:
        if item["rule"]:
            item["rule_words"] = rule_words(item["rule"])
        for producer in item["producers"]:
            if producer["rule"]:
                producer["rule_words"] = rule_words(producer["rule"])
    with attempt_folder(settings) as attempt:
        folder = attempt / night
        folder.mkdir()
        (folder / "index.html").write_text(render_page(facts, points), encoding="utf-8")
        write_json(folder / "run.json", facts)
        receipts = write_receipts(settings, facts, folder)
        keep_alert(settings, night, folder)
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        replace_folder(folder, settings.reports / night, attempt)
    return {"report": facts["report"], "decision": facts["decision"], "receipts": receipts}


def keep_alert(settings: Settings, night: str, folder: Path) -> None:
    """The alert of a failed night lies beside its report and outlives the report's rewriting."""
    alert = settings.reports / night / "alert.json"
    if alert.is_file():
        shutil.copy2(alert, folder / "alert.json")


def replace_folder(new: Path, target: Path, attempt: Path) -> None:
    """Put a folder in the place of another; a reader in the gap between the two renames tries again."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        target.rename(attempt / "before")
    new.rename(target)


if __name__ == "__main__":
    sys.exit(run_job("report", report))
