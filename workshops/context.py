"""What pages outside of the workshops show of them. Lazy: a page that does not show it asks nothing."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from workshops.models import Participant, Workshop


@dataclass(frozen=True)
class Classroom:
    """The workshop that a lesson's reader learns in, or teaches."""

    joined: Workshop | None
    taught: Workshop | None


def classroom(request: HttpRequest) -> dict[str, object]:
    return {"classroom": SimpleLazyObject(lambda: classroom_of(request))}


def classroom_of(request: HttpRequest) -> Classroom | None:
    user = request.user
    participant = Participant.objects.of(user).in_class(timezone.now()) if user.is_authenticated else None
    joined = participant.workshop if participant else None
    taught = None
    if user.is_authenticated and user.is_staff and not joined:
        # Not all that an administrator may see: those in whose front they stand.
        taught = (
            Workshop.objects.open().filter(instructors=user).select_related("showing").order_by("-opened_at").first()
        )
    return Classroom(joined, taught) if joined or taught else None
