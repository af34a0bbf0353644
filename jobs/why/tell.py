"""Facts of a subject as a text that a fresh reader can follow. No trait is quoted: none is in the facts."""

from collections.abc import Iterator
from typing import Any

from jobs.why import words
from jobs.why.facts import Companion, Facts
from jobs.why.weights import bits, chance, levels_of, model_of, weight_of

Row = dict[str, Any]


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
        """The answer, line by line: what holds today, then what happened in its order, then what one can do."""
        yield self.say(
            f"Sujet {facts.subject} ({facts.source} {facts.producer}), tel que la nuit {facts.night} le connaît",
            f"Subject {facts.subject} ({facts.source} {facts.producer}), as night {facts.night} knows it",
        )
        yield self.say(
            f"Personne {facts.person}, avec {len(facts.companions)} autre(s) sujet(s)",
            f"Person {facts.person}, with {len(facts.companions)} other subject(s)",
        )
        sections = (
            (self.say("Avec qui, et comment", "With whom, and how"), map(self.companion, facts.companions)),
            (self.say("Pourquoi, à l'arrivée", "Why, when it arrived"), self.link(facts.link)),
            (self.say("Depuis", "Since then"), map(self.event, facts.events)),
            (self.say("Liens refusés", "Refused links"), [self.refusal(facts, one) for one in facts.refusals]),
            (self.say("Proches, jamais une identité", "Relatives, never an identity"), self.relations(facts)),
            (self.say("Décisions", "Decisions"), [self.decision(facts, one) for one in facts.decisions]),
            (self.say("Doutes", "Doubts"), [self.item(facts, one) for one in facts.items]),
            (self.say("Ce que vous pouvez faire", "What you can do"), self.advice(facts)),
        )
        for title, lines in sections:
            told = list(lines)
            if told:
                yield from ("", title)
                yield from (f"  {line}" for line in told)

    def link(self, link: Row) -> Iterator[str]:
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
            yield self.say(f"Règles : {versions}.", f"Rules: {versions}.")
        elif link.get("grade"):
            grade = self.word(words.GRADES, link["grade"])
            yield self.say(f"Degré {grade}. Règles : {versions}.", f"Grade {grade}. Rules: {versions}.")
        if link.get("weight_centibits") is not None:
            yield from self.waterfall(link)
            if link.get("lead_centibits") is None:
                yield self.say("  aucun autre sujet n'est plausible", "  no other subject is likely")

    def waterfall(self, row: Row) -> Iterator[str]:
        """Each comparison with its level in words and its weight in bits, from the prior to the sum, as a chance."""
        model, needed = model_of(row.get("model_version")), None
        if model:
            yield f"  {bits(model['prior_centibits'])}  {self.word(words.COMPARISONS, 'prior')}"
            needed = model.get("accept_centibits")
        for name, level in levels_of(row.get("levels")):
            told = words.LEVELS.get(name, ())
            meaning = told[level][self.place] if level < len(told) else str(level)
            yield f"  {bits(weight_of(model, name, level))}  {self.word(words.COMPARISONS, name)}{self.colon} {meaning}"
        weight = row["weight_centibits"]
        total = self.say("somme ; une même personne : {}", "sum; one person: {}").format(chance(weight)[self.place])
        yield f"  {bits(weight)}  {total}"
        if needed is not None:
            least = self.say("à atteindre pour un lien : {}", "to be reached for a link: {}")
            yield f"  {bits(needed)}  {least.format(chance(needed)[self.place])}"
        if (known := model.get("accept_known_centibits")) is not None:
            least = self.say(
                "et avec une personne connue, non nouveau-née : {}", "and with a known person, no newborn: {}"
            )
            yield f"  {bits(known)}  {least.format(chance(known)[self.place])}"
        if row.get("lead_centibits") is not None:
            yield self.say(
                f"  avance sur le sujet suivant : {bits(row['lead_centibits']).strip()}",
                f"  lead over the next subject: {bits(row['lead_centibits']).strip()}",
            )

    def name(self, one: Companion) -> str:
        """A subject with where it is from."""
        return f"{one.subject} ({one.source} {one.producer})" if one.source else one.subject

    def agreement(self, one: Companion) -> str:
        """Which traits agree, and which do not."""
        found = []
        for kind in words.AGREEMENT:
            names = [self.word(words.TRAITS, name) for name, told in one.agreement.items() if told == kind]
            if names:
                found.append(f"{self.word(words.AGREEMENT, kind)}{self.colon} {', '.join(names)}")
        return f"{self.stop} ".join(found)

    def companion(self, one: Companion) -> str:
        """Another subject of the person, how it came in, and what agrees between the two."""
        if one.way is None:
            return f"{self.name(one)} — {self.agreement(one)}"
        rule = self.word(words.WAYS, one.way.tier)
        how = (
            self.say(f"par {rule}", f"by {rule}")
            if one.way.straight
            else self.say(
                f"par l'intermédiaire de {one.way.to[:8]}…, avec qui : {rule}",
                f"through {one.way.to[:8]}…, with which: {rule}",
            )
        )
        return f"{self.name(one)} — {how}\n    {self.agreement(one)}"

    def refusal(self, facts: Facts, row: Row) -> str:
        """A link that was refused: by which guard, what had brought the two together, and whether it still holds."""
        other = row["other_id"] if row["subject_id"] == facts.subject else row["subject_id"]
        person = row["other_is_person"] and other == row["other_id"]
        known = facts.others.get(other)
        told = [
            f"{row['night']} {self.say('personne', 'person') if person else self.say('sujet', 'subject')} "
            f"{self.name(known) if known else other} — {self.word(words.GUARDS, row['guard'])} ({row['guard']})",
            self.say("comparés parce que : ", "compared because: ") + self.word(words.MET, row["tier"]),
        ]
        if other in facts.mine:
            told.append(
                self.say(
                    "ce refus ne tient plus : c'est aujourd'hui la même personne",
                    "this refusal holds no more: today they are one person",
                )
            )
        elif known:
            told.append(self.agreement(known))
        return "\n    ".join([*told, *(self.waterfall(row) if row["weight_centibits"] is not None else ())])

    def relations(self, facts: Facts) -> Iterator[str]:
        """Everybody who shares a number or a birth with the subject and is another person."""
        for row in facts.relations:
            mine = row["subject_id"] == facts.subject
            other = row["other_id"] if mine else row["subject_id"]
            kind = self.word(words.RELATIONS if mine else words.CONVERSE, row["kind"])
            known = facts.others.get(other)
            proofs = ", ".join(self.word(words.RELATION_PROOFS, one) for one in row["proof"].split())
            yield f"{self.name(known) if known else other} — {kind} ({proofs})"

    def event(self, row: Row) -> str:
        """A merge or a split of its person, with its proof."""
        decided = row["proof"].startswith("D-")
        proof = self.say("décision ", "decision ") + row["proof"] if decided else self.word(words.PROOFS, row["proof"])
        kept, other = row["person_id"], row["other_person_id"]
        if row["kind"] == "merged":
            who = self.say(f"{other} a cessé, {kept} reste", f"{other} ended, {kept} goes on")
        else:
            who = self.say(f"{kept} reste, ce sujet passe à {other}", f"{kept} goes on, this subject went to {other}")
        return f"{row['night']} {self.word(words.EVENTS, row['kind'])} ({who}) — {proof}"

    def decision(self, facts: Facts, row: Row) -> str:
        """What a steward decided of it and another subject."""
        other = row["right_subject"] if row["left_subject"] == facts.subject else row["left_subject"]
        state = "" if row["stands"] or row["kind"] == "withdrawn" else self.say(" (retirée)", " (withdrawn)")
        return (
            f"{row['decision_id']}, {self.say('dès la nuit', 'from night')} {row['night']}{self.colon} "
            f"{self.word(words.ROLES, row['by_role'])} "
            f"{self.word(words.SIDES, row['kind'])} {other} — {row['decided_at']}, "
            f"{self.say('motif', 'reason')}{self.colon} {self.word(words.REASONS, row['reason'])}{state}"
        )

    def item(self, facts: Facts, row: Row) -> str:
        """A doubt, open or settled, with the other side of it."""
        sides, own = (row["left_id"], row["right_id"]), (facts.subject, facts.person)
        other = next((side for side in sides if side not in own), sides[0])
        waits = row["item_id"] in facts.open
        state = self.say("OUVERT", "OPEN") if waits else self.say("réglé", "settled")
        queue, reason = self.word(words.QUEUES, row["queue"]), self.word(words.GUARDS, row["reason"])
        return f"{row['night']} {state}, {queue} {other} ? — {reason} ({row['item_id']})"

    def advice(self, facts: Facts) -> Iterator[str]:
        """What waits for a steward, what solves itself, and how to say that this is wrong."""
        waiting = sum(row["item_id"] in facts.open for row in facts.items)
        if waiting:
            yield self.say(
                f"{waiting} doute(s) ouvert(s) : les trancher avec make review.",
                f"{waiting} open doubt(s): decide them with make review.",
            )
        else:
            yield self.say("Rien n'attend de décision.", "Nothing waits for a decision.")
        if any(row["guard"] == "newborn" for row in facts.refusals) and not facts.events:
            yield self.say(
                "Le nouveau-né sera regardé à nouveau quand son propre numéro arrivera ; rien à faire d'ici là.",
                "The newborn is looked at again when a number of its own arrives; there is nothing to do until then.",
            )
        yield self.say(
            "Si c'est faux : make review, ou `same` ou `different` de deux sujets par python -m jobs.review decide ; "
            "cela vaut dès la nuit suivante.",
            "If this is wrong: make review, or `same` or `different` of two subjects by python -m jobs.review decide; "
            "it holds from the next night on.",
        )
