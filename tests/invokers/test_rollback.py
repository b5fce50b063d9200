"""Whether an Update of a custom resource is one that CloudFormation reversed."""

import pytest

from lambda_fn.domain.request import Request
from lambda_fn.invokers.custom_resource import request_of
from lambda_fn.invokers.invoker import Skip
from lambda_fn.invokers.rollback import SIGNS
from tests.fixtures.custom_resources import update

LAYER = "arn:aws:lambda:eu-central-1:123456789012:layer:migrations"
CODE = "arn:aws:lambda:eu-central-1:123456789012:function:migrate"
BACK, FORWARD = True, False


@pytest.mark.parametrize(
    ("name", "new", "old", "expected"),
    [
        ("RunToken", "9", "10", BACK),
        ("RunToken", "10", "9", FORWARD),
        ("RunToken", "10", "10", FORWARD),
        ("RunToken", "010", "9", FORWARD),
        ("RunToken", "0", "00", FORWARD),
        ("RunToken", 9, 10, BACK),
        ("RunToken", "1" * 5000, "2" * 5000, BACK),
        ("RunToken", "a9", "a10", FORWARD),
        ("RunToken", "-2", "-1", FORWARD),
        ("RunToken", "1.0", "2.0", FORWARD),
        ("RunToken", "٣", "٤", FORWARD),
        ("RunToken", "1", None, FORWARD),
        ("RunToken", None, "1", FORWARD),
        ("RunToken", True, 2, FORWARD),
        ("RunToken", ["1"], ["2"], FORWARD),
        ("MigrationsLayerArn", f"{LAYER}:7", f"{LAYER}:8", BACK),
        ("MigrationsLayerArn", f"{LAYER}:9", f"{LAYER}:10", BACK),
        ("MigrationsLayerArn", f"{LAYER}:8", f"{LAYER}:7", FORWARD),
        ("MigrationsLayerArn", f"{LAYER}:8", f"{LAYER}:8", FORWARD),
        ("MigrationsLayerArn", f"{LAYER}:7", f"{LAYER}-2:8", FORWARD),
        ("MigrationsLayerArn", f"{LAYER}:one", f"{LAYER}:two", FORWARD),
        ("MigrationsLayerArn", LAYER, f"{LAYER}:8", FORWARD),
        ("MigrationsLayerArn", {}, f"{LAYER}:8", FORWARD),
        ("CodeVersion", f"{CODE}:7", f"{CODE}:8", BACK),
        ("CodeVersion", f"{CODE}:8", f"{CODE}:7", FORWARD),
        ("CodeVersion", f"{CODE}:$LATEST", f"{CODE}:8", FORWARD),
        ("LatestMigration", "20240101000000_a", "20240102000000_b", BACK),
        ("LatestMigration", "20240102000000_a", "20240101000000_b", FORWARD),
        ("LatestMigration", "20240101000000_a", "20240101000000_b", FORWARD),
        ("LatestMigration", "init", "20240101000000_b", FORWARD),
        ("LatestMigration", "2024010100000", "20240101000001", FORWARD),
        ("MigrationsHash", "1", "2", FORWARD),
        ("Triggers", "1", "2", FORWARD),
    ],
)
def test_a_property_that_went_back_tells_a_rollback(name: str, new: object, old: object, expected: bool) -> None:
    asked_for = request_of(update({name: new}, {name: old}))

    assert isinstance(asked_for, Skip) is expected
    if isinstance(asked_for, Skip):
        assert asked_for.reason == f"This Update is a rollback ({name} went back): the schema goes only forward."
    else:
        assert asked_for == Request()


LOWER = {"RunToken": "1", "MigrationsLayerArn": f"{LAYER}:1", "CodeVersion": f"{CODE}:1"}
LOWER["LatestMigration"] = "20240101000000_a"
HIGHER = {"RunToken": "2", "MigrationsLayerArn": f"{LAYER}:2", "CodeVersion": f"{CODE}:2"}
HIGHER["LatestMigration"] = "20240102000000_b"


@pytest.mark.parametrize(("lower", "higher"), [(a, b) for a in SIGNS for b in SIGNS if a != b])
def test_where_one_goes_back_and_another_forward_it_is_no_rollback(lower: str, higher: str) -> None:
    """A renamed workflow counts its runs from 1 again: to skip its deployment would be worse than one run too many."""
    contradictory = update({lower: LOWER[lower], higher: HIGHER[higher]}, {lower: HIGHER[lower], higher: LOWER[higher]})

    assert request_of(contradictory) == Request()


@pytest.mark.parametrize(("one", "other"), [(a, b) for a in SIGNS for b in SIGNS if a != b])
def test_where_two_go_back_it_is_a_rollback(one: str, other: str) -> None:
    back = update({one: LOWER[one], other: LOWER[other]}, {one: HIGHER[one], other: HIGHER[other]})

    assert isinstance(request_of(back), Skip)


@pytest.mark.parametrize(("other", "name"), [(a, b) for a in SIGNS for b in SIGNS if a != b])
def test_a_property_that_is_equal_or_cannot_be_compared_leaves_it_to_the_next(other: str, name: str) -> None:
    for new, old in ((LOWER[other], LOWER[other]), ("?", HIGHER[other]), (LOWER[other], None)):
        event = update({other: new, name: LOWER[name]}, {other: old, name: HIGHER[name]})
        assert isinstance(request_of(event), Skip)


def test_only_an_update_can_be_a_rollback() -> None:
    event = update({"RunToken": "1"}, {"RunToken": "2"})

    assert isinstance(request_of(event), Skip)
    assert request_of({**event, "RequestType": "Create"}) == Request()


@pytest.mark.parametrize("old", [None, [], "", {}])
def test_an_update_without_old_properties_goes_forward(old: object) -> None:
    assert request_of({**update({"RunToken": "1"}, {}), "OldResourceProperties": old}) == Request()


def test_the_properties_of_a_rollback_are_not_checked() -> None:
    assert isinstance(request_of(update({"RunToken": "1", "Action": "reset"}, {"RunToken": "2"})), Skip)
