"""Where to connect and as whom, out of the settings."""

from pathlib import Path

from lambda_fn.domain.target import Auth, Target
from lambda_fn.domain.tls import SYSTEM, secured
from lambda_fn.errors import settings as settings_errors
from lambda_fn.settings import Settings

_PATH_LIMIT = 1024  # characters
_PEM = "-----BEGIN"
RDS_BUNDLE = Path(__file__).parent / "postgres" / "rds-ca-bundle.pem"


class SettingsCredentials:
    """The login that the settings describe, for one run: a secret is read when it is first needed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._known: Target | None = None

    def target(self) -> Target:
        """Where to connect and as whom; an IAM token is made anew each time, for it holds for 15 minutes only.

        Raises: SettingsInvalid M202 to M205, M214 to M216, M217, P1013.
        """
        self._known = self._known or self._read()
        return _with_token(self._known, self._settings) if self._iam else self._known

    def renewed(self) -> Target | None:
        """What the secret says now; None where that is no other password, so that trying again is no use."""
        if self._settings.secret_id is None or self._iam:
            return None
        before, self._known = self._known, self._read()
        return None if before == self._known else self._known

    @property
    def _iam(self) -> bool:
        return self._settings.auth is Auth.IAM

    def _read(self) -> Target:
        settings = self._settings
        hostaddr = {"hostaddr": settings.hostaddr} if settings.hostaddr else {}
        target = secured(
            _target(settings).with_parameters(hostaddr),
            sslmode=settings.sslmode,
            sslrootcert=settings.sslrootcert,
            bundle=str(RDS_BUNDLE),
            iam=self._iam,
        )
        return _with_root_found(target)


def _target(settings: Settings) -> Target:
    if settings.database_url and settings.secret_id:
        raise settings_errors.two_databases()
    # Imported here: a login by a URL pays for nothing of a secret, and one by a secret for nothing of a URL.
    if settings.database_url:
        from lambda_fn.domain.url import target_from_url

        return target_from_url(settings.database_url).overridden(settings.overrides)
    if settings.secret_id:
        from lambda_fn.domain.secret import target_from_secret

        iam = settings.auth is Auth.IAM
        text = _secret(settings.secret_id, settings)
        return target_from_secret(settings.secret_id, text, settings.overrides, iam=iam)
    if settings.auth is Auth.IAM:
        from lambda_fn.domain.secret import target_from_overrides

        return target_from_overrides(settings.overrides)
    raise settings_errors.no_database()


def _secret(secret_id: str, settings: Settings) -> str:
    # Imported here: with a URL nobody pays for boto3 (about 0.3 s).
    from lambda_fn.aws.secrets import read_secret

    return read_secret(secret_id, settings.region, settings.profile)


def _with_token(target: Target, settings: Settings) -> Target:
    from lambda_fn.aws.iam_token import make_token

    return target.with_token(make_token(target, settings.region, settings.profile))


def _with_root_found(target: Target) -> Target:
    """The target with a file of authorities that is there, if it names one. Raises: SettingsInvalid M217."""
    root = target.parameters.get("sslrootcert")
    if root is None:
        return target
    if len(root) > _PATH_LIMIT or root.splitlines() != [root] or root.startswith(_PEM) or "://" in root:
        raise settings_errors.root_certificate_not_a_path()
    path = _file_of_the_system() if root == SYSTEM else root
    if path is None or not _is_file(path):
        raise settings_errors.no_root_certificate(root)
    return target.with_parameters({"sslrootcert": path})


def _is_file(path: str) -> bool:
    try:
        return Path(path).is_file()
    except OSError:  # a directory that may not be entered; a name that is too long
        return False


def _file_of_the_system() -> str | None:
    # libpq's own `system` is where its OpenSSL was built to look, which for a wheel is no place of this system.
    import ssl

    return ssl.get_default_verify_paths().cafile
