"""Emergency visits over several deliveries: told again, corrected, alike, cut into parts, dated."""

import datetime as dt

import pytest

from tests.emergency_files import Night, deposit, oscour, register, visit


@pytest.fixture
def few_partitions(spark):
    before = spark.conf.get("spark.sql.shuffle.partitions")
    spark.conf.set("spark.sql.shuffle.partitions", "1")
    yield spark
    spark.conf.set("spark.sql.shuffle.partitions", before)


def test_later_deliveries_tell_visits_again(few_partitions, settings):
    """Unchanged, corrected, two visits on one key, and corrections that cannot be told apart."""
    twins = {"ENTREE": "06/03/2026 09:00", "SORTIE": "06/03/2026 10:00", "NAISSANCE": "01/01/2020"}
    twin_a, twin_b = visit(**twins, DP="J00"), visit(**twins, DP="J069")
    register(settings)
    deposit(
        settings,
        "D1",
        {"rpu.xml": oscour(visit(), visit(ENTREE="05/03/2026 15:00", SORTIE=None, DP=None), twin_a, twin_b)},
    )
    first = Night(few_partitions, settings, "2026-03-10")
    assert [first.outcome("rpu.xml", n) for n in (1, 2, 3, 4)] == ["accepted"] * 4
    assert len(first.tables["emergency_visit"]) == 4

    corrected = visit(ENTREE="05/03/2026 15:00", SORTIE="05/03/2026 18:00", DP="U07.1", LISTE_DA=["J960"])
    deposit(
        settings, "D2", {"rpu.xml": oscour(twin_b, twin_a, corrected, visit())}, covers=("2026-03-03", "2026-03-10")
    )
    second = Night(few_partitions, settings, "2026-03-11", first.state)
    told = [second.outcome("rpu.xml", n).split()[0] for n in (1, 2, 3, 4)]
    assert told == ["duplicate", "duplicate", "accepted", "duplicate"]
    assert [(one["event"], one["delivery_id"], one["count"]) for one in second.result.events] == [
        ("superseded", "D1", 1)
    ]
    visits = {row["visit_id"]: row for row in second.tables["emergency_visit"]}
    assert set(visits) == {row["visit_id"] for row in first.tables["emergency_visit"]}
    changed = [row for row in visits.values() if row["delivery_id"] == "D2"]
    assert [(row["covid"], row["duration_minutes"], row["diagnosis_count"]) for row in changed] == [(True, 180, 2)]
    codes = sorted(row["code"] for row in second.tables["emergency_diagnosis"])
    assert codes == ["I10", "J00", "J069", "J960", "U071"]

    partly = visit(**twins, DP="J00", LISTE_DA=["R05"])
    deposit(settings, "D3", {"rpu.xml": oscour(partly)}, covers=("2026-03-03", "2026-03-11"))
    third = Night(few_partitions, settings, "2026-03-12", second.state)
    assert third.outcome("rpu.xml", 1) == "accepted RPU-030"
    assert len(third.tables["emergency_visit"]) == 4


def test_the_same_content_again_gives_the_same_files(few_partitions, settings):
    register(settings)
    deposit(settings, "D1", {"rpu.xml": oscour(visit(LISTE_DA=["E119"]), visit(SEXE="F"))})
    first = Night(few_partitions, settings, "2026-03-10")
    deposit(settings, "D2", {"rpu.xml": oscour(visit(SEXE="F"), visit(LISTE_DA=["E119"]))})
    second = Night(few_partitions, settings, "2026-03-11", first.state)
    assert second.files == first.files
    assert not second.result.events


def test_covid_by_date(few_partitions, settings):
    """U07.1 counts in this feed; the codes of spring 2020 count then and never after."""
    register(settings)
    sent = {
        ("U07.1", "2020-04-01"): True, ("B34.2", "2020-04-01"): True, ("U04.9", "2020-05-31"): True,
        ("B97.2", "2020-06-01"): False, ("B34.2", "2021-04-01"): False, ("U07.13", "2020-04-01"): False,
    }  # fmt: skip
    files = {}
    for place, (code, day) in enumerate(sent):
        entry = dt.date.fromisoformat(day).strftime("%d/%m/%Y")
        files[f"f{place}.xml"] = oscour(visit(ENTREE=f"{entry} 1{place}:00", SORTIE=None, DP="R05", LISTE_DA=[code]))
    deposit(settings, "D1", files, covers=("2020-03-01", "2021-05-01"))
    found = {
        row["file"]: row["covid"] for row in Night(few_partitions, settings, "2026-03-10").tables["emergency_visit"]
    }
    assert found == {f"f{place}.xml": covid for place, covid in enumerate(sent.values())}


def test_a_file_cut_into_parts_is_whole_again(few_partitions, settings, monkeypatch):
    """Packs hold a long file in parts; read alone, none of them would be a document."""
    policy = (settings.repo / "config" / "policy.toml").read_text().replace("8_388_608", "512")
    (settings.root / "policy.toml").write_text(policy)
    monkeypatch.setenv("VEILLEE_POLICY", str(settings.root / "policy.toml"))
    register(settings)
    many = [visit(ENTREE=f"05/03/2026 {hour:02d}:30", SORTIE=None) for hour in range(12)]
    deposit(
        settings,
        "D1",
        {"long.xml": oscour(*many), "one-line.xml": oscour(*many).replace(b"\n", b""), "short.xml": oscour(visit())},
    )
    found = Night(few_partitions, settings, "2026-03-10")
    assert found.context.packs().where("file = 'long.xml'").count() > 5
    assert found.counts.read == 25
    assert len(found.tables["emergency_visit"]) == 13


def test_a_night_with_nothing_but_refused_files(few_partitions, settings):
    register(settings)
    deposit(settings, "D1", {"page.xml": b"<html><body>504</body></html>"})
    found = Night(few_partitions, settings, "2026-03-10")
    assert found.outcome("page.xml", 1) == "quarantined RPU-001"
    assert found.result.scope == {name: [] for name in found.result.tables}
    assert not any(found.tables.values())
