"""The first instructor: an account made at set-up, and a link that signs in to it, once."""

from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from courses.models import User

USERNAME = "instructor"
DESK = "/instructor/"  # where those who teach begin


class OneTimeToken(PasswordResetTokenGenerator):
    """Valid for settings.PASSWORD_RESET_TIMEOUT seconds, and until the next sign-in: it is made from the last one."""

    key_salt = "courses.instructors.OneTimeToken"


tokens = OneTimeToken()


def first_instructor() -> User:
    """Return the account that set-up makes: it may do everything, and has no password until it is given one."""
    instructor, is_new = User.objects.get_or_create(
        username=USERNAME, defaults={"is_staff": True, "is_superuser": True, "name": "Instructor"}
    )
    if is_new:
        instructor.set_unusable_password()
        instructor.save(update_fields=["password"])
    return instructor


def link_parts(instructor: User) -> tuple[str, str]:
    """Return (who, token), the two parts of the link's path."""
    return urlsafe_base64_encode(str(instructor.pk).encode()), tokens.make_token(instructor)


def instructor_of(who: str, token: str) -> User | None:
    """Return whom the link signs in, or None if it was used, is too old, or was never ours."""
    try:
        key = int(urlsafe_base64_decode(who))
    except ValueError:
        return None
    found = User.objects.filter(pk=key, is_staff=True, is_active=True).first()
    return found if found and tokens.check_token(found, token) else None
