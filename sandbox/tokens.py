"""Who may do what at the warehouse, by the registry's token protocol (distribution's spec/auth/token.md).

A request comes to the door from a sandbox's own proxy, which has put the sandbox's address in it. `answer` decides.
Every sandbox may pull what is on the shelves; who also names the password may push into the space that is theirs, as
long as there is room. A token holds in the sandbox it was made for.
"""

import json
import re
import secrets
import time
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from django.conf import settings
from docker.utils import parse_bytes

from sandbox import accounts, keys
from sandbox.accounts import Account

SERVICE = "warehouse"
ISSUER = "sarafa-bazaar"
SECONDS = 300  # that a token holds
SCOPE = re.compile(r"repository:([a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*):([a-z,*]+)")
SCOPES = 20  # asked for at once, at most
REPOSITORY = re.compile(r"/v2/([^/]+)/[^/]+/(?:blobs/uploads|manifests)/")
DISK_KEPT = 1 << 30  # bytes of the engine's disk that pushes leave free


@dataclass(frozen=True)
class Request:
    """What came to the door. `uri` is what a writer wants of the registry, or the question for a token."""

    kind: str  # token or write
    uri: str
    address: str
    authorization: str
    used: int = 0  # bytes of the space that the writer writes to
    total: int = 0  # of everything on the shelves
    free: int = 0  # of the disk
    busy: bool = False  # it is being tidied


@dataclass(frozen=True)
class Answer:
    status: int
    reason: str = ""
    body: str = ""


def answer(request: Request) -> Answer:
    account = accounts.at(request.address)
    if account is None:
        return refuse(401, "The warehouse does not know this sandbox.")
    return token(request, account) if request.kind == "token" else write(request, account)


def refuse(status: int, reason: str) -> Answer:
    code = "UNAUTHORIZED" if status == 401 else "DENIED"
    return Answer(status, reason, json.dumps({"errors": [{"code": code, "message": reason}]}))


# --- tokens ---


def token(request: Request, account: Account) -> Answer:
    """Make a token for what is asked and may be. Whoever signs in must do so right, even to pull."""
    signed_in = bool(request.authorization)
    if signed_in and not is_signed_in(request.authorization, account):
        return refuse(401, "User or password is wrong. They are in $LEARNER and $WAREHOUSE_PASSWORD.")
    scopes = " ".join(parse_qs(urlsplit(request.uri).query).get("scope", [])).split()[:SCOPES]
    access = list(grants(scopes, account.space if signed_in else ""))
    return Answer(200, body=json.dumps(made(access, account, request.address, int(time.time()))))


def is_signed_in(authorization: str, account: Account) -> bool:
    scheme, _, encoded = authorization.partition(" ")
    try:
        user, _, password = b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return False
    right = f"{account.space}:{account.password}"
    same = secrets.compare_digest(f"{user}:{password}".encode(), right.encode())
    return scheme.lower() == "basic" and bool(account.space) and same


def grants(scopes: list[str], space: str) -> Iterator[dict[str, Any]]:
    """Yield what of the scopes may be: pull of any repository, push into one right below one's own space."""
    for scope in scopes:
        found = SCOPE.fullmatch(scope)
        if not found:
            continue
        name, wanted = found[1], found[2].split(",")
        may = ["pull", "push"] if space and name.startswith(f"{space}/") and name.count("/") == 1 else ["pull"]
        actions = [action for action in may if action in wanted]
        if actions:
            yield {"type": "repository", "name": name, "actions": actions}


def made(access: list[dict[str, Any]], account: Account, address: str, now: int) -> dict[str, Any]:
    key = keys.own()
    claims = {
        "iss": ISSUER, "sub": account.space, "aud": SERVICE, "iat": now, "nbf": now - 10, "exp": now + SECONDS,
        "jti": secrets.token_hex(8), "access": access, "sandbox": badge(address),
    }  # fmt: skip
    signed = jwt.encode(claims, key.private, algorithm="ES256", headers={"x5c": key.x5c})
    issued_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
    return {"token": signed, "expires_in": SECONDS, "issued_at": issued_at}


def badge(address: str) -> str:
    """Return what tells one sandbox from another in a token, which its learner can read: the address stays a secret."""
    return keys.own().derive("badge", address).hex()[:16]


# --- writes ---


def write(request: Request, account: Account) -> Answer:
    """Let a write pass to the registry, which looks at the token itself, or say why not."""
    if not request.authorization:
        return Answer(204)  # the registry says where to get a token
    claims = claims_of(request.authorization)
    if claims is None or claims.get("sandbox") != badge(request.address):
        return refuse(403, "This token was not made for this sandbox.")
    found = REPOSITORY.match(request.uri)
    if not account.space or not found or found[1] != account.space:
        own = f"warehouse:5000/{account.space or '...'}"
        return refuse(403, f"This is not a place of yours. Your images go to {own}/NAME, with a NAME without a slash.")
    if not any("push" in grant["actions"] for grant in claims["access"]):
        return refuse(403, "Only who has signed in can push. Run: docker login warehouse:5000")
    return room(request)


def claims_of(authorization: str) -> dict[str, Any] | None:
    """Return what a token says, if it is one of ours. Whether it holds still is the registry's to see."""
    scheme, _, text = authorization.partition(" ")
    if scheme.lower() != "bearer":
        return None
    try:
        return jwt.decode(
            text, keys.own().private.public_key(), algorithms=["ES256"], audience=SERVICE, issuer=ISSUER,
            options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
        )  # fmt: skip
    except jwt.InvalidTokenError:
        return None


def room(request: Request) -> Answer:
    space, total = parse_bytes(settings.WAREHOUSE_SPACE), parse_bytes(settings.WAREHOUSE_TOTAL)
    if request.busy:
        return refuse(403, "The warehouse is being tidied. Try again in a minute.")
    if request.used >= space:
        return refuse(403, f"Your space in the warehouse is full: {megabytes(request.used)} of {megabytes(space)} MB.")
    if request.total >= total or request.free < DISK_KEPT:
        return refuse(403, "The warehouse is full. Tell your instructor.")
    return Answer(204)


def megabytes(size: float) -> int:
    return round(size / 2**20)
