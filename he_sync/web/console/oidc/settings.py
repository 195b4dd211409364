"""What the console needs to know of an identity provider, read from the environment; none without HE_OIDC_ISSUER."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from he_sync.model.errors import FixInput, FixSettings
from he_sync.settings import variable
from he_sync.web.console.roles import Roles, roles_named

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
CALLBACK = "/sign-in/callback"
EXAMPLE = "finance=preparer,operator; finance-leads=approver"


@dataclass(frozen=True)
class OidcSettings:
    """One provider. `console` is the address under which people reach the console, `name` and `groups` are claims."""

    issuer: str
    client: str
    console: str
    roles: Mapping[str, Roles]
    name: str = "preferred_username"
    groups: str = "groups"
    secret: str = field(default="", repr=False)

    @property
    def back(self) -> str:
        """Where the provider sends people; it must be registered there to the letter."""
        return self.console + CALLBACK

    def roles_of(self, groups: Iterable[object]) -> Roles:
        """The roles of a person in these groups; a group that is not named here gives none."""
        return frozenset(role for group in groups for role in self.roles.get(str(group), ()))


def console_url(environ: Mapping[str, str]) -> str:
    """HE_CONSOLE_URL without its last slash, "" where it is not set. Raises FixSettings for one without TLS."""
    url = variable("HE_CONSOLE_URL", environ, "").rstrip("/")
    if url and (not is_safe(url) or urlsplit(url).path):
        raise FixSettings(f"HE_CONSOLE_URL is {url!r}; set it to https:// and the console's name, without a path")
    return url


def oidc_settings(environ: Mapping[str, str]) -> OidcSettings | None:
    """The provider; None where none is configured. Raises FixSettings naming what is missing or wrong."""
    issuer = variable("HE_OIDC_ISSUER", environ, "")
    if not issuer:
        return None
    if not is_safe(issuer):
        raise FixSettings(f"HE_OIDC_ISSUER is {issuer!r}; set it to the https:// address that the provider names")
    url = console_url(environ)
    if not url:
        raise FixSettings(
            "HE_CONSOLE_URL is not set; with HE_OIDC_ISSUER the provider must know where people come from"
        )
    return OidcSettings(
        issuer,
        variable("HE_OIDC_CLIENT_ID", environ),
        url,
        _roles(variable("HE_OIDC_ROLES", environ)),
        variable("HE_OIDC_NAME", environ, OidcSettings.name),
        variable("HE_OIDC_GROUPS", environ, OidcSettings.groups),
        variable("HE_OIDC_CLIENT_SECRET", environ, ""),
    )


def is_safe(url: str) -> bool:
    """Whether credentials may go to an address: TLS, or this machine itself."""
    parts = urlsplit(url)
    if not parts.hostname or parts.username or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)


def _roles(text: str) -> dict[str, Roles]:
    """`group=role,role; group=role`. Raises FixSettings for what is not that."""
    found: dict[str, Roles] = {}
    for part in filter(None, map(str.strip, text.split(";"))):
        group, _, names = part.rpartition("=")
        try:
            found[group.strip()] = roles_named(names.split(","))
        except FixInput as error:
            raise FixSettings(f"HE_OIDC_ROLES has {part[:60]!r}: {error}; write it as {EXAMPLE!r}") from None
    if not found or "" in found:
        raise FixSettings(f"HE_OIDC_ROLES names no group; write it as {EXAMPLE!r}")
    return found
