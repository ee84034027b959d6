"""What axe-core finds on a page that shuts people out. The page needs a context with `bypass_csp`."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page


def violations(page: Page) -> list[str]:
    """Return the serious and critical ones, each with the first place where it is."""
    found = Axe().run(page).response["violations"]
    grave = [one for one in found if one["impact"] in ("serious", "critical")]
    return [f"{one['id']}: {one['help']} ({one['nodes'][0]['html'][:160]})" for one in grave]
