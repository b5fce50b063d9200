"""The certificates that the function ships, as it ships them."""

import base64
import dataclasses
import functools
import hashlib
import io
import re
import ssl
import tarfile
import warnings
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import boto3
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.utils import CryptographyDeprecationWarning

from tests import rds_bundle
from tests.rds_bundle import (
    BUNDLE,
    CONFIRMED,
    SOURCES,
    Package,
    Source,
    WrongTarball,
    bundle_of,
    certificates_in,
    read_package,
)

TEXT = BUNDLE.read_text(encoding="utf-8")
HEAD, _, BODY = TEXT.partition("\n\n")


def stated(name: str) -> str:
    """What the head says after a name and a colon."""
    found = re.search(rf"^# {re.escape(name)}: (.*)$", HEAD, re.MULTILINE)
    assert found
    return found[1]


@functools.cache
def certificates() -> list[x509.Certificate]:
    with warnings.catch_warnings():
        # Starfield's root has the serial number 0, from before that was forbidden.
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        return x509.load_pem_x509_certificates(TEXT.encode())


def names() -> list[str]:
    return [each.subject.rfc4514_string() for each in certificates()]


def packed(pems: list[str]) -> bytes:
    """A tarball laid out as both packages', with these certificates."""
    quoted = (",\n" + " +\n        ".join(f"'{line}\\n'" for line in pem.splitlines()) for pem in pems)
    files = {
        "package/LICENSE": "Copyright someone.",
        "package/lib/handler/global-bundle.pem": "".join(pems),
        "package/lib/profiles/ca/defaults.js": f"exports.defaults = [{''.join(quoted)}];",
        "package/lib/index.js": "'-----BEGIN CERTIFICATE-----\\nnot here\\n-----END CERTIFICATE-----\\n'",
    }
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


def unpacked(tarball: bytes, source: Source = SOURCES[0]) -> Package:
    """What is taken from a tarball whose hash somebody has recorded."""
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(tarball).digest()).decode()
    return read_package(tarball, dataclasses.replace(source, integrity=integrity))


def root_named(name: str) -> str:
    """An authority that somebody made up."""
    key = ec.generate_private_key(ec.SECP384R1())
    subject = x509.Name.from_rfc4514_string(f"CN={name},O=Amazon Web Services\\, Inc.")
    unsigned = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime(2025, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2125, 1, 1, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )
    return unsigned.sign(key, hashes.SHA384()).public_bytes(serialization.Encoding.PEM).decode()


def pems() -> list[str]:
    return re.findall(r"-----BEGIN CERTIFICATE-----\n.*?-----END CERTIFICATE-----\n", BODY, re.DOTALL)


def test_the_head_holds_the_hash_of_the_rest() -> None:
    assert stated("SHA-256 of what follows the first blank line") == hashlib.sha256(BODY.encode()).hexdigest()


def test_the_head_says_where_it_comes_from() -> None:
    for source in SOURCES:
        assert f"npm package {source.package} {source.version}, licence {source.licence}" in HEAD
        assert source.integrity in HEAD
    assert f"# The {len(CONFIRMED)} from the second package are named by their fingerprints" in HEAD
    assert "The above copyright notice and this permission notice shall be included" in HEAD


def test_every_line_of_the_head_is_a_comment() -> None:
    assert {line[:1] for line in HEAD.splitlines()} == {"#"}


def test_openssl_loads_as_many_as_the_head_says() -> None:
    context = ssl.create_default_context(cafile=str(BUNDLE))

    loaded = len(context.get_ca_certs())

    assert str(loaded) == stated("Certificates").split(";")[0]
    assert loaded == len(pems()) == len(set(pems()))


def test_every_certificate_is_a_self_signed_authority() -> None:
    for each in certificates():
        each.verify_directly_issued_by(each)
        assert each.extensions.get_extension_for_class(x509.BasicConstraints).value.ca, each.subject


def test_every_certificate_is_good_for_another_200_days() -> None:
    """When this fails, it is time for a newer package: see the head of the bundle."""
    now = datetime.now(UTC)
    ending = [
        each.subject.rfc4514_string() for each in certificates() if each.not_valid_after_utc < now + timedelta(200)
    ]
    not_begun = [each.subject.rfc4514_string() for each in certificates() if each.not_valid_before_utc > now]

    assert (ending, not_begun) == ([], [])


def test_a_comment_before_each_certificate_has_its_subject_and_end() -> None:
    comments = re.findall(r"# (.*)\n# ends (.*)\n-----BEGIN", BODY)

    assert len(comments) == len(certificates())
    for (subject, ends), each in zip(comments, certificates(), strict=True):
        name = each.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value
        assert subject.split(", ")[0] == name
        assert ends == str(each.not_valid_after_utc.date())


def test_the_certificates_are_sorted() -> None:
    subjects = re.findall(r"# (.*)\n# ends ", BODY)

    assert subjects == sorted(subjects)


@pytest.mark.parametrize("key", ["RSA2048", "RSA4096", "ECC384"])
@pytest.mark.parametrize("region", ["eu-central-1", "us-east-1", "ap-southeast-2", "ap-northeast-1", "sa-east-1"])
def test_a_region_has_a_root_of_each_kind_of_key(region: str, key: str) -> None:
    assert any(f"CN=Amazon RDS {region} Root CA {key} G1," in name for name in names())


def test_no_region_is_without_a_root() -> None:
    """When this fails after an update of botocore, AWS has opened a region: look for a newer package.

    What the newer one adds must be found in other public copies before it is written to CONFIRMED.
    """
    regions = set(boto3.session.Session().get_available_regions("rds", "aws"))

    assert regions - set(stated("Regions").split()) == set()


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_the_roots_of_rds_proxy_are_there(number: int) -> None:
    assert f"CN=Amazon Root CA {number},O=Amazon,C=US" in names()


def test_nothing_but_certificates_is_in_it() -> None:
    assert set(re.findall(r"-----BEGIN (.*)-----", TEXT)) == {"CERTIFICATE"}


def test_it_is_small() -> None:
    assert BUNDLE.stat().st_size < 250_000


def test_the_file_is_made_again_from_a_tarball_with_the_same_certificates() -> None:
    backwards = unpacked(packed([*reversed(pems()), pems()[0]]))

    assert bundle_of([backwards]).partition("\n\n")[2] == BODY


def test_expired_certificates_are_left_out_and_counted() -> None:
    package = unpacked(packed(pems()))

    text = bundle_of([package], expired_by=date(2100, 1, 1))

    left = set(re.findall(r"^# ends (.*)$", text, re.MULTILINE))
    assert min(left) > "2100"
    assert f"# Certificates: {text.count('BEGIN')}; the packages have {len(pems()) - text.count('BEGIN')} more" in text


def test_each_confirmed_certificate_is_there_under_its_name() -> None:
    shipped = {each.name: each.sha256 for each in certificates_in(TEXT) if each.name in CONFIRMED}

    assert shipped == CONFIRMED


def test_nothing_but_the_confirmed_is_taken_from_the_second_package() -> None:
    tarball = packed([*pems(), root_named("Amazon RDS ap-east-2 Root CA ECC384 G1"), root_named("Another Root CA")])

    taken = [(each.name, each.sha256) for each in unpacked(tarball, SOURCES[1]).certificates]

    assert len(unpacked(tarball, SOURCES[0]).certificates) == len(pems()) + 2
    assert sorted(taken) == sorted(CONFIRMED.items())


def test_another_tarball_is_refused(tmp_path: Path) -> None:
    tarball = tmp_path / "other.tgz"
    tarball.write_bytes(packed(pems()))

    with pytest.raises(WrongTarball, match="integrity is sha512-"):
        rds_bundle.main([str(tarball)] * len(SOURCES))
    assert BUNDLE.read_text(encoding="utf-8") == TEXT


def test_a_bundle_as_it_stands_is_read_too() -> None:
    assert len(certificates_in(TEXT)) == len(pems())
