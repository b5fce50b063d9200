"""Which names Prisma may apply in another order than ours, which goes by bytes."""

import pytest

from lambda_fn.domain.history import History
from lambda_fn.domain.migration import Migration, sort_key
from lambda_fn.domain.name_order import ordered_otherwise
from lambda_fn.domain.plan import make_plan


def found(*names: str, pending: set[str] | None = None) -> set[str]:
    ours = sorted(names, key=sort_key)
    return set(ordered_otherwise(ours, set(names) if pending is None else pending))


@pytest.mark.parametrize(
    "names",
    [
        ("a",),
        ("日本",),
        ("é",),
        ("a", "b", "c"),
        ("0_init", "20240101000000_a"),
        ("9", "10"),
        ("add_users", "add_users_again"),
        ("init-a", "init0", "inita"),
        ("A", "B"),
        ("résumé", "sauce"),
    ],
)
def test_over_these_there_are_no_two_opinions(names: tuple[str, ...]) -> None:
    assert found(*names) == set()


@pytest.mark.parametrize(
    "names",
    [
        ("1_a", "10_b"),  # a sign comes before a digit
        ("a", "B"),  # the case is the last thing that is looked at
        ("users", "Users"),
        ("a_b", "a-b"),
        ("_a", "0"),
        ("grund", "größe"),
        ("é", "è"),
        ("é", "e\N{COMBINING ACUTE ACCENT}"),  # to Prisma the same
        ("日本", "🚀"),
    ],
)
def test_these_prisma_may_apply_the_other_way_round(names: tuple[str, ...]) -> None:
    assert found(*names) == set(names)


def test_only_what_is_pending_and_what_it_changes_places_with_is_told() -> None:
    names = ("1_a", "10_b", "11_c", "2_d")
    assert found(*names) == {"1_a", "10_b", "11_c"}
    assert found(*names, pending={"10_b"}) == {"1_a", "10_b"}
    assert found(*names, pending={"1_a"}) == {"1_a", "10_b", "11_c"}
    assert found(*names, pending={"2_d"}) == set()
    assert found(*names, pending=set()) == set()


def test_names_of_one_time_are_told_once_and_names_without_one_beside_them() -> None:
    names = ("20240101000000_B", "20240101000000_a", "_last")
    migrations = tuple(Migration(name, b"") for name in names)

    told = {warning.code: warning.migrations for warning in make_plan(migrations, History(exists=True)).warnings}

    assert told == {"M512": names[:2], "M515": names}
    told = {warning.code: warning.migrations for warning in make_plan(migrations[:2], History(exists=True)).warnings}
    assert told == {"M512": names[:2]}
