"""What the environment says. Whatever cannot be read is said by name, with ImproperlyConfigured."""

import os
from pathlib import Path
from urllib.parse import quote, urlencode

from django.core.exceptions import ImproperlyConfigured


def number(name: str, default: float) -> float:
    """Read a number from the environment, or say which variable is not one."""
    value = os.environ.get(name) or str(default)
    try:
        return float(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a number, not {value!r}.") from None


def words(name: str, default: str) -> list[str]:
    return [word.strip() for word in (os.environ.get(name) or default).split(",") if word.strip()]


def flag(name: str) -> bool:
    return os.environ.get(name, "").lower() in {"1", "true", "yes", "on"}


def secret(name: str) -> str:
    """Return what the variable says, or what is in the file that `<name>_FILE` names; "" if there is neither.

    Who may ask an engine about a container reads its environment; a file is for the container alone.
    """
    value, file = os.environ.get(name) or "", os.environ.get(f"{name}_FILE")
    if not file:
        return value
    if value:
        raise ImproperlyConfigured(f"{name} and {name}_FILE are both given. Unset one of them.")
    try:
        value = Path(file).read_text().strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise ImproperlyConfigured(f"{name}_FILE names {file}, which cannot be read: {exc}.") from None
    if not value:
        raise ImproperlyConfigured(f"{name}_FILE names {file}, which is empty.")
    return value


def redis_url(embedded: str) -> str:
    """Return the address of Redis, with the password in it, in words that its three clients all understand.

    Of the three, Celery's would take any certificate if it were not told to look at it.
    """
    url, password = secret("REDIS_URL") or embedded, secret("REDIS_PASSWORD")
    scheme, rest = url.split("://", 1) if "://" in url else ("", url)
    if scheme not in {"redis", "rediss", "unix"}:
        raise ImproperlyConfigured("REDIS_URL must begin with redis://, rediss:// (with TLS) or unix://.")
    if password:
        who, _, place = rest.rpartition("@")
        rest = f"{who.partition(':')[0]}:{quote(password, safe='')}@{place}"
    if scheme == "rediss" and "ssl_cert_reqs" not in rest:
        authority = os.environ.get("REDIS_CA_FILE")
        asked = {"ssl_cert_reqs": "required"} | ({"ssl_ca_certs": authority} if authority else {})
        rest += ("&" if "?" in rest else "?") + urlencode(asked, safe="/")
    return f"{scheme}://{rest}"
