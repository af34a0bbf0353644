"""The words of the page for statuses, outcomes, sources and linkage rules: (French, English)."""

WORDS: dict[str, dict[str, tuple[str, str]]] = {
    "source": {
        "hospital": ("Hôpitaux", "Hospitals"),
        "pharmacy": ("Pharmacies", "Pharmacies"),
        "shared_record": ("Dossier partagé", "Shared record"),
    },
    "status": {
        "accepted": ("accepté", "accepted"),
        "held": ("retenu", "held"),
        "missing": ("absent", "missing"),
        "late": ("en retard", "late"),
        "corrupt": ("abîmé", "corrupt"),
        "never_received": ("jamais reçu", "never received"),
        "open": ("ouvert", "open"),
        "complete": ("complet", "complete"),
        "partial": ("partiel", "partial"),
        "failed": ("en échec", "failed"),
        "absent": ("rien reçu", "nothing received"),
        "critical": ("critique", "critical"),
        "warning": ("alerte", "warning"),
        "arriving": ("en cours d'arrivée", "still arriving"),
        "resent_unchanged": ("renvoyé à l'identique", "re-sent unchanged"),
        "resent_changed": ("renvoyé modifié", "re-sent changed"),
        "unknown_producer": ("producteur inconnu", "unknown producer"),
    },
    "outcome": {
        "accepted": ("acceptés", "accepted"),
        "unchanged": ("inchangés", "unchanged"),
        "duplicate": ("doublons", "duplicates"),
        "quarantined": ("en quarantaine", "quarantined"),
        "ignored": ("hors champ", "out of scope"),
    },
    "tier": {
        "number_birth_date": ("numéro et date de naissance", "number and birth date"),
        "number_first_name": ("numéro, prénom et année", "number, first name and year"),
        "exact_traits": ("traits identiques", "identical traits"),
        "new_person": ("nouvelle personne", "new person"),
    },
}
