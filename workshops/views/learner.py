"""What a learner does in a workshop: the buttons on their own pages, as JSON."""

from django.http import Http404, HttpRequest, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from workshops.access import signed_in, taking_part
from workshops.models import Watch


@require_POST
@signed_in
def hand(request: HttpRequest, code: str) -> JsonResponse:
    """Raise the learner's hand, or, with `up` other than "yes", lower it."""
    participant = taking_part(request, code)
    if request.POST.get("up") == "yes":
        if not participant.workshop.is_open:
            return JsonResponse({"error": _("The workshop is not open.")}, status=409)
        participant.raise_hand(timezone.now())
    else:
        participant.lower_hand()
    participant.refresh_from_db()
    return JsonResponse({"place": participant.place()})


@require_POST
@signed_in
def keyboard(request: HttpRequest, code: str, watch: int) -> JsonResponse:
    """Answer an instructor who asks for the keyboard, or take it back: `action` is grant, or anything else."""
    found = Watch.objects.over(taking_part(request, code).learner_id).filter(pk=watch).first()
    if not found:
        raise Http404(_("Nobody of that name watches you."))
    if request.POST.get("action") == "grant":
        found.grant()
    else:
        found.give_back()
    found.refresh_from_db()
    return JsonResponse({"keyboard": found.keyboard})


@require_POST
@signed_in
def read_notes(request: HttpRequest, code: str) -> JsonResponse:
    """Note that the learner has read the notes that `ids` names, with commas."""
    participant = taking_part(request, code)
    ids = [int(one) for one in request.POST.get("ids", "").split(",") if one.isdecimal() and len(one) < 10]
    read = participant.notes.filter(pk__in=ids, read_at=None).update(read_at=timezone.now())
    participant.publish()
    return JsonResponse({"read": read})
