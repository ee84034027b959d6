"""What the web server serves: pages by Django, websockets by Channels."""

import gc
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import WebsocketDenier  # noqa: E402
from channels.sessions import CookieMiddleware  # noqa: E402
from django.conf import settings  # noqa: E402
from django.urls import re_path  # noqa: E402

from config import logs  # noqa: E402
from config.cookies import Unambiguous  # noqa: E402
from config.languages import PageLanguage  # noqa: E402
from config.origin import SameOrigin  # noqa: E402
from config.pages import Pages  # noqa: E402
from config.parts import Part  # noqa: E402
from config.signed_in import SignedIn  # noqa: E402
from config.tracing import Traced  # noqa: E402
from config.uploads import Bounded  # noqa: E402
from sandbox import routing as of_sandboxes  # noqa: E402
from workshops import routing as of_workshops  # noqa: E402

websocket_urlpatterns = [
    *of_sandboxes.websocket_urlpatterns,
    *of_workshops.websocket_urlpatterns,
    re_path("", WebsocketDenier.as_asgi()),  # there is no other; without this, asking for one is an error of ours
]

protocols = ProtocolTypeRouter(
    {
        "http": Bounded(Pages()),
        "websocket": SameOrigin(CookieMiddleware(SignedIn(PageLanguage(URLRouter(websocket_urlpatterns))))),
    }
)
application = Traced(Part(Unambiguous(protocols), settings.SERVES))
logs.begin("stream" if settings.SERVES == "sandboxes" else "web")

# While all garbage is collected, everybody waits: with a class of a hundred, for a quarter of a second every twenty.
# What is there now stays, and need not be looked at; and what lives for seconds is looked at once more before it counts
# as old.
gc.collect()
gc.freeze()
gc.set_threshold(700, 50, 10)
