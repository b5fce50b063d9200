"""What differs from run to run, made the same: times, durations, process ids, ids of runs."""

import re

_RUN_ID = "6f1c8e0a-2b7d-4f0e-9c1a-3d5e7f9b1c2d"
_PATTERNS: tuple[tuple[str, str], ...] = (
    (r"\b[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b", _RUN_ID),
    (r"\d{4}-\d\d-\d\d([ T])\d\d:\d\d:\d\d(\.\d+)?(?=Z| UTC|\+00)", r"2025-11-12\g<1>09:30:00"),
    (r"\bbackend \d+", "backend 4711"),
    (r"pg_terminate_backend\(\d+", "pg_terminate_backend(4711"),
    (r"^(pid +\| )\d+$", r"\g<1>4711"),
    (r"\b\d{14}(?=_add_recall_dates)", "20251113090000"),
    (r"(`) in [\d.]+ m?s\b", r"\g<1> in 12 ms"),
    (r"UTC +[\d.]+ m?s\b", "UTC  12 ms"),  # a column of the history, and where it is empty
    (r"UTC {3,}(?=[A-Z])", "UTC         "),
    (r"waited for a lock for \d+ ms", "waited for a lock for 2000 ms"),
    (r"advisory lock for \d+ ms", "advisory lock for 0 ms"),
    (r"(open for|within) \d+ s\b", r"\g<1> 3 s"),
    (r"(idle|active) for \d s\b", r"\g<1> for 1 s"),
    (r"\b0\.\d\d s from the server's", "0.00 s from the server's"),
)


def made_alike(text: str) -> str:
    """The text with fixed values in the place of those that differ."""
    for pattern, shown in _PATTERNS:
        text = re.sub(pattern, shown, text, flags=re.MULTILINE)
    return text
