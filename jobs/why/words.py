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
        "un nom de famille, le premier prénom, la date de naissance et le sexe identiques, sans rien qui compte contre",
        "an equal family name, first given name, birth date and sex, and nothing that counts against it",
    ),
    "score": (
        "aucune règle exacte ; ce qui se ressemble pèse assez (score), loin devant tout autre sujet",
        "no exact rule; what resembles weighs enough (the score), well ahead of any other subject",
    ),
    "decision": ("la décision d'une personne habilitée", "the decision of a steward"),
    "new_person": (
        "rien ne prouvait qu'il est la même personne qu'un autre : nouvelle personne",
        "nothing proved that it is the same person as another: a new person",
    ),
    "number": ("le même numéro national", "the same national number"),
}
MET = TIERS | {  # what brought two together who were then refused
    "score": (
        "aucune règle exacte ; une partie du nom ou de la date est commune, et le score a pesé le reste",
        "no exact rule; they share a part of name or date, and the score weighed the rest",
    ),
}
GRADES: dict[str, Words] = {  # how sure linkage is, in the words of FHIR
    "certain": ("certain : une règle exacte, sans score", "certain: an exact rule, no score"),
    "probable": ("probable : au moins 999 chances sur 1 000", "probable: at least 999 in 1,000"),
    "possible": (
        "possible : moins de 999 chances sur 1 000, et aucun autre sujet n'est proche",
        "possible: less than 999 in 1,000, and no other subject comes near",
    ),
}
WAYS: dict[str, Words] = {  # how two subjects of a person hold together
    "number_birth_date": TIERS["number_birth_date"],
    "number_first_name": TIERS["number_first_name"],
    "exact_traits": (
        "un nom de famille, le premier prénom, la date de naissance et le sexe identiques",
        "an equal family name, first given name, birth date and sex",
    ),
    "score": ("le score", "the score"),
    "decision": TIERS["decision"],
    "": ("ce que l'index ne permet plus de dire", "what the index cannot tell any more"),
}
GUARDS: dict[str, Words] = {
    "relative_number": (
        "un même numéro, et une génération entre les deux : l'un porte le numéro de l'autre, son parent",
        "one number, and a generation between the two: one of them carries the other's, a relative's",
    ),
    "newborn": (
        "l'un des deux est un nouveau-né, qui porte le numéro d'un parent jusqu'à ce que le sien arrive",
        "one of the two is a newborn, which carries a parent's number until a number of its own arrives",
    ),
    "twin": (
        "peut-être des jumeaux : même nom ou numéro et même date de naissance, mais prénom, sexe ou rang diffèrent",
        "perhaps twins: one name or number and one birth date, but given name, sex or rank differ",
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
        "deux numéros nationaux différents, chacun envoyé comme celui du patient",
        "two different national numbers, each sent as the patient's own",
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
        "les liens trouvés cette nuit auraient réuni deux personnes distinctes ; aucun n'a été fait",
        "the links found that night would have brought two distinct persons together; none was made",
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
RELATIONS: dict[str, Words] = {  # what the other is to the record
    "shares_number": ("quelqu'un qui porte le même numéro", "somebody who carries the same number"),
    "mother": ("la mère de ce sujet", "the mother of this subject"),
    "parent": ("un parent de ce sujet", "a parent of this subject"),
    "child": ("un enfant de ce sujet", "a child of this subject"),
    "twin": ("un jumeau ou une jumelle de ce sujet", "a twin of this subject"),
}
CONVERSE: dict[str, Words] = {  # the same, where the record is the other
    "shares_number": RELATIONS["shares_number"],
    "mother": RELATIONS["child"],
    "parent": RELATIONS["child"],
    "child": RELATIONS["parent"],
    "twin": RELATIONS["twin"],
}
RELATION_PROOFS: dict[str, Words] = {
    "number": ("même numéro", "the same number"),
    "age_gap": ("une génération entre les naissances", "a generation between the births"),
    "newborn": ("l'un vient de naître", "one is newborn"),
    "birth_date": ("même date de naissance", "the same birth date"),
    "family_name": ("même nom de famille", "the same family name"),
    "rank": ("rangs différents", "different ranks"),
    "declared": ("dit par l'hôpital", "told by the hospital"),
}
TRAITS: dict[str, Words] = {
    "number": ("numéro national", "national number"),
    "birth_date": ("date de naissance", "birth date"),
    "given_name": ("premier prénom", "first given name"),
    "family_name": ("nom de famille", "family name"),
    "sex": ("sexe", "sex"),
    "birth_place": ("lieu de naissance", "birth place"),
    "birth_rank": ("rang de naissance multiple", "rank in a multiple birth"),
}
AGREEMENT: dict[str, Words] = {
    "same": ("identiques", "the same"),
    "alike": ("presque identiques", "nearly the same"),
    "swapped": ("échangés l'un avec l'autre", "each in the other's place"),
    "different": ("différents", "different"),
    "lent": ("différents, mais l'un est envoyé comme celui d'un parent", "different, but one is sent as a relative's"),
    "here": ("inconnus de ce sujet", "unknown of this subject"),
    "there": ("inconnus de l'autre", "unknown of the other"),
    "unknown": ("inconnus d'un côté", "unknown on a side"),
}
COMPARISONS: dict[str, Words] = {
    "family": ("nom de famille", "family name"),
    "given": ("prénom", "given name"),
    "birth": ("date de naissance", "birth date"),
    "sex": ("sexe", "sex"),
    "number": ("numéro propre", "own number"),
    "place": ("lieu de naissance", "birth place"),
    "prior": ("au départ : deux sujets pris au hasard", "to begin with: two subjects taken at random"),
}
SIDES: dict[str, Words] = {
    "same": ("a décidé `same`, une même personne avec", "decided `same`, one person with"),
    "different": ("a décidé `different`, une autre personne que", "decided `different`, another person than"),
    "withdrawn": ("a retiré (`withdrawn`) ce qui était décidé avec", "withdrew (`withdrawn`) what was decided with"),
}
ROLES: dict[str, Words] = {  # of who decided, as config/policy.toml lists them
    "identity steward": ("gestionnaire des identités", "identity steward"),
    "medical information physician": ("médecin de l'information médicale", "medical information physician"),
}
REASONS: dict[str, Words] = {  # of decisions, as config/policy.toml lists them
    "same papers": ("mêmes papiers", "same papers"),
    "same address and names": ("mêmes adresse et noms", "same address and names"),
    "double record": ("dossier en double", "double record"),
    "name changed": ("nom changé", "name changed"),
    "two patients": ("deux patients", "two patients"),
    "twins": ("jumeaux", "twins"),
    "relative's number": ("numéro d'un parent", "relative's number"),
    "namesakes": ("homonymes", "namesakes"),
    "other": ("autre", "other"),
}
PROOFS: dict[str, Words] = {
    "number traits": (
        "deux preuves : le même numéro propre, et nom, prénom, date de naissance et sexe identiques",
        "two proofs: the same own number, and equal name, given name, birth date and sex",
    ),
    "number newborn": (
        "le numéro propre d'un nouveau-né est arrivé : mêmes numéro et date de naissance, rien de connu ne diffère",
        "a newborn's own number arrived: the same number and birth date, and nothing known that differs",
    ),
}
QUEUES: dict[str, Words] = {
    "match": ("file à réunir : une même personne que", "match queue: one person with"),
    "split": ("file à séparer : une autre personne que", "split queue: another person than"),
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
