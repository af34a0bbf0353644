"""Facts of a subject as a text that a fresh reader can follow. No trait is quoted: none is in the facts."""

import json
from collections.abc import Iterator
from typing import Any

from jobs.core.settings import REPOSITORY
from jobs.why import words
from jobs.why.facts import Companion, Facts

MODELS = REPOSITORY / "config" / "linkage"


def tell(facts: Facts, language: str) -> str:
    """The whole answer in one language (``fr`` or ``en``)."""
    return "\n".join(Teller(language).lines(facts))


class Teller:
    """Says facts in one language."""

    def __init__(self, language: str) -> None:
        self.place = ("fr", "en").index(language)
        self.colon, self.stop = ((" :", " ;"), (":", ";"))[self.place]

    def say(self, french: str, english: str) -> str:
        """The sentence in the language of the answer."""
        return (french, english)[self.place]

    def word(self, words: dict[str, words.Words], key: str) -> str:
        """A word of a list; the key itself when the list does not have it."""
        return words[key][self.place] if key in words else key

    def lines(self, facts: Facts) -> Iterator[str]:
        """The answer, line by line."""
        yield self.say(
            f"Sujet {facts.subject} ({facts.source} {facts.producer}), index de la nuit {facts.night}",
            f"Subject {facts.subject} ({facts.source} {facts.producer}), index of night {facts.night}",
        )
        yield self.say(
            f"Personne {facts.person}, avec {len(facts.companions)} autre(s) sujet(s)",
            f"Person {facts.person}, with {len(facts.companions)} other subject(s)",
        )
        sections = (
            (self.say("Pourquoi", "Why"), list(self.link(facts.link))),
            (self.say("Avec qui", "With whom"), [self.companion(one) for one in facts.companions]),
            (self.say("Depuis", "Since then"), [self.event(one) for one in facts.events]),
            (self.say("Rapprochements refusés", "Refused links"), [self.refusal(facts, one) for one in facts.refusals]),
            (self.say("Proches, jamais une identité", "Relatives, never an identity"), self.relations(facts)),
            (self.say("Décisions", "Decisions"), [self.decision(facts, one) for one in facts.decisions]),
            (self.say("Doutes à trancher", "Doubts for a steward"), [self.item(facts, one) for one in facts.items]),
        )  # fmt: skip
        for title, told in sections:
            if told:
                yield ""
                yield title
                yield from (f"  {line}" for line in told)

    def link(self, link: dict[str, Any]) -> Iterator[str]:
        """The rule that linked the subject, and for a score what each comparison weighed."""
        if not link:
            yield self.say("aucune ligne de lien dans cet index", "no link row in this index")
            return
        yield self.say(
            f"Nuit {link['night']} : {self.word(words.TIERS, link['tier'])} ({link['tier']}).",
            f"Night {link['night']}: {self.word(words.TIERS, link['tier'])} ({link['tier']}).",
        )
        versions = ", ".join(one for one in (link["rules_version"], link.get("model_version")) if one)
        if link["tier"] == "new_person":  # nothing was linked, so there is no grade to tell
            yield self.say(f"Version : {versions}.", f"Version: {versions}.")
        elif link.get("grade"):
            grade = self.word(words.GRADES, link["grade"])
            yield self.say(f"Degré : {grade}. Version : {versions}.", f"Grade: {grade}. Version: {versions}.")
        if link.get("weight_centibits") is not None:
            yield from self.waterfall(link)
            if link.get("lead_centibits") is None:
                yield self.say("  aucun autre candidat n'est plausible", "  no other candidate is likely")

    def waterfall(self, row: dict[str, Any]) -> Iterator[str]:
        """Each comparison with its level in words and its weight in bits, from the prior to the sum."""
        model = model_of(row.get("model_version"))
        if model:
            yield f"  {bits(model['prior_centibits'])}  {self.word(words.COMPARISONS, 'prior')}"
        for name, level in levels_of(row.get("levels")):
            told = words.LEVELS.get(name, ())
            meaning = told[level][self.place] if level < len(told) else str(level)
            yield f"  {bits(weight_of(model, name, level))}  {self.word(words.COMPARISONS, name)}{self.colon} {meaning}"
        yield f"  {bits(row['weight_centibits'])}  {self.say('somme, en bits', 'sum, in bits')}"
        if model.get("accept_centibits") is not None:
            needed = self.say("à atteindre pour un lien", "to be reached for a link")
            yield f"  {bits(model['accept_centibits'])}  {needed}"
        if row.get("lead_centibits") is not None:
            yield self.say(
                f"  avance sur le candidat suivant : {bits(row['lead_centibits']).strip()} bits",
                f"  lead over the next candidate: {bits(row['lead_centibits']).strip()} bits",
            )

    def companion(self, one: Companion) -> str:
        """Another subject of the person, and what agrees between the two."""
        found = []
        for kind in words.AGREEMENT:
            known = words.TRAITS | ({"number": words.OTHER_NUMBER} if kind == "different" else {})
            names = [self.word(known, name) for name, told in one.agreement.items() if told == kind]
            if names:
                found.append(f"{self.word(words.AGREEMENT, kind)}{self.colon} {', '.join(names)}")
        return f"{one.subject} ({one.source} {one.producer}) — {f'{self.stop} '.join(found)}"

    def refusal(self, facts: Facts, row: dict[str, Any]) -> str:
        """A candidate that was refused, the guard that refused it, and what had brought the two together."""
        other = row["other_id"] if row["subject_id"] == facts.subject else row["subject_id"]
        kind = (
            self.say("personne", "person")
            if row["other_is_person"] and other == row["other_id"]
            else self.say("sujet", "subject")
        )
        text = (
            f"{row['night']} {kind} {other} — {self.word(words.GUARDS, row['guard'])} ({row['guard']}){self.stop} "
            + self.say("rapprochés par : ", "brought together by: ")
            + self.word(words.MET, row["tier"])
        )
        if row["weight_centibits"] is None:
            return text
        return "\n  ".join([text, *self.waterfall(row)])

    def relations(self, facts: Facts) -> list[str]:
        """Everybody who is close to the subject."""
        return [self.relation(facts, one) for one in facts.relations]

    def relation(self, facts: Facts, row: dict[str, Any]) -> str:
        """Somebody who shares a number or a birth and is another person."""
        kind = self.word(words.RELATIONS, row["kind"])
        if row["subject_id"] == facts.subject:
            return f"{row['other_id']} — {kind} ({row['proof']})"
        return self.say(
            f"{row['subject_id']} — ce sujet est pour lui : {kind} ({row['proof']})",
            f"{row['subject_id']} — this subject is to it: {kind} ({row['proof']})",
        )

    def event(self, row: dict[str, Any]) -> str:
        """A merge or a split of its person, with its proof."""
        proof = row["proof"]
        if not proof.startswith("D-"):
            proof = self.word(words.PROOFS, proof)
        who = (
            f"{row['other_person_id']} → {row['person_id']}"
            if row["kind"] == "merged"
            else f"{row['person_id']} → {row['other_person_id']}"
        )
        return f"{row['night']} {self.word(words.EVENTS, row['kind'])} ({who}) — {proof}"

    def decision(self, facts: Facts, row: dict[str, Any]) -> str:
        """What a steward decided of it and another subject."""
        other = row["right_subject"] if row["left_subject"] == facts.subject else row["left_subject"]
        state = "" if row["stands"] or row["kind"] == "withdrawn" else self.say(" (retirée)", " (withdrawn)")
        return (
            f"{row['decision_id']}, {self.say('dès la nuit', 'from night')} {row['night']}: {row['by_role']} "
            f"{self.word(words.SIDES, row['kind'])} — {other}, {row['decided_at']}, {row['reason']}{state}"
        )

    def item(self, facts: Facts, row: dict[str, Any]) -> str:
        """A doubt that waits, or waited, for a steward, with the other side of it."""
        sides, own = (row["left_id"], row["right_id"]), (facts.subject, facts.person)
        other = next((side for side in sides if side not in own), sides[0])
        decided = any(one["stands"] and other in (one["left_subject"], one["right_subject"]) for one in facts.decisions)
        state = self.say(" (décidé)", " (decided)") if decided else ""
        queue, reason = self.word(words.QUEUES, row["queue"]), self.word(words.GUARDS, row["reason"])
        return f"{row['night']} {queue} {other}{state} — {reason} ({row['item_id']})"


def bits(centibits: int | None) -> str:
    """A weight in bits with two decimals and its sign."""
    return (
        "     ?"
        if centibits is None
        else f"{'-' if centibits < 0 else '+'}{abs(centibits) // 100}.{abs(centibits) % 100:02d}".rjust(7)
    )


def levels_of(text: str | None) -> list[tuple[str, int]]:
    """``family=3 given=2`` as pairs; other words are left out."""
    found = [one.partition("=") for one in (text or "").split()]
    return [(name, int(level)) for name, _, level in found if level.isdigit()]


def model_of(version: str | None) -> dict[str, Any]:
    """The frozen model that weighed a pair, from the configuration; empty when it is not here any more."""
    path = MODELS / f"{version}.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if version and path.is_file() else {}
    return found


def weight_of(model: dict[str, Any], comparison: str, level: int) -> int | None:
    """The weight of a level in a model; None when the model does not have it."""
    for one in model.get("comparisons", []):
        if one["name"] == comparison:
            return next((at["weight_centibits"] for at in one["levels"] if at["level"] == level), None)
    return None
