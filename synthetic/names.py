"""Names as they are borne in France: accents, particles, apostrophes, hyphens; surnames are mostly composed here."""

import numpy as np
from numpy.typing import NDArray

from synthetic.draws import Ints, stream

Names = NDArray[np.object_]
GIVEN_MALE = (
    "Jean Pierre Michel André Philippe René Alain Bernard Louis Nicolas Christophe Julien Thomas Alexandre Antoine "
    "Maxime Guillaume Sébastien Frédéric Éric François Gérard Jérôme Rémi Loïc Hugo Lucas Léo Gabriel Raphaël Arthur "
    "Jules Adam Noah Ethan Mohamed Karim Yanis Mehdi Rayan Ousmane Mamadou Tiago João Mateo Théo Noé Noël Benoît Gaël "
    "Yann Erwan Malo Anatole Côme Émile Félix Gaspard Basile Octave Marius Aurélien Cédric Damien Fabien Grégory Hervé "
    "Jean-Pierre Jean-Marc Jean-Luc Pierre-Yves Paul-Henri Anthony Kévin Jordan Dylan Enzo Ilyes Sacha Timéo Maël"
).split()
GIVEN_FEMALE = (
    "Marie Jeanne Françoise Monique Catherine Nathalie Isabelle Jacqueline Anne Sylvie Martine Nicole Christine Hélène "
    "Sophie Valérie Sandrine Céline Stéphanie Aurélie Émilie Julie Camille Léa Manon Chloé Emma Jade Louise Alice Inès "
    "Lina Mila Zoé Anaïs Éloïse Maëlle Clémence Apolline Agathe Adèle Rose Ambre Romane Juliette Charlotte Margaux "
    "Fatima Khadija Aïcha Yasmine Sarah Nour Aminata Fatoumata Maria Inês Thérèse Geneviève Odette Yvette Simone "
    "Madeleine Solène Gwenaëlle Nolwenn Océane Élodie Laëtitia Mélanie Noémie Ophélie Pauline Raphaëlle Séverine "
    "Marie-Claude Marie-Thérèse Anne-Sophie Marie-Laure Anne-Laure Lou-Anne Véronique Brigitte Josiane Léonie Maïa"
).split()
HEADS = (
    "Bar Ber Bon Bou Bru Cha Cou Cro Dar Del Des Dor Du Fa Fer Fon Ga Gar Gi Gran Gué Ha Jau Kerm La Lam Lé Mar Mé Mon "
    "Mou Na Or Par Pé Pi Pon Quin Ra Ré Ri Ro Rou Sa Sau Sé Ta Tré Va Ver Vi"
).split()
MIDDLES = ["", "", "", "ba", "che", "de", "ga", "li", "ma", "ne", "ri", "to", "vi"]
TAILS = (
    "beau bert bois celle chet court dier don dry fort gneau gny guen lain land lard let lier lin lon mand mier mont net "
    "nier not pin quet rand rault reau rel ron roy sard sier son teau tel thier tin ton val vant veau zel"
).split()
PARTICLES = ["", "", "", "", "", "", "", "", "", "", "Le ", "De ", "De La ", "D'", "Saint-", "Du "]


def surnames(seed: int, count: int = 6000) -> Names:
    """That many distinct surnames."""
    draw = stream(seed, "surnames")
    found: dict[str, None] = {}
    while len(found) < count:
        parts = [draw.integers(0, len(pool), 2 * count) for pool in (PARTICLES, HEADS, MIDDLES, TAILS)]
        for p, h, m, t in zip(*parts, strict=True):
            found[PARTICLES[p] + HEADS[h] + MIDDLES[m] + TAILS[t]] = None
    return np.array(list(found)[:count], dtype=object)


def pick_surnames(draw: np.random.Generator, pool: Names, count: int) -> Names:
    """Surnames with the skew of life: a few are borne by many."""
    place = (draw.random(count) ** 2.2 * len(pool)).astype(np.int64)
    return pool[place]


def pick_given(draw: np.random.Generator, sex: Ints) -> Names:
    """Three given names per person, an array of shape (persons, 3)."""
    male, female = np.array(GIVEN_MALE, dtype=object), np.array(GIVEN_FEMALE, dtype=object)
    ranks = draw.random((len(sex), 3))
    ranks[:, 1] = (ranks[:, 0] + 0.1 + 0.35 * ranks[:, 1]) % 1.0  # never the same name twice
    ranks[:, 2] = (ranks[:, 0] + 0.55 + 0.35 * ranks[:, 2]) % 1.0
    boys = male[(ranks * len(male)).astype(np.int64)]
    girls = female[(ranks * len(female)).astype(np.int64)]
    return np.where((sex == 1)[:, None], boys, girls)
