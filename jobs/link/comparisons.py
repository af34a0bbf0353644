"""What the score compares, level by level. The training job hands these to Splink; a trained model carries them along.

Conditions are DuckDB's SQL over two nodes (``_l``, ``_r``), each trait a list of the values that the node is known by.
The best value of one side against the best of the other counts: a birth name that meets a used name is an agreement.
"""

from dataclasses import dataclass

MACROS = {
    "likeness(a, b)": "list_max(flatten(list_transform(a, lambda x: "
    "list_transform(b, lambda y: jaro_winkler_similarity(x, y)))))",
    # One name is part of the other: double names, given names cut to their first part or shortened.
    "inside(a, b, least)": "list_bool_or(flatten(list_transform(a, lambda x: list_transform(b, lambda y: "
    "least(length(x), length(y)) >= least "
    "AND (starts_with(x, y) OR starts_with(y, x) OR suffix(x, y) OR suffix(y, x))))))",
    "swapped(a, b)": "list_has_any(list_transform(a, lambda x: strftime(x, '%Y-%d-%m')), "
    "list_transform(b, lambda y: strftime(y, '%Y-%m-%d')))",
    "edits(a, b)": "list_min(flatten(list_transform(a, lambda x: list_transform(b, lambda y: "
    "levenshtein(strftime(x, '%Y%m%d'), strftime(y, '%Y%m%d'))))))",
    "default_date(x)": "strftime(x, '%m-%d') IN ('01-01', '12-31')",
    "told_dates(a)": "list_filter(a, lambda x: NOT default_date(x))",
    "same_month(a, b)": "list_has_any(list_transform(a, lambda x: strftime(x, '%Y-%m')), "
    "list_transform(b, lambda y: strftime(y, '%Y-%m')))",
    "next_year(a, b)": "list_bool_or(flatten(list_transform(a, lambda x: list_transform(b, lambda y: "
    "month(x) = month(y) AND day(x) = day(y) AND abs(year(x) - year(y)) = 1))))",
    "years_shared(a, b)": "list_has_any(list_transform(a, lambda x: year(x)), list_transform(b, lambda y: year(y)))",
    "near(a, b)": "coalesce(swapped(a, b) OR edits(a, b) <= 1 OR next_year(a, b) "
    "OR (len(told_dates(a)) = 0 OR len(told_dates(b)) = 0) AND years_shared(a, b), false)",
    # A given name of one side is a family name of the other; keys of family names know no particles and no spaces.
    "crossed(given, families)": "coalesce(list_bool_or(flatten(list_transform(given, lambda x: "
    "list_transform(families, lambda y: suffix(replace(x, ' ', ''), y) AND length(y) >= 3)))), false)",
    # The same of names of which the given one may be cut: CHARLOTTE and CHARLOTTE JADE.
    "crossed_or_cut(given, families)": "coalesce(list_bool_or(flatten(list_transform(given, lambda x: "
    "list_transform(families, lambda y: length(y) >= 3 AND (suffix(replace(x, ' ', ''), y) "
    "OR starts_with(replace(x, ' ', ''), y)))))), false)",
    # One letter changed, lost, doubled or swapped with the next, in names long enough to be told apart by two.
    "misspelt(a, b)": "list_bool_or(flatten(list_transform(a, lambda x: list_transform(b, lambda y: "
    "least(length(x), length(y)) >= 5 AND damerau_levenshtein(x, y) <= 1))))",
    # Given names that begin alike: MARINE and KARINE may be twins.
    "misspelt_given(a, b)": "list_bool_or(flatten(list_transform(a, lambda x: list_transform(b, lambda y: "
    "least(length(x), length(y)) >= 5 AND x[1] = y[1] AND damerau_levenshtein(x, y) <= 1))))",
    "years_apart(a, b)": "list_min(flatten(list_transform(a, lambda x: list_transform(b, lambda y: abs(x - y)))))",
}


LENT = "(list_has_any(own_l, numbers_r) OR list_has_any(numbers_l, own_r))"
SWAPPED = "crossed_or_cut(given_l, families_r) AND crossed_or_cut(given_r, families_l)"
NEARLY_GIVEN = "inside(given_l, given_r, 3) OR misspelt_given(given_l, given_r)"
NEAR = f"((list_has_any(given_l, given_r) OR {NEARLY_GIVEN} OR {SWAPPED}) AND near(dates_l, dates_r))"


@dataclass(frozen=True)
class Comparison:
    """One trait: where it says nothing, and its levels from the best down; what is left is level 0."""

    name: str
    unknown: str
    levels: tuple[str, ...]

    def numbered(self) -> list[tuple[int, str]]:
        """Level numbers with their conditions, the best first, without level 0."""
        return list(zip(range(len(self.levels), 0, -1), self.levels, strict=True))


def empty(name: str) -> str:
    """One of the two sides has no value."""
    return f"len({name}_l) = 0 OR len({name}_r) = 0"


COMPARISONS = (
    Comparison(
        "family",
        f"{empty('families')} OR {SWAPPED}",
        (
            "list_has_any(rare_families_l, families_r)",
            "list_has_any(families_l, families_r)",
            "likeness(families_l, families_r) >= 0.92 OR inside(families_l, families_r, 4) "
            "OR misspelt(families_l, families_r)",
            "likeness(families_l, families_r) >= 0.8",
        ),
    ),
    Comparison(
        "given",
        empty("given"),
        (
            "list_has_any(rare_given_l, given_r)",
            "list_has_any(given_l, given_r)",
            f"likeness(given_l, given_r) >= 0.92 OR {NEARLY_GIVEN}",
            SWAPPED,
            "likeness(given_l, given_r) >= 0.8",
        ),
    ),
    # A date that a clerk makes up counts by its year alone.
    Comparison(
        "birth",
        empty("dates"),
        (
            "list_has_any(told_dates(dates_l), told_dates(dates_r))",
            "swapped(dates_l, dates_r)",
            "edits(dates_l, dates_r) = 1",
            "same_month(dates_l, dates_r) OR edits(dates_l, dates_r) = 2",
            "list_has_any(years_l, years_r)",
        ),
    ),
    Comparison("sex", empty("sexes"), ("list_has_any(sexes_l, sexes_r)",)),
    # A number that is another's says nothing. That of a person whose sex or date was mistyped looks like another's:
    # it counts where the given name and the date are nearly the same.
    Comparison(
        "number",
        f"({empty('own')}) AND NOT ({LENT} AND {NEAR})",
        ("list_has_any(own_l, own_r)", f"{LENT} AND {NEAR}"),
    ),
    Comparison("place", empty("places"), ("list_has_any(places_l, places_r)",)),
)

# Guards of the score, in this order, over levels (g_family, ...: null where unknown) and the two nodes.
GUARDS = {
    "declared_distinct": "list_has_any(declared_l, declared_r) AND coalesce(g_number, 0) < 1",
    "own_numbers": "g_number = 0",
    "newborn": "(baby_l OR baby_r) AND coalesce(g_birth, 0) <= 2",
    "relative_number": "list_has_any(numbers_l, numbers_r) AND years_apart(years_l, years_r) >= 12",
    "no_given_name": "g_given IS NULL",
    "twin": "g_birth = 5 AND coalesce(g_number, 0) < 1 AND (len(ranks_l) > 0 AND len(ranks_r) > 0 "
    "AND NOT list_has_any(ranks_l, ranks_r) "
    "OR g_family >= 2 AND g_given IN (0, 1))",
    "given_names": "g_given = 0",
    "sexes": "g_sex = 0 AND coalesce(g_number, 0) < 1",
    "birth_years": "years_apart(years_l, years_r) > 1 AND NOT coalesce(g_number >= 1 AND g_given >= 2, false)",
    "birth_places": "g_place = 0 AND coalesce(g_number, 0) < 1",
}
