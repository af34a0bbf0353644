"""The words of an answer: (French, English)."""

Words = tuple[str, str]

TIERS: dict[str, Words] = {
    "number_birth_date": (
        "le même numéro national et la même date de naissance",
        "the same national number and the same birth date",
    ),
    "number_first_name": (
        "le même numéro national, le même premier prénom et la même année de naissance",
        "the same national number, the same first given name and the same birth year",
    ),
    "exact_traits": (
        "un nom de famille, le premier prénom, la date de naissance et le sexe identiques, que rien ne contredit",
        "an equal family name, first given name, birth date and sex, which nothing contradicts",
    ),
    "score": (
        "aucune règle exacte ; le poids des ressemblances a suffi, loin devant tout autre candidat",
        "no exact rule; the weight of what resembles was enough, well ahead of any other candidate",
    ),
    "decision": ("la décision d'une personne habilitée", "the decision of a steward"),
    "new_person": (
        "rien ne le rattache à un autre sujet : nouvelle personne",
        "nothing ties it to another subject: a new person",
    ),
    "number": ("le même numéro national", "the same national number"),
}
MET = TIERS | {  # what brought two together who were then refused
    "score": (
        "aucune règle exacte ; une partie du nom ou de la date, que le score a pesée",
        "no exact rule; a part of name or date, which the score weighed",
    ),
}
GRADES: dict[str, Words] = {
    "certain": ("certain", "certain"),
    "probable": ("probable (999 chances sur 1 000 ou mieux)", "probable (999 in 1,000 or better)"),
    "possible": ("possible (au moins neuf chances sur dix)", "possible (at least nine in ten)"),
}
GUARDS: dict[str, Words] = {
    "relative_number": (
        "le numéro commun est celui d'un parent : plus d'une génération les sépare",
        "the shared number is a relative's: a generation lies between them",
    ),
    "newborn": (
        "un nouveau-né porte le numéro de sa mère ou d'un parent jusqu'à ce que le sien arrive",
        "a newborn carries the mother's or a parent's number until its own arrives",
    ),
    "twin": (
        "des jumeaux : même naissance, et un autre prénom, sexe ou rang",
        "twins: one birth, and another given name, sex or rank",
    ),
    "no_given_name": (
        "sans prénom, un numéro qui peut être celui d'un parent ne suffit pas",
        "without a given name a number that may be a relative's is not enough",
    ),
    "given_names": (
        "les prénoms ne peuvent pas être ceux d'une même personne",
        "the given names cannot be one person's",
    ),
    "birth_years": ("les années de naissance diffèrent", "the birth years differ"),
    "birth_dates": ("les dates de naissance diffèrent", "the birth dates differ"),
    "birth_places": ("les lieux de naissance diffèrent", "the birth places differ"),
    "sexes": ("les sexes diffèrent", "the sexes differ"),
    "own_numbers": (
        "chacun a un numéro à soi, et ce n'est pas le même",
        "each has a number of their own, and not the same",
    ),
    "declared_distinct": (
        "un même établissement les numérote comme deux patients",
        "one hospital numbers them as two patients",
    ),
    "other_persons": (
        "il convient à plusieurs personnes de l'index, qu'un nouveau sujet ne réunit jamais",
        "it fits several persons of the index, which a new subject never brings together",
    ),
    "several_fit": ("plusieurs candidats conviennent autant", "several candidates fit equally well"),
    "broken_group": (
        "le groupe qu'il formait avec d'autres contenait deux personnes",
        "the group that it formed with others held two persons",
    ),
    "group_size": ("trop de sujets partagent cette clé", "too many subjects share this key"),
    "shared_number": (
        "ce numéro est porté par trop de personnes d'une source",
        "too many people of one source carry this number",
    ),
    "weight": ("le poids des ressemblances ne suffit pas", "the weight of what resembles is not enough"),
    "lead": ("un autre candidat pèse presque autant", "another candidate weighs nearly as much"),
    "candidates_cap": ("trop de candidats", "too many candidates"),
    "one_proof": (
        "une seule preuve lie deux personnes de l'index ; il en faut deux",
        "one proof alone ties two persons of the index; two are needed",
    ),
}
RELATIONS: dict[str, Words] = {
    "shares_number": ("porte le même numéro", "carries the same number"),
    "mother": ("mère", "mother"),
    "parent": ("parent", "parent"),
    "child": ("enfant", "child"),
    "twin": ("jumeau ou jumelle", "twin"),
}
TRAITS: dict[str, Words] = {
    "number": ("numéro national", "national number"),
    "birth_date": ("date de naissance", "birth date"),
    "given_name": ("premier prénom", "first given name"),
    "family_name": ("nom de famille", "family name"),
    "sex": ("sexe", "sex"),
    "birth_place": ("lieu de naissance", "birth place"),
    "birth_rank": ("rang gémellaire", "rank among twins"),
}
OTHER_NUMBER: Words = (  # how a number is called where two differ: a rule has judged that they may
    "numéro national porté (l'un peut être celui d'un parent)",
    "national number carried (one may be a relative's)",
)
AGREEMENT: dict[str, Words] = {
    "same": ("identiques", "the same"),
    "different": ("différents", "different"),
    "swapped": ("échangés l'un avec l'autre", "each in the other's place"),
    "unknown": ("inconnus d'un côté", "unknown on a side"),
}
COMPARISONS: dict[str, Words] = {
    "family": ("nom de famille", "family name"),
    "given": ("prénom", "given name"),
    "birth": ("date de naissance", "birth date"),
    "sex": ("sexe", "sex"),
    "number": ("numéro propre", "own number"),
    "place": ("lieu de naissance", "birth place"),
    "prior": ("avant toute comparaison", "before any comparison"),
}
SIDES: dict[str, Words] = {
    "same": ("décide : une même personne", "decided: one person"),
    "different": ("décide : deux personnes", "decided: two persons"),
    "withdrawn": ("retire ce qui était décidé des deux", "withdrew what was decided of the two"),
}
PROOFS: dict[str, Words] = {
    "number traits": (
        "deux preuves : numéro propre confirmé, et traits identiques",
        "two proofs: an own number confirmed, and equal traits",
    ),
    "number newborn": (
        "le numéro propre d'un nouveau-né est arrivé : même numéro, même date de naissance, et rien qui diffère",
        "a newborn's own number arrived: the same number, the same birth date, and nothing that differs",
    ),
}
QUEUES: dict[str, Words] = {
    "match": ("à réunir ? avec", "to be one? with"),
    "split": ("à séparer ? de", "to be two? from"),
}
EVENTS: dict[str, Words] = {
    "merged": ("deux personnes n'en sont plus qu'une", "two persons became one"),
    "split": ("séparé de sa personne, qui en devient deux", "split off from its person, which became two"),
}
LEVELS: dict[str, tuple[Words, ...]] = {  # by comparison of the model in force, level 0 first
    "family": (
        ("différent", "different"),
        ("ressemblant", "alike"),
        ("presque le même, ou l'un contenu dans l'autre", "nearly the same, or one inside the other"),
        ("le même", "the same"),
        ("le même, et rare", "the same, and rare"),
    ),
    "given": (
        ("différent", "different"),
        ("ressemblant", "alike"),
        ("échangé avec le nom de famille", "swapped with the family name"),
        ("presque le même, ou l'un contenu dans l'autre", "nearly the same, or one inside the other"),
        ("le même", "the same"),
        ("le même, et rare", "the same, and rare"),
    ),
    "birth": (
        ("différente", "different"),
        ("la même année", "the same year"),
        ("le même mois, ou deux signes d'écart", "the same month, or two signs apart"),
        ("un signe d'écart", "one sign apart"),
        ("jour et mois échangés", "day and month swapped"),
        ("la même", "the same"),
    ),
    "sex": (("différent", "different"), ("le même", "the same")),
    "number": (
        ("deux numéros propres différents", "two different own numbers"),
        (
            "le numéro propre de l'un, cité par l'autre, dont le prénom et la date s'accordent",
            "one's own number, stated by the other, whose given name and date agree",
        ),
        ("le même", "the same"),
    ),
    "place": (("différent", "different"), ("le même", "the same")),
}
