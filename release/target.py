"""What a package is built for: a Lambda runtime and a CPU, whatever machine it is built on."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from release.refusal import Refused

_RUNTIME = re.compile(r"python3\.(\d{1,2})")
# Lambda's runtimes from python3.12 on are Amazon Linux 2023. Below 2.17 no wheel of a supported Python is tagged.
_NEWEST_GLIBC_MINOR = 34
_OLDEST_GLIBC_MINOR = 17


class Architecture(StrEnum):
    """A CPU by Lambda's name."""

    ARM64 = "arm64"
    X86_64 = "x86_64"

    @property
    def machine(self) -> str:
        """The name that the kernel and the tags of wheels have for it."""
        return "aarch64" if self is Architecture.ARM64 else "x86_64"


@dataclass(frozen=True, slots=True)
class Target:
    """A minor version of CPython 3 and an architecture. The defaults are those of template.yaml."""

    python_minor: int = 14
    architecture: Architecture = Architecture.ARM64

    @property
    def runtime(self) -> str:
        """The runtime by Lambda's name, which is also that of the interpreter's command."""
        return f"python3.{self.python_minor}"

    @property
    def platforms(self) -> tuple[str, ...]:
        """The platform tags of the wheels that run there, best first."""
        machine = self.architecture.machine
        glibc = (f"manylinux_2_{minor}" for minor in range(_NEWEST_GLIBC_MINOR, _OLDEST_GLIBC_MINOR - 1, -1))
        return tuple(f"{tag}_{machine}" for tag in (*glibc, "manylinux2014"))

    @property
    def markers(self) -> Mapping[str, str]:
        """What the environment markers of a requirement are evaluated with."""
        python = f"3.{self.python_minor}"
        return {
            "implementation_name": "cpython",
            "implementation_version": f"{python}.0",
            "os_name": "posix",
            "platform_machine": self.architecture.machine,
            "platform_python_implementation": "CPython",
            "platform_system": "Linux",
            "python_full_version": f"{python}.0",
            "python_version": python,
            "sys_platform": "linux",
        }


def parse_target(runtime: str, architecture: str) -> Target:
    """The target that Lambda's two names, or the kernel's name for the CPU, stand for. Raises: Refused."""
    found = _RUNTIME.fullmatch(runtime)
    if not found:
        raise Refused(f"The runtime {runtime!r} is none of Python. Give one such as python3.14.")
    for known in Architecture:
        if architecture in (known, known.machine):
            return Target(int(found[1]), known)
    raise Refused(f"Lambda has no architecture {architecture!r}. Give one of {', '.join(Architecture)}.")
