"""The admin panel in our colours: fit for all to use, and within the policy."""

import pytest
from axe_playwright_python.sync_playwright import Axe

PAGES = [
    "/admin/",
    "/admin/sandbox/sandbox/",
    "/admin/courses/auditentry/",
    "/admin/courses/user/1/change/",
    "/admin/host/",
]
DJANGOS_OWN = {"label", "label-title-only", "aria-input-field-name"}  # of its markup, not of our styles


@pytest.fixture(scope="module")
def administrator(arrive_to_stay, platform):
    platform.shell(
        "from courses.models import User; User.objects.create_superuser('chief', password='may do everything')"
    )

    def sign_in(**options):
        somebody = arrive_to_stay(**options)
        somebody.page.goto(f"{platform.url}/admin/")
        somebody.page.locator("[name=username]").fill("chief")
        somebody.page.locator("[name=password]").fill("may do everything")
        somebody.page.locator("[name=password]").press("Enter")
        somebody.page.wait_for_url("**/admin/")
        return somebody.page

    return sign_in


@pytest.mark.parametrize(("width", "theme"), [(1280, "dark"), (390, "light")])
def test_the_panel_shuts_nobody_out(administrator, platform, width, theme):
    page = administrator(viewport={"width": width, "height": 844}, color_scheme=theme, bypass_csp=True)
    for path in PAGES:
        page.goto(platform.url + path)
        found = [one for one in Axe().run(page).response["violations"] if one["impact"] in ("serious", "critical")]
        assert {one["id"] for one in found} <= DJANGOS_OWN, path
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width, path


def test_the_policy_is_kept(administrator, platform):
    page = administrator()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    for path in PAGES:
        page.goto(platform.url + path)
    assert said == []
