"""The place of an error in words."""

import pytest

from lambda_fn.errors import Whereabouts


@pytest.mark.parametrize(
    ("where", "place"),
    [
        (Whereabouts("m", statement=2, line=4, column=3), " in statement 2 (line 4, column 3)"),
        (Whereabouts("m", statement=2, line=4), " in statement 2 (line 4)"),
        (Whereabouts("m", statement=2), " in statement 2"),
        (Whereabouts("m", line=4, column=3), " at line 4, column 3"),
        (Whereabouts("m", line=4), " at line 4"),
        (Whereabouts("m"), ""),
    ],
)
def test_the_place_is_told_as_far_as_it_is_known(where: Whereabouts, place: str) -> None:
    assert where.place == place
