"""Where the websockets of sandboxes go."""

from django.urls import path, re_path

from sandbox.consumers import TerminalConsumer
from sandbox.event_consumer import EventsConsumer

websocket_urlpatterns = [
    path("ws/sandbox/<slug:code>/events/", EventsConsumer.as_asgi()),
    re_path(r"^ws/sandbox/(?P<code>[\w-]+)/terminal/(?P<name>[a-z0-9-]{1,30})/$", TerminalConsumer.as_asgi()),
]
