"""The platform's key: made once, kept for itself, and what follows from it is always the same."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.exceptions import InvalidSignature

from sandbox import keys


@pytest.fixture(autouse=True)
def elsewhere(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"


def test_it_is_kept_for_nobody_else_to_read(settings):
    first = keys.own()
    file = settings.DATA_DIR / "warehouse.pem"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in settings.DATA_DIR.iterdir()] == ["warehouse.pem"]
    keys.load.cache_clear()
    assert keys.own().certificate_pem == first.certificate_pem


def test_of_two_that_make_one_at_once_both_get_the_same():
    def load(_):
        keys.load.cache_clear()
        return keys.own().certificate_pem

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(load, range(8)))) == 1


def test_the_certificate_says_nothing_of_the_private_key():
    assert "PRIVATE" not in keys.own().certificate_pem


def test_what_follows_from_it_differs_by_purpose_text_and_key(settings, tmp_path):
    here = keys.own()
    assert here.derive("space", "1") == here.derive("space", "1")
    settings.DATA_DIR = tmp_path / "other"
    derived = {here.derive("space", "1"), here.derive("space", "2"), here.derive("password", "1")}
    assert len(derived | {keys.own().derive("space", "1")}) == 4


def test_a_file_that_is_no_such_key_is_named(settings):
    settings.DATA_DIR.mkdir()
    file = settings.DATA_DIR / "warehouse.pem"
    file.write_text("-----BEGIN NONSENSE-----\n")
    with pytest.raises(ValueError):
        keys.own()


def test_what_vouches_for_hosts_is_not_what_the_warehouse_believes(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    relay = keys.fleet().issue("bada")
    relay.certificate.verify_directly_issued_by(keys.fleet().certificate)
    with pytest.raises((ValueError, InvalidSignature)):
        relay.certificate.verify_directly_issued_by(keys.own().certificate)
