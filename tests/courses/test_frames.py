"""What a page is to everybody is kept; what it is to one reader never reaches another."""

import re

import pytest
from django.test import Client

from courses.frames import Mark
from courses.models import User

LESSON = "/courses/sarafa-bazaar/day-2/"
PAGES = [LESSON, "/courses/sarafa-bazaar/", "/join/"]


def page_of(client, user, path):
    if user:
        client.force_login(user)
    return client.get(path).content.decode()


@pytest.mark.parametrize("path", PAGES)
def test_nothing_of_one_reader_is_on_the_page_of_the_next(client, db, path):
    asha, bela = User.objects.create_guest("Asha"), User.objects.create_guest("Bela")
    first, second = page_of(Client(), asha, path), page_of(Client(), bela, path)
    nobodys = page_of(client, None, path)
    assert ("Asha" in first, "Bela" in first) == (True, False)
    assert ("Asha" in second, "Bela" in second) == (False, True)
    assert ("Asha" in nobodys, "Bela" in nobodys, "Sign out" in nobodys) == (False, False, False)
    tokens = [set(re.findall(r'csrfmiddlewaretoken" value="([^"]+)"', page)) for page in (first, second, nobodys)]
    assert all(tokens)
    assert len(set.union(*tokens)) == sum(map(len, tokens))


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "".join(Mark), '" onclick=alert'])
def test_a_name_is_only_a_name(client, db, path, name):
    page = page_of(client, User.objects.create_guest(name), path)
    assert "<script>alert" not in page
    assert '" onclick=alert' not in page
    assert set(page) & set(Mark) == set(name) & set(Mark)
    assert re.search(r'csrfmiddlewaretoken" value="\w{64}"', page)


@pytest.mark.parametrize("path", PAGES)
def test_no_mark_is_left_on_a_page(client, db, path):
    for user in (None, User.objects.create_guest("Asha"), User.objects.create_superuser("chief")):
        assert not set(page_of(client, user, path)) & set(Mark)


@pytest.mark.parametrize("path", PAGES)
def test_the_language_switch_comes_back_to_the_very_address(client, db, path):
    page = page_of(client, None, f'{path}?from="><b>')
    assert f'name="next" value="{path}?from=%22%3E%3Cb%3E"' in page


def test_a_lesson_page_follows_what_its_reader_becomes(client, db):
    guest = User.objects.create_guest("Asha")
    assert "Make an account" in page_of(client, guest, LESSON)
    User.objects.filter(pk=guest.pk).update(is_guest=False, is_staff=True)
    page = client.get(LESSON).content.decode()
    assert "Make an account" not in page
    assert "/admin/" in page


def test_what_is_rendered_is_kept_unless_one_works_on_it(settings):
    from courses.frames import keep

    made = []
    settings.DEBUG = False
    kept = keep(1)(lambda name: made.append(name))
    settings.DEBUG = True
    afresh = keep(1)(lambda name: made.append(name))
    for function in (kept, kept, afresh, afresh):
        function("page")
    assert len(made) == 3
