"""Who a websocket's learner is: whoever the page that opened it is signed in as."""

from importlib import import_module
from typing import Any

from channels.auth import get_user
from django.conf import settings

from config import logs


class SignedIn:
    """Set the scope's `user` once. Stands inside channels' CookieMiddleware.

    Channels' own AuthMiddlewareStack would also look, at every frame that is sent, whether the session has changed;
    ours never changes it.
    """

    def __init__(self, application: Any) -> None:
        self.application = application
        self.store = import_module(settings.SESSION_ENGINE).SessionStore

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        session = self.store(scope["cookies"].get(settings.SESSION_COOKIE_NAME))
        user = await get_user({"session": session})
        logs.note(user=user.pk)
        scope = scope | {"user": user}
        return await self.application(scope, receive, send)
