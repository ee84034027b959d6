"""Sessions in the database, whose trouble is not taken for the end of a session."""

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import UpdateError
from django.db import Error as DatabaseError

from config.trouble import passes


class SessionStore(db.SessionStore):
    def save(self, must_create: bool = False) -> None:
        """Raise what the database said if that passes. Django's own says that the session was deleted, with 400."""
        try:
            super().save(must_create)
        except UpdateError as error:
            if isinstance(error.__context__, DatabaseError) and passes(error.__context__):
                raise error.__context__ from None
            raise
