"""The editor's files, in a real sandbox: read, written, and refused with a reason."""

import json

import pytest
from django.utils import timezone

from sandbox.models import Sandbox, State

pytestmark = pytest.mark.django_db


@pytest.fixture
def row(alices, alice):
    """Alice's sandbox, her home as empty as on the first day."""
    alices.learner("find ~ -mindepth 1 -delete")
    return Sandbox.objects.create(
        learner=alice, state=State.RUNNING, container_id=alices.container_id, started_at=timezone.now(),
        pk=alices.spec.owner_uid - 1_000_000,
    )  # fmt: skip


@pytest.fixture
def editor(row, client, alice):
    """Alice's editor: get(path), put(path, text, version), each (status, what came)."""
    client.force_login(alice)

    class Editor:
        def get(self, path: str) -> tuple[int, dict]:
            answer = client.get(f"/sandbox/{row.code}/file/", {"path": path})
            return answer.status_code, answer.json()

        def put(self, path: str, text: object, version: object = "-") -> tuple[int, dict]:
            return self.send(path, json.dumps({"text": text, "version": version}))

        def send(self, path: str, body: str | bytes) -> tuple[int, dict]:
            answer = client.put(
                f"/sandbox/{row.code}/file/", body, content_type="application/json", query_params={"path": path}
            )
            return answer.status_code, answer.json()

        def folder(self, folder: str = "") -> tuple[int, dict]:
            answer = client.get(f"/sandbox/{row.code}/files/", {"folder": folder})
            return answer.status_code, answer.json()

    return Editor()


def test_what_is_written_is_there_and_is_read(editor, alices):
    text = "FROM warehouse:5000/sarafa/poha\nCMD echo 'शुभ'\r\n"
    status, made = editor.put("dish/Dockerfile", text)
    assert status == 200
    assert alices.learner("cat dish/Dockerfile")[1] == text
    status, read = editor.get("dish/Dockerfile")
    assert (status, read["text"], read["version"]) == (200, text, made["version"])
    status, _ = editor.put("dish/Dockerfile", "FROM scratch\n", made["version"])
    assert status == 200
    assert alices.learner("cat dish/Dockerfile; ls -A dish")[1] == "FROM scratch\nDockerfile\n"


def test_a_file_that_changed_underneath_is_not_overwritten(editor, alices):
    _, made = editor.put("menu", "poha\n")
    alices.learner("echo jalebi > menu")
    status, said = editor.put("menu", "garadu\n", made["version"])
    assert status == 409
    assert "changed by something else" in said["error"]
    assert alices.learner("cat menu; ls -A")[1] == "jalebi\nmenu\n"


def test_neither_is_one_that_has_come_or_gone(editor, alices):
    alices.learner("echo jalebi > menu")
    assert editor.put("menu", "garadu\n")[0] == 409
    _, made = editor.get("menu")
    alices.learner("rm menu")
    assert editor.put("menu", "garadu\n", made["version"])[0] == 409


def test_the_mode_of_a_file_stays_and_a_link_stays_a_link(editor, alices):
    alices.learner("printf 'echo hi\n' > real.sh; chmod 750 real.sh; ln -s real.sh run")
    _, read = editor.get("run")
    assert editor.put("run", "echo bye\n", read["version"])[0] == 200
    assert alices.learner("stat -c %a real.sh; readlink run; ./real.sh")[1] == "750\nreal.sh\nbye\n"


def test_a_folder_is_listed(editor, alices):
    alices.learner("mkdir 'a dir' -p; echo 12345 > 'b file'; mkfifo pipe; touch $'odd\\nname' .hidden")
    status, listed = editor.folder()
    assert status == 200
    assert listed["entries"] == [
        {"name": "a dir", "folder": True, "size": listed["entries"][0]["size"]},
        {"name": ".hidden", "folder": False, "size": 0},
        {"name": "b file", "folder": False, "size": 6},
        {"name": "odd\nname", "folder": False, "size": 0},
    ]
    assert editor.folder("a dir") == (200, {"entries": []})
    assert editor.folder("none")[0] == 404


@pytest.mark.parametrize(
    "path", ["", "../x", "/etc/passwd", "a/../../x", "a//b", "./a", "x/", "a\nb", "a\0b", "x" * 256]
)
def test_a_path_that_leaves_the_home_is_refused(editor, path):
    for status, said in (editor.get(path), editor.put(path, "x")):
        assert status == 400
        assert said["error"]


def test_a_link_out_of_the_home_leads_no_further_than_a_terminal(editor, alices):
    alices.learner("ln -s /etc/shadow shadow; ln -s /etc/hostname name")
    assert editor.get("shadow")[0] == 503
    assert editor.get("name")[1]["text"] == "sarafa\n"
    _, read = editor.get("name")
    status, said = editor.put("name", "mine\n", read["version"])
    assert (status, said["error"]) == (
        400,
        "name could not be written. Is the disk full, or the folder somebody else's?",
    )


def test_what_is_too_large_or_no_text_is_refused(editor, alices):
    alices.learner(
        "head -c 300000 /dev/zero | tr '\\0' x > large; head -c 100 /dev/urandom > noise; printf 'a\\0b' > zero"
    )
    assert editor.get("large")[0] == 413
    assert editor.get("noise")[0] == editor.get("zero")[0] == 415
    assert editor.put("new", "x" * 300_000)[0] == 413
    assert editor.put("new", "a\0b")[0] == 415
    assert editor.get("none")[0] == 404
    assert editor.get("new")[0] == 404


@pytest.mark.parametrize(
    "body",
    [
        "", "[]", "{}", b"\xff", '{"text": 5, "version": "-"}', '{"text": "x", "version": "y"}',
        '{"text": "\\ud800", "version": "-"}', '{"text": "x", "version": null}',
    ],
)  # fmt: skip
def test_what_is_no_message_is_refused(editor, body):
    status, said = editor.send("menu", body)
    assert (status, said["error"]) == (400, "That message was not understood.")


def test_a_full_disk_is_said_and_loses_nothing(editor, alices):
    _, made = editor.put("menu", "poha\n")
    alices.learner("head -c 500M /dev/zero > big", timeout=60)
    try:
        status, said = editor.put("menu", "jalebi\n" * 10_000, made["version"])
        assert (status, "disk full" in said["error"]) == (400, True)
        assert alices.learner("cat menu")[1] == "poha\n"
    finally:
        alices.learner("rm big")


def test_a_save_while_the_sandbox_ends_says_so(editor, row):
    Sandbox.objects.update(state=State.STOPPING)
    status, said = editor.put("menu", "poha\n")
    assert status == 409
    assert "kept in this page" in said["error"]


def test_a_sandbox_that_is_gone_says_so(editor, row):
    Sandbox.objects.update(container_id="f" * 64)
    assert editor.put("menu", "poha\n")[0] == 503


def test_nobody_else_reads_or_writes(row, client, charlie):
    address = f"/sandbox/{row.code}/file/?path=menu"
    assert client.get(address).status_code == 401
    client.force_login(charlie)
    assert client.get(address).status_code == 404
    assert client.put(address, "{}", content_type="application/json").status_code == 404
