"""What learners stumble over: commands that the daemon refused."""

from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy

KEPT = 50  # of each learner
LONGEST = 500  # characters of an error or a command
# Of these the client passes on, by calls of its own, signals (that its window has another size is one) and that size.
PASSES_ON = {"run", "start", "attach", "exec", "compose run", "compose exec"}


class TroubleQuerySet(models.QuerySet["Trouble"]):
    def of(self, learner: Any) -> Self:
        return self.filter(learner=learner)

    def open(self) -> Self:
        """Those that the learner has not got over yet."""
        return self.filter(mended_at=None)

    def note(self, learner: Any, commands: list[dict[str, Any]]) -> bool:
        """Keep which commands failed, and which of those were done right since; return whether that is any news.

        `commands` is the fact of that name, see history.py. A command has failed if its last call was answered by an
        error: `docker run` of an image that is not there yet begins with one, and what looked like a failure between
        two of its calls is taken back. It is mended by the next command of the same name that does not fail.
        """
        known = {trouble.at: trouble for trouble in self.of(learner)}
        news = self.take_back(known, commands)
        failed = [(number, command) for number, command in enumerate(commands) if error_of(command)]
        for number, command in failed[-KEPT:]:
            at, mended = parse_datetime(command["at"]), mended_at(command, commands[number + 1 :])
            if at not in known:
                told = {"command": as_kept(command["line"]), "error": as_kept(error_of(command)), "mended_at": mended}
                _made, is_new = self.get_or_create(learner=learner, at=at, defaults=told)
                news |= is_new
            elif mended and not known[at].mended_at:
                news |= self.filter(pk=known[at].pk, mended_at=None).update(mended_at=mended) == 1
        if news:
            self.forget_old(learner)
        return news

    def take_back(self, known: dict[datetime, "Trouble"], commands: list[dict[str, Any]]) -> bool:
        """Forget those of `known` whose command went on, and not by an error. Return whether there were any."""
        went_on = [parse_datetime(command["at"]) for command in commands if not error_of(command)]
        wrong = [known[at].pk for at in went_on if at in known]
        return bool(wrong) and self.filter(pk__in=wrong).delete()[0] > 0

    def forget_old(self, learner: Any) -> None:
        for at in self.of(learner).order_by("-at").values_list("at", flat=True)[KEPT : KEPT + 1]:
            self.of(learner).filter(at__lte=at).delete()


def error_of(command: dict[str, Any]) -> str:
    """Return the daemon's last word on a command, if that is an error; a command without a name has no learner."""
    calls = [call for call in command["calls"] if not is_passed_on(call, command["name"])]
    last = calls[-1] if calls else {"status": None}
    return str(last["error"] or "") if command["line"] and last["status"] is not None else ""


def is_passed_on(call: dict[str, Any], name: str) -> bool:
    """Is it no part of the command? It may be refused since nothing runs yet, which hides what the command came to."""
    return name in PASSES_ON and str(call["path"]).endswith(("/kill", "/resize"))


def as_kept(text: str) -> str:
    """Return what the database holds of a text that a learner can have made."""
    return text.replace("\0", "")[:LONGEST]


def mended_at(command: dict[str, Any], later: list[dict[str, Any]]) -> datetime | None:
    for other in later:
        is_answered = all(call["status"] is not None for call in other["calls"])
        if other["name"] == command["name"] and is_answered and not error_of(other):
            return parse_datetime(other["at"])
    return None


class Trouble(models.Model):
    """A command of a learner's that the daemon refused."""

    learner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="troubles",
        verbose_name=gettext_lazy("learner"),
    )
    at = models.DateTimeField(gettext_lazy("at"))  # of the command, to the microsecond: it tells one from another
    command = models.CharField(gettext_lazy("command"), max_length=LONGEST)
    error = models.CharField(gettext_lazy("error"), max_length=LONGEST)
    mended_at = models.DateTimeField(gettext_lazy("done right at"), null=True)

    objects = TroubleQuerySet.as_manager()

    class Meta:
        verbose_name = gettext_lazy("trouble")
        verbose_name_plural = gettext_lazy("troubles")
        ordering = ["-at"]
        constraints = [models.UniqueConstraint(fields=["learner", "at"], name="one_trouble_per_command")]

    def __str__(self) -> str:
        return self.error
