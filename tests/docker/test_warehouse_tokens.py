"""Who may do what, tried on the real registry, by the real client and by hand; and what a push can do wrong."""

import json
import time
from collections.abc import Iterator

import jwt
import pytest

from sandbox import accounts, containers, engine, keys, warehouse

POHA = "warehouse:5000/sarafa/poha"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
STORED = f"{warehouse.STORAGE}/docker/registry/v2/repositories"


def push(place, name: str, image: str = POHA) -> tuple[int, str]:
    """Push from a terminal, where one is signed in."""
    command = f"docker pull -q {POHA}; docker tag {image} warehouse:5000/{name}; docker push warehouse:5000/{name}"
    return place.learner(f"bash -lc '{command}'")


def token(place, scope: str = "", signed_in: bool = True) -> str:
    user = f"-u {place.account.space}:{place.account.password}" if signed_in else ""
    return json.loads(place.learner(f"curl -fsS {user} 'http://warehouse:5000/token?scope={scope}'")[1])["token"]


def push_token(place, name: str = "by-hand") -> str:
    return token(place, f"repository:{place.account.space}/{name}:pull,push")


def status(place, bearer: str, path: str, *options: str) -> int:
    """Ask by hand; return the status of the answer."""
    header = f"-H 'Authorization: Bearer {bearer}'" if bearer else ""
    ask = f"curl -sS -o /dev/null -w '%{{http_code}}' {header} {' '.join(options)} 'http://warehouse:5000{path}'"
    return int(place.learner(ask)[1])


def past_the_proxy(place, bearer: str, path: str, *options: str) -> int:
    """Ask the registry as only the sandbox's proxy can: what does it say when nobody looked at the token before?"""
    ask = ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "--unix-socket", "/warehouse/registry.sock"]
    ask += ["-H", f"Authorization: Bearer {bearer}", *options, f"http://warehouse:5000{path}"]
    code, answer, error = containers.run(place.container, place.spec.owner_uid, ask, 30, gid=5000)
    assert code == 0, error
    return int(answer)


def uploads(place, name: str = "by-hand") -> str:
    return f"/v2/{place.account.space}/{name}/blobs/uploads/"


def begin(place, bearer: str) -> str:
    """Begin an upload; return where its bytes go."""
    ask = (
        f"curl -fsS -D - -o /dev/null -X POST -H 'Authorization: Bearer {bearer}' http://warehouse:5000{uploads(place)}"
    )
    head = place.learner(ask)[1]
    return next(line.split(": ")[1].strip() for line in head.splitlines() if line.startswith("Location"))


def changed(bearer: str, key: keys.Key | None = None, header: dict | None = None, **claims: object) -> str:
    """Sign a token anew, with other claims, or with another key."""
    key = key or keys.own()
    whole = jwt.decode(bearer, options={"verify_signature": False}) | claims
    return jwt.encode(whole, key.private, algorithm="ES256", headers=header or {"x5c": key.x5c})


# --- with docker ---


def test_a_learner_pushes_and_another_pulls_and_runs_it(alices, charlies):
    name = f"{alices.account.space}/poha"
    code, output = push(alices, name)
    assert code == 0, output
    assert "INDORI POHA" in charlies.learner(f"docker run --rm warehouse:5000/{name}")[1]


@pytest.mark.parametrize("name", ["{alice}/theft", "{alice}/poha", "sarafa/poha", "library/alpine", "new/poha"])
def test_a_push_into_anothers_space_is_refused_and_changes_nothing(alices, charlies, name):
    push(alices, f"{alices.account.space}/poha")
    name = name.format(alice=alices.account.space)
    charlies.learner("docker pull -q alpine")
    before = digest(charlies, name)
    code, output = push(charlies, name, image="alpine")
    assert code != 0
    assert (
        f"denied: This is not a place of yours. Your images go to warehouse:5000/{charlies.account.space}/N" in output
    )
    assert digest(charlies, name) == before


def digest(place, name: str) -> str:
    head = f"curl -sS -I -H 'Authorization: Bearer {token(place, f'repository:{name}:pull')}' -H 'Accept: {MANIFEST}'"
    answer = place.learner(f"{head} http://warehouse:5000/v2/{name}/manifests/latest")[1].lower()
    return next((line for line in answer.splitlines() if line.startswith("docker-content-digest")), "none")


def test_signing_out_and_in_again(fresh):
    name = f"warehouse:5000/{fresh.account.space}/poha"
    terminal = (  # a second one finds what the first left
        "docker logout warehouse:5000", f"docker pull -q {POHA}", f"docker tag {POHA} {name}", f"docker push {name}",
    )  # fmt: skip
    code, output = fresh.learner(f"bash -lc '{'; '.join(terminal)}'")
    assert code != 0
    assert "denied: Only who has signed in can push. Run: docker login warehouse:5000" in output
    login = "docker login --username $LEARNER --password-stdin warehouse:5000"
    code, output = fresh.learner(f"bash -lc 'echo wrong | {login}'")
    assert code != 0
    assert "unauthorized: User or password is wrong. They are in $LEARNER and $WAREHOUSE_PASSWORD." in output
    assert fresh.learner(f"bash -lc 'echo $WAREHOUSE_PASSWORD | {login} && docker push {name}'")[0] == 0


def test_who_signed_out_stays_so_in_the_next_sandbox_and_who_did_not_is_signed_in(new_place):
    first, second = new_place(), new_place()
    first.learner("bash -lc 'docker logout warehouse:5000'")
    archive, _ = containers.save_home(first.container, first.spec.owner_uid)
    containers.restore_home(second.container, second.spec.owner_uid, archive)
    config = "bash -lc 'cat .docker/config.json'"
    assert json.loads(second.learner(config)[1])["auths"] == {}
    third = new_place()
    assert "warehouse:5000" in json.loads(third.learner(config)[1])["auths"]
    assert third.learner("stat -c %a .docker .docker/config.json")[1].split() == ["700", "600"]


def test_a_shell_knows_whose_space_is_whose(alices, charlies):
    for place in (alices, charlies):
        told = place.learner("bash -lc 'echo $LEARNER $WAREHOUSE_PASSWORD'")[1].split()
        assert told == [place.account.space, place.account.password]


def test_a_tag_of_500_characters_is_refused(alices):
    code, output = alices.learner(f"docker tag {POHA} warehouse:5000/{alices.account.space}/poha:{'x' * 500}")
    assert code != 0
    assert "invalid reference format" in output
    manifest = f"/v2/{alices.account.space}/by-hand/manifests/{'x' * 500}"
    write = ["-X PUT", f"-H 'Content-Type: {MANIFEST}'", "-d '{}'"]
    assert status(alices, push_token(alices), manifest, *write) == 404


def test_a_layer_beyond_the_bound_is_refused_and_what_came_of_it_goes(new_place, settings):
    settings.WAREHOUSE_SPACE = "5m"
    place = new_place()
    image = f"warehouse:5000/{place.account.space}/big"
    place.learner("head -c 9M /dev/urandom > big; printf 'FROM scratch\\nCOPY big /\\n' > Dockerfile")
    assert place.learner(f"docker build -q -t {image} .")[0] == 0
    code, output = place.learner(f"bash -lc 'docker push {image}'")
    assert code != 0
    assert "denied: A layer may have 5242880 bytes here, and no more." in output
    # What was taken in so far counts, until it was silent for a while.
    upload = f"{STORED}/{place.account.space}/big/_uploads"
    warehouse.run(["sh", "-c", f"find {upload} -exec touch -d '-3 minutes' {{}} +"])
    assert push(place, f"{place.account.space}/small")[0] == 0


def test_a_full_space_says_so_and_pulls_go_on(fresh, settings):
    assert push(fresh, f"{fresh.account.space}/first")[0] == 0
    settings.WAREHOUSE_SPACE = "1m"
    code, output = push(fresh, f"{fresh.account.space}/second")
    assert code != 0
    assert "denied: Your space in the warehouse is full: " in output
    assert " of 1 MB." in output
    assert fresh.learner(f"docker rmi $(docker images -q); docker pull {POHA}")[0] == 0


def test_a_full_warehouse_says_so(fresh, settings):
    settings.WAREHOUSE_TOTAL = "1m"
    code, output = push(fresh, f"{fresh.account.space}/first")
    assert code != 0
    assert "denied: The warehouse is full. Tell your instructor." in output


def test_many_small_things_count_as_room_too(fresh, settings):
    bearer = push_token(fresh)
    settings.WAREHOUSE_SPACE = "10m"
    post = f"curl -sS -o /dev/null -w '%{{http_code}}\\n' -X POST -H 'Authorization: Bearer {bearer}'"
    answers = fresh.learner(f"for i in $(seq 150); do {post} http://warehouse:5000{uploads(fresh)}; done", timeout=60)[
        1
    ]
    assert answers.split()[0] == "202"
    assert answers.split()[-1] == "403"


def test_a_push_cut_off_half_way_leaves_nothing_and_can_be_repeated(fresh):
    bearer = push_token(fresh)
    where = begin(fresh, bearer)
    slowly = "(head -c 90000 /dev/zero; sleep 10)"
    patch = f"curl -sS -X PATCH -H 'Authorization: Bearer {bearer}' -T - '{where}'"
    fresh.learner(f'timeout 2 bash -c "{slowly} | {patch}"')
    upload = f"{STORED}/{fresh.account.space}/by-hand/_uploads"
    assert warehouse.run(["sh", "-c", f"cat {upload}/*/data | wc -c"])[1].strip() == "90000"
    assert status(fresh, bearer, f"/v2/{fresh.account.space}/by-hand/tags/list") == 404
    warehouse.run(["sh", "-c", f"find {upload} -exec touch -d '-3 minutes' {{}} +"])
    assert push(fresh, f"{fresh.account.space}/by-hand")[0] == 0
    assert warehouse.run(["ls", upload])[1] == ""


def test_a_manifest_that_points_nowhere_is_refused(fresh):
    kind = "application/vnd.docker.{}".format
    nowhere = {"size": 5, "digest": f"sha256:{'0' * 64}"}
    config = nowhere | {"mediaType": kind("container.image.v1+json")}
    layer = nowhere | {"mediaType": kind("image.rootfs.diff.tar.gzip")}
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]}
    write = ["-X PUT", f"-H 'Content-Type: {MANIFEST}'", f"-d '{json.dumps(manifest)}'"]
    path = f"/v2/{fresh.account.space}/by-hand/manifests/latest"
    assert status(fresh, push_token(fresh), path, *write) == 400
    assert status(fresh, push_token(fresh), path) == 404


# --- by hand ---


@pytest.fixture
def bearer(alices) -> str:
    """A good token, to push and to pull."""
    return push_token(alices)


def bad_ones(bearer: str) -> Iterator[tuple[str, str]]:
    stranger = keys.make()
    yield "missing", ""
    yield "no token", "abc"
    yield "signed by a stranger", changed(bearer, stranger)
    yield "signed by a stranger, with our certificate", changed(bearer, stranger, {"x5c": keys.own().x5c})
    yield "signed by a stranger, without a certificate", changed(bearer, stranger, {"kid": "x"})
    yield "changed", ".".join([bearer.split(".")[0], changed(bearer, sub="x").split(".")[1], bearer.split(".")[2]])
    yield "unsigned", jwt.encode(jwt.decode(bearer, options={"verify_signature": False}), None, algorithm="none")
    yield "expired", changed(bearer, exp=int(time.time()) - 120)
    yield "not valid yet", changed(bearer, nbf=int(time.time()) + 600)
    yield "for another service", changed(bearer, aud="docker.io")
    yield "by another issuer", changed(bearer, iss="docker.io")


def test_bad_tokens_are_worth_nothing(alices, bearer):
    read, write = "/v2/sarafa/poha/tags/list", uploads(alices)
    good = token(alices, "repository:sarafa/poha:pull")
    assert status(alices, good, read) == 200
    assert status(alices, bearer, write, "-X POST") == 202
    for kind, bad in bad_ones(good):
        assert status(alices, bad, read) == 401, kind
    for kind, bad in bad_ones(bearer):
        assert status(alices, bad, write, "-X POST") in (401, 403), kind
        assert past_the_proxy(alices, bad, write, "-X", "POST") == 401, kind  # nor need the registry rely on the door


def test_a_token_is_good_for_what_it_names_alone(alices, charlies, bearer):
    assert past_the_proxy(alices, bearer, uploads(charlies), "-X", "POST") == 401
    assert past_the_proxy(alices, bearer, "/v2/sarafa/poha/blobs/uploads/", "-X", "POST") == 401
    assert status(alices, bearer, "/v2/sarafa/poha/tags/list") == 401
    only_pull = token(alices, f"repository:{alices.account.space}/by-hand:pull,push", signed_in=False)
    assert past_the_proxy(alices, only_pull, uploads(alices), "-X", "POST") == 401


def test_a_neighbour_cannot_use_it(alices, charlies, bearer):
    assert status(alices, bearer, uploads(alices), "-X POST") == 202
    assert status(charlies, bearer, uploads(alices), "-X POST") == 403
    claims = f"-H 'X-Forwarded-For: {alices.spec.address}'"
    assert status(charlies, bearer, uploads(alices), "-X POST", claims) == 403


def test_a_neighbour_cannot_use_a_password_that_was_let_out(alices, charlies):
    sign_in = f"curl -sS -o /dev/null -w '%{{http_code}}' -u {alices.account.space}:{alices.account.password}"
    assert alices.learner(f"{sign_in} http://warehouse:5000/token")[1] == "200"
    assert charlies.learner(f"{sign_in} http://warehouse:5000/token")[1] == "401"


def test_nothing_is_deleted_and_nobody_is_told_what_there_is(alices, bearer):
    wanted = "registry:catalog:*&scope=repository:sarafa/poha:pull,delete,*"
    greedy = token(alices, wanted)
    assert status(alices, greedy, "/v2/_catalog") == 401
    assert status(alices, greedy, "/v2/sarafa/poha/manifests/latest", "-X DELETE") in (401, 403)
    own = f"/v2/{alices.account.space}/poha/manifests/latest"
    assert status(alices, bearer, own, "-X DELETE") in (401, 403)


def test_odd_paths_lead_nowhere(alices, charlies, bearer):
    theirs, mine = charlies.account.space, alices.account.space
    for path in (
        f"/v2/{mine}/../{theirs}/x/blobs/uploads/", f"/v2/{mine}/..%2f{theirs}/x/blobs/uploads/",
        f"/v2//{theirs}/x/blobs/uploads/", f"/v2/%2e%2e/{theirs}/x/blobs/uploads/", f"//v2/{theirs}/x/blobs/uploads/",
        f"/write?/v2/{theirs}/x/blobs/uploads/", "/write", "/door.sock", "/token/../write",
    ):  # fmt: skip
        assert status(alices, bearer, path, "--path-as-is", "-X POST", "-L") in (301, 400, 401, 403, 404, 405), path
    assert theirs not in warehouse.spaces() or "x" not in warehouse.run(["ls", f"{STORED}/{theirs}"])[1].split()


def test_neither_passwords_nor_tokens_are_in_any_log(fresh):
    bearer = push_token(fresh)
    began = time.time_ns()
    login = "echo $WAREHOUSE_PASSWORD | docker login --username $LEARNER --password-stdin warehouse:5000"
    assert fresh.learner(f"bash -lc '{login}'")[0] == 0
    assert push(fresh, f"{fresh.account.space}/poha")[0] == 0
    status(fresh, bearer, uploads(fresh), "-X POST")
    status(fresh, bearer + "x", "/v2/sarafa/poha/tags/list")
    lines = [line for _, line in [*warehouse.log(began - 10**9), *engine.log_since(fresh.container)]]
    assert any("/auth" in line for line in lines) and any("by-hand" in line for line in lines)
    secret = accounts.of_trial(fresh.spec.address).password
    assert [line for line in lines if secret in line or bearer.split(".")[1] in line or "x5c" in line] == []
