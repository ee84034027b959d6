"""Where websockets go."""

from channels.security.websocket import WebsocketDenier
from django.urls import path, re_path

from sandbox.consumers import EventsConsumer, TerminalConsumer

websocket_urlpatterns = [
    path("ws/sandbox/<slug:code>/events/", EventsConsumer.as_asgi()),
    re_path(r"^ws/sandbox/(?P<code>[\w-]+)/terminal/(?P<name>[a-z0-9-]{1,30})/$", TerminalConsumer.as_asgi()),
    re_path("", WebsocketDenier.as_asgi()),  # there is no other; without this, asking for one is an error of ours
]
