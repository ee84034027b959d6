"""What an instructor does for learners: the buttons of the console, as JSON. Each leaves a line in the audit log."""

from collections.abc import Callable

from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from courses.forms import NameForm
from courses.models import AuditEntry
from sandbox import admission, tasks
from sandbox.admission import FullHouse
from sandbox.models import Sandbox, State
from workshops import events
from workshops.access import staff_only, taught, taught_participant, user_of
from workshops.models import Keyboard, Note, Participant, Watch, Workshop
from workshops.plan import columns

Action = AuditEntry.Action


def refused(text: str, status: int = 400) -> JsonResponse:
    return JsonResponse({"error": text}, status=status)


def chosen(request: HttpRequest, workshop: Workshop) -> list[Participant]:
    """Return the participants that the form's `to` names, "all" or ids with commas; ids of others are left out."""
    participants = workshop.participants.select_related("learner", "workshop")
    to = request.POST.get("to", "")
    if to == "all":
        return list(participants)
    return list(participants.filter(pk__in=[int(one) for one in to.split(",") if one.isdecimal() and len(one) < 10]))


@require_POST
@staff_only
def send_note(request: HttpRequest, code: str) -> JsonResponse:
    """Write `text` to the participants that `to` names, as a hint or not."""
    workshop, text = taught(request, code), request.POST.get("text", "").replace("\0", "").strip()
    to = chosen(request, workshop)
    if not text:
        return refused(_("Write something first."))
    if not to:
        return refused(_("Choose to whom."))
    sent = Note.objects.send(user_of(request), to, text, is_hint=request.POST.get("hint") == "yes")
    audit(request, Action.NOTE, to, workshop, text)
    return JsonResponse({"sent": sent})


@require_POST
@staff_only
def change_sandboxes(request: HttpRequest, code: str) -> JsonResponse:
    """Do `action` to the sandboxes of those that `to` names; return how many were `done`, and what was `refused`."""
    workshop, action = taught(request, code), request.POST.get("action", "")
    if action not in SANDBOX_ACTIONS:
        return refused(_("There is no such action."))
    done, failed = [], []
    for participant in chosen(request, workshop):
        try:
            error = SANDBOX_ACTIONS[action](participant)
        except FullHouse as exc:
            error = str(exc)
        if error:
            failed.append({"id": participant.pk, "name": str(participant), "error": error})
        else:
            done.append(participant)
    audit(request, Action.SANDBOX, done, workshop, action)
    return JsonResponse({"done": len(done), "refused": failed})


def start(participant: Participant) -> str:
    admission.open_for(participant.learner)
    return ""


def stop(participant: Participant) -> str:
    participant.stop_sandbox()
    return ""


def extend(participant: Participant) -> str:
    sandbox = participant.sandbox()
    extended = sandbox and sandbox.extend(timezone.now())
    return "" if extended else _("Only a running sandbox can be extended.")


def reset(participant: Participant) -> str:
    """Give the learner a new, clean sandbox."""
    return replace(participant, keep_home=False)


def restart(participant: Participant) -> str:
    """Give the learner a new sandbox with their files in it."""
    return replace(participant, keep_home=True)


def replace(participant: Participant, keep_home: bool) -> str:
    sandbox = participant.sandbox()
    if not sandbox:
        return start(participant)
    made = admission.replace(sandbox, keep_home)
    return _("The one before is still being removed. Try again in a moment.") if made.pk == sandbox.pk else ""


SANDBOX_ACTIONS: dict[str, Callable[[Participant], str]] = {
    "start": start,
    "stop": stop,
    "extend": extend,
    "reset": reset,
    "restart": restart,
}


@require_POST
@staff_only
def mark_done(request: HttpRequest, code: str, participant: int) -> JsonResponse:
    """Mark a task of the workshop's as done; the learner's page ticks it."""
    one = taught_participant(request, code, participant)
    key = request.POST.get("task", "")
    found = next((column for column in columns(one.workshop, get_language() or "en") if column.key == key), None)
    if not found:
        return refused(_("There is no such task in this workshop."), 404)
    one.learner.enroll(one.workshop.course).complete(found.lesson, found.task)
    audit(request, Action.MARK, [one], one.workshop, key)
    one.publish()
    for sandbox in Sandbox.objects.of(one.learner).filter(state=State.RUNNING):
        tasks.order(tasks.check_tasks, sandbox.pk, one.workshop.language)
    return JsonResponse({})


@require_POST
@staff_only
def rename(request: HttpRequest, code: str, participant: int) -> JsonResponse:
    one, form = taught_participant(request, code, participant), NameForm(request.POST)
    if not form.is_valid():
        return refused(" ".join(str(error) for error in form.errors["name"]))
    if not one.learner.is_guest:
        return refused(_("Who has an account chooses their own name."), 409)
    audit(request, Action.RENAME, [one], one.workshop, f"{one} → {form.cleaned_data['name']}")
    one.learner.rename(form.cleaned_data["name"])
    one.workshop.certificates.filter(learner=one.learner).update(name=str(one))
    one.publish()
    return JsonResponse({"name": str(one)})


@require_POST
@staff_only
def remove(request: HttpRequest, code: str, participant: int) -> JsonResponse:
    """Take somebody out of the workshop: their sandbox is stopped, their progress stays theirs."""
    one = taught_participant(request, code, participant)
    audit(request, Action.REMOVE, [one], one.workshop)
    one.stop_sandbox()
    one.delete()
    one.publish()
    events.publish_workshop(code)
    return JsonResponse({})


@require_POST
@staff_only
def lower_hand(request: HttpRequest, code: str, participant: int) -> JsonResponse:
    taught_participant(request, code, participant).lower_hand()
    return JsonResponse({})


@require_POST
@staff_only
def keyboard(request: HttpRequest, code: str, participant: int) -> JsonResponse:
    """Ask the learner for the keyboard, or give it back; the watching socket says what has come of it."""
    one = taught_participant(request, code, participant)
    watch = Watch.objects.present(timezone.now()).filter(participant=one, instructor=user_of(request)).first()
    if not watch:
        return refused(_("You do not watch this terminal."), 409)
    if request.POST.get("action") == "ask":
        watch.ask()
    else:
        watch.give_back()
    watch.refresh_from_db()
    return JsonResponse({"keyboard": watch.keyboard, "granted": watch.keyboard == Keyboard.GRANTED})


@require_POST
@staff_only
def show(request: HttpRequest, code: str) -> JsonResponse:
    """Show the class one's own sandbox, or, with `on` other than "yes", no longer. One instructor at a time shows."""
    workshop, user = taught(request, code), user_of(request)
    if request.POST.get("on") == "yes":
        if not Sandbox.objects.of(user).filter(state=State.RUNNING).exists():
            return refused(_("Your own sandbox is not running. Open a lesson to start it."), 409)
        workshop.show(user)
        audit(request, Action.SHOW, [], workshop)
    else:
        workshop.show(None)
    return JsonResponse({"showing": str(workshop.showing.display_name) if workshop.showing else None})


def audit(request: HttpRequest, action: Action, to: list[Participant], workshop: Workshop, detail: str = "") -> None:
    """Keep what was done: with the learner's name if it was one, else with the number of them."""
    learner = to[0].learner if len(to) == 1 else None
    if len(to) > 1:
        many = ngettext("%(count)d learner", "%(count)d learners", len(to)) % {"count": len(to)}
        detail = f"{many}: {detail}"
    if to or action == Action.SHOW:
        AuditEntry.objects.note(user_of(request), action, learner, workshop=workshop.code, detail=detail[:300])
