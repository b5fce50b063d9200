"""Environment markers of requirements, evaluated for a target.

pip evaluates them for the interpreter that it runs in, also when it downloads for another (`--platform`).
"""

import ast
import operator
import re
from collections.abc import Callable, Mapping

from release.refusal import Refused

_VERSION_NAMES = frozenset({"implementation_version", "python_full_version", "python_version"})
_VERSION = re.compile(r"\d+(?:\.\d+)*(?:\.\*)?")
_COMPARISONS: Mapping[type[ast.cmpop], Callable[[list[int], list[int]], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_TEXT_COMPARISONS: Mapping[type[ast.cmpop], Callable[[str, str], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.In: lambda text, texts: text in texts,
    ast.NotIn: lambda text, texts: text not in texts,
}


def applies(marker: str, environment: Mapping[str, str]) -> bool:
    """Whether a marker holds in an environment; "" always does.

    A marker is an expression with Python's own grammar. Raises: Refused for what is not understood for certain,
    such as `extra`, `~=` and pre-releases, rather than to leave out or add a requirement.
    """
    if not marker:
        return True
    try:
        return _holds(ast.parse(marker, mode="eval").body, environment)
    except (SyntaxError, _NotUnderstood):
        raise Refused(f"The environment marker `{marker}` is not understood. Teach it to release/markers.py.") from None


class _NotUnderstood(Exception):
    """Something in a marker is not known here."""


def _holds(node: ast.expr, environment: Mapping[str, str]) -> bool:
    match node:
        case ast.BoolOp(operation, terms):
            # Each is looked at: one that is not understood is told also where it makes no difference.
            results = [_holds(term, environment) for term in terms]
            return all(results) if isinstance(operation, ast.And) else any(results)
        case ast.Compare(left, [comparison], [right]):
            names = {side.id for side in (left, right) if isinstance(side, ast.Name)}
            compare = _compare_versions if names & _VERSION_NAMES else _compare_texts
            return compare(type(comparison), _text(left, environment), _text(right, environment))
        case _:
            raise _NotUnderstood


def _text(node: ast.expr, environment: Mapping[str, str]) -> str:
    match node:
        case ast.Name(name) if name in environment:
            return environment[name]
        case ast.Constant(str(text)):
            return text
        case _:
            raise _NotUnderstood


def _compare_texts(comparison: type[ast.cmpop], left: str, right: str) -> bool:
    if comparison not in _TEXT_COMPARISONS:
        raise _NotUnderstood
    return _TEXT_COMPARISONS[comparison](left, right)


def _compare_versions(comparison: type[ast.cmpop], left: str, right: str) -> bool:
    if comparison not in _COMPARISONS or not (_VERSION.fullmatch(left) and _VERSION.fullmatch(right)):
        raise _NotUnderstood
    if left.endswith(".*") or (right.endswith(".*") and comparison not in (ast.Eq, ast.NotEq)):
        raise _NotUnderstood
    ours, theirs = _numbers(left), _numbers(right)
    length = len(theirs) if right.endswith(".*") else max(len(ours), len(theirs))
    return _COMPARISONS[comparison](_padded(ours, length), _padded(theirs, length))


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.removesuffix(".*").split(".")]


def _padded(numbers: list[int], length: int) -> list[int]:
    return [*numbers, *[0] * length][:length]
