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
    # Of a learner's shells, the one that is on their page: what they do not see, nobody types.
    re_path(
        r"^ws/workshop/(?P<code>[\w-]+)/learners/(?P<participant>\d{1,9})/terminal/(?P<name>client)/$",
        WatchedTerminal.as_asgi(),
    ),
    path("ws/workshop/<slug:code>/stage/terminal/", StageTerminal.as_asgi()),
    path("ws/workshop/<slug:code>/stage/events/", StageEvents.as_asgi()),
]
