"""Where a workshop's websockets go."""

from django.urls import path, re_path

from workshops.classroom import ClassroomConsumer
from workshops.console import ConsoleConsumer
from workshops.stage import StageEvents, StageTerminal
from workshops.watching import WatchedEvents, WatchedTerminal

websocket_urlpatterns = [
    path("ws/workshop/<slug:code>/console/", ConsoleConsumer.as_asgi()),
    path("ws/workshop/<slug:code>/classroom/", ClassroomConsumer.as_asgi()),
    path("ws/workshop/<slug:code>/learners/<int:participant>/events/", WatchedEvents.as_asgi()),
    re_path(
        r"^ws/workshop/(?P<code>[\w-]+)/learners/(?P<participant>\d{1,9})/terminal/(?P<name>[a-z0-9-]{1,30})/$",
        WatchedTerminal.as_asgi(),
    ),
    path("ws/workshop/<slug:code>/stage/terminal/", StageTerminal.as_asgi()),
    path("ws/workshop/<slug:code>/stage/events/", StageEvents.as_asgi()),
]
