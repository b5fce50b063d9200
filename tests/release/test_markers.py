"""Environment markers: as the packaging library evaluates them, for an environment that is not ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.markers import Marker

from release.markers import applies
from release.refusal import Refused
from release.target import Architecture, Target

_ORDERINGS = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
_VERSIONS = st.sampled_from(["3", "3.9", "3.14", "3.14.0", "3.13.1", "4"])
_TEXTS = st.sampled_from(["linux", "win32", "posix", "aarch64", "x86_64", "CPython", "cpython", "Linux"])
_VERSION_NAMES = st.sampled_from(["python_version", "python_full_version", "implementation_version"])
_TEXT_NAMES = st.sampled_from(
    [
        "implementation_name",
        "os_name",
        "platform_machine",
        "platform_python_implementation",
        "platform_system",
        "sys_platform",
    ]
)
_TERMS = st.one_of(
    st.builds("{} {} '{}'".format, _VERSION_NAMES, _ORDERINGS, _VERSIONS),
    st.builds("'{}' {} {}".format, _VERSIONS, st.sampled_from(["<", ">=", "=="]), _VERSION_NAMES),
    st.builds("python_full_version {} '{}.*'".format, st.sampled_from(["==", "!="]), st.sampled_from(["3.13", "3.14"])),
    st.builds("{} {} '{}'".format, _TEXT_NAMES, st.sampled_from(["==", "!="]), _TEXTS),
    st.builds("{} {} '{} {}'".format, _TEXT_NAMES, st.sampled_from(["in", "not in"]), _TEXTS, _TEXTS),
)
_MARKERS = st.recursive(
    _TERMS,
    lambda inner: st.one_of(
        st.builds("{} and {}".format, inner, inner),
        st.builds("{} or {}".format, inner, inner),
        st.builds("({})".format, inner),
    ),
    max_leaves=5,
)
_TARGETS = st.builds(Target, st.integers(11, 15), st.sampled_from(Architecture))


@given(_MARKERS, _TARGETS)
def test_a_marker_holds_where_the_packaging_library_says_so(marker: str, target: Target) -> None:
    assert applies(marker, target.markers) == Marker(marker).evaluate(dict(target.markers))


def test_no_marker_always_holds() -> None:
    assert applies("", {})


@pytest.mark.parametrize(
    "marker",
    [
        "extra == 'binary'",
        "python_version ~= '3.11'",
        "python_version < '3.14rc1'",
        "python_version in '3.11 3.12'",
        "'3.*' == python_version",
        "python_version < '3.*'",
        "platform_release >= '5'",
        "sys_platform < 'linux'",
        "sys_platform",
        "not sys_platform == 'linux'",
        "sys_platform == 'linux' == 'linux'",
        "sys_platform == ",
        "sys_platform == 1",
        "sys_platform == 'linux' or extra == 'binary'",
        "__import__('os')",
    ],
)
def test_a_marker_that_is_not_understood_is_refused(marker: str) -> None:
    with pytest.raises(Refused, match="is not understood"):
        applies(marker, Target().markers)
