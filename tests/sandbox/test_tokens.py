"""Who is given what at the warehouse's door."""

import json
import time
from base64 import b64encode
from dataclasses import replace

import jwt
import pytest

from sandbox import accounts, keys, tokens
from sandbox.tokens import Request


@pytest.fixture
def address():
    return accounts.trial_address()


@pytest.fixture
def account(address):
    return accounts.of_trial(address)


def basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def ask(address: str, scope: str = "", authorization: str = "") -> tokens.Answer:
    return tokens.answer(Request("token", f"/token?service=warehouse&scope={scope}", address, authorization))


def signed_in(address: str, scope: str) -> tokens.Answer:
    account = accounts.of_trial(address)
    return ask(address, scope, basic(account.space, account.password))


def access(answer: tokens.Answer) -> dict[str, list[str]]:
    assert answer.status == 200
    grants = claims(answer)["access"]
    return {grant["name"]: grant["actions"] for grant in grants}


def claims(answer: tokens.Answer) -> dict:
    return jwt.decode(json.loads(answer.body)["token"], options={"verify_signature": False})


# --- tokens ---


@pytest.mark.parametrize("name", ["sarafa/poha", "library/nginx", "somebody/x", "a/b/c"])
def test_every_sandbox_may_pull_everything(address, name):
    assert access(ask(address, f"repository:{name}:pull")) == {name: ["pull"]}
    assert access(ask(address, f"repository:{name}:pull,push")) == {name: ["pull"]}


def test_who_has_signed_in_may_push_into_their_own_space(address, account):
    name = f"{account.space}/poha"
    assert access(signed_in(address, f"repository:{name}:pull,push")) == {name: ["pull", "push"]}
    assert access(ask(address, f"repository:{name}:pull,push")) == {name: ["pull"]}


@pytest.mark.parametrize(
    "name",
    ["sarafa/poha", "library/poha", "poha", "{0}", "{0}x/poha", "x{0}/poha", "{0}/a/b", "sarafa/{0}/poha", "{0}-/poha"],
)
def test_and_nowhere_else(address, account, name):
    found = access(signed_in(address, f"repository:{name.format(account.space)}:push"))
    assert found == {}


@pytest.mark.parametrize(
    "scope",
    [
        "registry:catalog:*", "repository:sarafa/poha:delete", "repository:sarafa/poha:*", "repository::pull",
        "repository(plugin):sarafa/poha:pull", "repository:sarafa/../x:pull", "repository:Sarafa/poha:pull",
        "repository:sarafa/poha", "", "%00", "repository:sarafa/poha:pull:push",
    ],
)  # fmt: skip
def test_what_it_does_not_know_it_does_not_grant(address, scope):
    assert access(signed_in(address, scope)) == {}


def test_several_scopes_come_as_words_or_one_by_one(address, account):
    own = f"repository:{account.space}/poha:pull,push"
    one_by_one = f"{own}&scope=repository:sarafa/poha:pull"
    expected = {f"{account.space}/poha": ["pull", "push"], "sarafa/poha": ["pull"]}
    assert access(signed_in(address, one_by_one)) == expected
    assert access(signed_in(address, f"{own}%20repository:sarafa/poha:pull")) == expected
    assert len(access(ask(address, "%20".join(f"repository:x/y{n}:pull" for n in range(1000))))) == tokens.SCOPES


def test_a_wrong_password_or_somebody_elses_is_refused_even_to_pull(address, account):
    other = accounts.of_trial(accounts.trial_address())
    for user, password in [
        (account.space, "wrong"), (account.space, ""), ("", ""), ("", account.password),
        (other.space, other.password), (account.space, other.password), (other.space, account.password),
    ]:  # fmt: skip
        answer = ask(address, "repository:sarafa/poha:pull", basic(user, password))
        assert answer.status == 401
        assert json.loads(answer.body)["errors"][0]["code"] == "UNAUTHORIZED"


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Basic /////w==", "Bearer abc", "nonsense", " "])
def test_a_broken_header_is_refused(address, header):
    assert ask(address, authorization=header).status == 401


def test_who_has_no_space_cannot_sign_in_to_it(db, make):
    sandbox = make(None)
    assert access(ask(sandbox.address, "repository:sarafa/poha:pull")) == {"sarafa/poha": ["pull"]}
    assert ask(sandbox.address, "repository:x/poha:push", basic("", "")).status == 401


def test_who_is_no_sandbox_gets_nothing(db):
    for kind in ("token", "write"):
        assert tokens.answer(Request(kind, "/token", "fd00::1", "")).status == 401


def test_a_token_is_for_the_registry_alone_and_short_lived_and_does_not_tell_the_address(address, account):
    answer = signed_in(address, "")
    found = claims(answer)
    assert (found["iss"], found["aud"], found["sub"]) == ("sarafa-bazaar", "warehouse", account.space)
    assert 0 < found["exp"] - time.time() <= tokens.SECONDS
    assert all(isinstance(found[name], int) for name in ("exp", "nbf", "iat"))  # the registry refuses others
    assert address not in answer.body and account.password not in answer.body
    assert keys.own().x5c == jwt.get_unverified_header(json.loads(answer.body)["token"])["x5c"]


# --- writes ---


@pytest.fixture
def pushing(address, account):
    """A write that passes; tests change one thing of it."""
    name = f"{account.space}/poha"
    token = json.loads(signed_in(address, f"repository:{name}:pull,push").body)["token"]
    free = 100 << 30
    return Request("write", f"/v2/{name}/blobs/uploads/", address, f"Bearer {token}", free=free)


def refused(request: Request) -> str:
    answer = tokens.answer(request)
    assert answer.status == 403
    assert json.loads(answer.body)["errors"] == [{"code": "DENIED", "message": answer.reason}]
    assert not set('"\\\t\n') & set(answer.reason)  # it is put between quotes by the proxy
    return answer.reason


def test_a_push_into_ones_own_space_passes(pushing, account):
    assert tokens.answer(pushing).status == 204
    assert tokens.answer(replace(pushing, uri=f"/v2/{account.space}/poha/manifests/latest")).status == 204


def test_without_a_token_the_registry_itself_says_where_to_get_one(pushing):
    assert tokens.answer(replace(pushing, authorization="")).status == 204


def test_a_neighbours_token_is_refused(pushing):
    assert "not made for this sandbox" in refused(replace(pushing, address=accounts.trial_address()))


def test_so_is_one_that_others_made(pushing, settings, tmp_path):
    theirs = jwt.decode(pushing.authorization.split()[1], options={"verify_signature": False})
    for forged in (
        jwt.encode(theirs, keys.make().private, algorithm="ES256"),
        jwt.encode(theirs, "secret" * 8, algorithm="HS256"),
        jwt.encode(theirs, None, algorithm="none"),
        pushing.authorization.split()[1][:-4] + "AAAA",
        "",
        "a b",
    ):
        assert "not made for this sandbox" in refused(replace(pushing, authorization=f"Bearer {forged}"))


@pytest.mark.parametrize(
    "uri",
    [
        "/v2/sarafa/poha/blobs/uploads/", "/v2/library/x/manifests/latest", "/v2/{0}x/poha/blobs/uploads/",
        "/v2/{0}/a/b/blobs/uploads/", "/v2/sarafa/../{0}/poha/blobs/uploads/", "/v2/%62/poha/blobs/uploads/",
        "/v2/{0}/../sarafa/poha/blobs/uploads/", "/v2/_catalog", "/v2/", "", "/v2/{0}/poha/blobs/sha256:00",
    ],
)  # fmt: skip
def test_a_write_elsewhere_is_refused_and_the_right_place_named(pushing, account, uri):
    assert f"warehouse:5000/{account.space}/NAME" in refused(replace(pushing, uri=uri.format(account.space)))


def test_who_has_not_signed_in_is_told_to(pushing, address, account):
    token = json.loads(ask(address, f"repository:{account.space}/poha:pull,push").body)["token"]
    assert "docker login" in refused(replace(pushing, authorization=f"Bearer {token}"))


def test_a_full_space_a_full_warehouse_a_full_disk_and_a_tidied_one_take_nothing(pushing, settings):
    settings.WAREHOUSE_SPACE, settings.WAREHOUSE_TOTAL = "200m", "10g"
    assert tokens.answer(replace(pushing, used=(200 << 20) - 1, total=(10 << 30) - 1)).status == 204
    assert "full: 200 of 200 MB" in refused(replace(pushing, used=200 << 20))
    assert "warehouse is full" in refused(replace(pushing, total=10 << 30))
    assert "warehouse is full" in refused(replace(pushing, free=1000))
    assert "tidied" in refused(replace(pushing, busy=True))
