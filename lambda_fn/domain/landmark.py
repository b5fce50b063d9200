"""Places from which the statements of a large script can be read, so that not all of it is read to find one."""

from bisect import bisect_left
from dataclasses import dataclass
from operator import attrgetter


@dataclass(frozen=True, slots=True)
class Landmark:
    """The byte offset just behind a statement's semicolon, and how many `statements` of the script are before it.

    They are counted as the script is split: the author's own BEGIN and COMMIT too.
    """

    offset: int
    statements: int


Landmarks = tuple[Landmark, ...]
"""In the order of the script. None at all is right too: then it is read from its beginning."""

_BEGINNING = Landmark(0, 0)


def landmark_before(landmarks: Landmarks, offset: int) -> Landmark:
    """The last landmark before a byte offset, or the beginning of the script.

    Not one at the offset itself: just behind a statement is still a place of that statement.
    """
    index = bisect_left(landmarks, offset, key=attrgetter("offset"))
    return landmarks[index - 1] if index else _BEGINNING
