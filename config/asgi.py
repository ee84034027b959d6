"""What the web server serves: pages by Django, websockets by Channels."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django_application = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.sessions import CookieMiddleware  # noqa: E402

from config.cookies import Unambiguous  # noqa: E402
from config.languages import PageLanguage  # noqa: E402
from config.origin import SameOrigin  # noqa: E402
from config.signed_in import SignedIn  # noqa: E402
from sandbox.routing import websocket_urlpatterns  # noqa: E402

application = Unambiguous(
    ProtocolTypeRouter(
        {
            "http": django_application,
            "websocket": SameOrigin(CookieMiddleware(SignedIn(PageLanguage(URLRouter(websocket_urlpatterns))))),
        }
    )
)
