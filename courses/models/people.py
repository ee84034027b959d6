"""People who sign in."""

import secrets
from typing import TYPE_CHECKING, ClassVar

from django.contrib.auth.models import AbstractUser
from django.contrib.auth.models import UserManager as DjangoUserManager
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from courses.models.progress import Enrollment


class UserManager(DjangoUserManager["User"]):
    def create_guest(self, name: str = "") -> "User":
        """Make a learner who gave at most a name, and who comes back by session alone."""
        return self.create_user(username=f"guest-{secrets.token_hex(16)}", password=None, name=name, is_guest=True)


class User(AbstractUser):
    """Anybody who signs in: a guest who learns, a learner with a password, an instructor."""

    name = models.CharField(_("name"), max_length=80, blank=True)
    is_guest = models.BooleanField(_("guest"), default=False)

    objects: ClassVar[UserManager] = UserManager()

    @property
    def display_name(self) -> str:
        return self.name or (gettext("Guest") if self.is_guest else self.get_username())

    def rename(self, name: str) -> None:
        self.name = name
        self.save(update_fields=["name"])

    def enroll(self, course: str) -> "Enrollment":
        """Return this learner's enrolment, made if there was none; two requests at once share it."""
        enrollment, _made = self.enrollments.get_or_create(course=course)
        return enrollment
