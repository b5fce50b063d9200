"""How the connection is secured: by default so that nobody can stand in for the server."""

from lambda_fn.domain.form import is_loopback
from lambda_fn.domain.plan import Diagnostic
from lambda_fn.domain.target import SslMode, Target
from lambda_fn.errors import settings as settings_errors

SYSTEM = "system"  # libpq's word for the authorities of the operating system


def secured(target: Target, *, sslmode: SslMode | None, sslrootcert: str | None, bundle: str, iam: bool) -> Target:
    """The target with its TLS parameters decided.

    `sslmode` and `sslrootcert` are the settings, and win over the URL's. Without any wish it is verify-full with
    the authorities in `bundle`, and on loopback (a forwarded port, a laptop) prefer.

    Raises: SettingsInvalid M215 for a login by IAM that would send its token unencrypted.
    """
    mode = sslmode or _asked(target) or (SslMode.PREFER if _stays_here(target) else SslMode.VERIFY_FULL)
    if iam and not mode.encrypts:
        raise settings_errors.iam_needs_tls(mode)
    named_root = sslrootcert or target.parameters.get("sslrootcert")
    if named_root and mode is SslMode.REQUIRE:
        mode = SslMode.VERIFY_CA  # as libpq does by itself: whoever names an authority wants it looked at
    root = named_root or (bundle if mode.verifies else None)
    return target.with_parameters({"sslmode": mode.value, **({"sslrootcert": root} if root else {})})


def weakness(target: Target) -> Diagnostic | None:
    """What to warn of; None where the server's certificate and name are checked, and on loopback."""
    mode = _asked(target)
    if target.is_unnamed and mode is not SslMode.VERIFY_FULL:
        return _unnamed(target)
    if mode in (None, SslMode.VERIFY_FULL) or _stays_here(target):
        return None
    checked = "the server's name is not checked" if mode is SslMode.VERIFY_CA else "nothing of the server is checked"
    what = checked if mode and mode.encrypts else f"the connection may be unencrypted, and {checked}"
    return Diagnostic(
        "M310",
        f"TLS to {target.host} is weakened by sslmode={mode}: {what}, so that another server can stand in for it. "
        "Remove sslmode from the URL or MIGRATE_SSLMODE: the authorities of Amazon RDS are in the package, "
        "and MIGRATE_SSLROOTCERT names others.",
        (),
    )


def _unnamed(target: Target) -> Diagnostic:
    """M311: what is forwarded to this machine could be any server, for nothing says which it should be."""
    return Diagnostic(
        "M311",
        f"Nothing names the server behind {target.address}, so that nothing of it is checked and another server can "
        "stand in for it. Through a forwarded port, name the endpoint that RDS shows, and the port beside it: "
        f"--host ENDPOINT --through {target.connects_to}.",
        (),
    )


def _stays_here(target: Target) -> bool:
    """Whether both the name and the address that stands for it are this machine's.

    Behind a forwarded port only the address is, and there the name is worth checking.
    """
    led_to = target.parameters.get("hostaddr", target.connects_to.host)
    return is_loopback(target.host) and is_loopback(led_to)


def _asked(target: Target) -> SslMode | None:
    mode = target.parameters.get("sslmode")
    return SslMode(mode) if mode else None
