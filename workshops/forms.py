"""What an instructor fills in to make a workshop, or to change one."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.forms.boundfield import BoundWidget
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from courses.catalogue import Course
from courses.models import User
from sandbox.models import Host
from workshops.models import State, Workshop
from workshops.plan import open_days, shown_courses

LENGTH = timedelta(hours=3)
LONGEST = timedelta(days=31)
PLACES = 40
DAY_CHOSEN = 2
MOMENT = "%Y-%m-%dT%H:%M"  # what a datetime-local has, and takes


class MomentInput(forms.DateTimeInput):
    """A time without a zone, in the zone that the form's `zone` names. A script brings it into the browser's."""

    input_type = "datetime-local"


class WorkshopForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable when it runs
    """Times are in the zone that the browser names, or in UTC. Days are "<course>/<lesson>"."""

    zone = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
    course = forms.ChoiceField(label=gettext_lazy("Course"))
    days = forms.MultipleChoiceField(
        label=gettext_lazy("Days"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one day.")},
    )
    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=settings.LANGUAGES)
    starts_at = forms.CharField(label=gettext_lazy("Begins"), max_length=30, widget=MomentInput)
    ends_at = forms.CharField(label=gettext_lazy("Ends"), max_length=30, widget=MomentInput)
    others = forms.CharField(
        label=gettext_lazy("Other instructors"),
        help_text=gettext_lazy("Their usernames, with commas. They may do what you may."),
        required=False,
        max_length=500,
    )

    class Meta:
        model = Workshop
        fields = (
            "title", "course", "days", "language", "starts_at", "ends_at", "capacity",
            "guests_allowed", "progress_shared", "names_on_wall", "keep_days",
        )  # fmt: skip

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.courses = shown_courses()
        field = self.fields
        field["title"].widget.attrs["autofocus"] = self.instance.pk is None
        field["course"].choices = [(one.slug, one.title) for one in self.courses]  # type: ignore[attr-defined]
        field["days"].choices = [  # type: ignore[attr-defined]
            (f"{one.slug}/{day.slug}", _("Day %(number)s: %(title)s") % {"number": day.number, "title": day.title})
            for one in self.courses
            for day in open_days(one)
        ]
        field["capacity"].validators.append(MinValueValidator(1))
        field["keep_days"].validators.append(MaxValueValidator(3650))
        self.initial.update(initial_of(self.instance, user) if self.instance.pk else defaults(self.courses))

    @property
    def zone_name(self) -> str:
        """The zone in which the form's times are to be read: of a new form UTC, until a script changes that."""
        return str(self["zone"].value() or "UTC")

    @property
    def days_by_course(self) -> list[tuple[Course, list[BoundWidget]]]:
        boxes = list(self["days"])
        return [(one, [box for box in boxes if box.data["value"].startswith(f"{one.slug}/")]) for one in self.courses]

    def clean_title(self) -> str:
        return " ".join(str(self.cleaned_data["title"]).split())

    def clean_zone(self) -> ZoneInfo:
        try:
            return ZoneInfo(self.cleaned_data["zone"] or "UTC")
        except (ValueError, OSError, LookupError):
            raise forms.ValidationError(_("This time zone is not known here.")) from None

    def clean_days(self) -> list[str]:
        """Return the slugs of the days, in the order of their course."""
        course, chosen = self.data.get("course", ""), set(self.cleaned_data["days"])
        days = [day.slug for one in self.courses if one.slug == course for day in open_days(one)]
        kept = [day for day in days if f"{course}/{day}" in chosen]
        if not kept:
            raise forms.ValidationError(_("Choose at least one day of this course."))
        return kept

    def clean_others(self) -> list[User]:
        names = {name.strip() for name in self.cleaned_data["others"].split(",") if name.strip()}
        found = User.objects.filter(username__in=names, is_staff=True, is_active=True)
        unknown = names - {user.username for user in found}
        if unknown:
            raise forms.ValidationError(
                _("There is no instructor of this username: %(names)s.") % {"names": ", ".join(sorted(unknown))}
            )
        return list(found)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        zone = given.get("zone") or ZoneInfo("UTC")
        for name in ("starts_at", "ends_at"):
            if name in given:
                self.read_moment(name, zone)
        if {"starts_at", "ends_at"} <= given.keys():
            self.check_times(given["starts_at"], given["ends_at"])
        if {"starts_at", "ends_at", "capacity"} <= given.keys():
            self.check_room(given["starts_at"], given["ends_at"], given["capacity"])
        if self.instance.pk and given.get("course", self.instance.course) != self.instance.course:
            self.check_course()
        return given

    def read_moment(self, name: str, zone: ZoneInfo) -> None:
        try:
            moment = datetime.strptime(self.cleaned_data[name][:16], MOMENT).replace(tzinfo=zone)
            self.cleaned_data[name] = moment.astimezone(UTC)
        except (ValueError, OverflowError):
            self.add_error(name, _("Write a date and a time, such as 2026-11-24T18:00."))

    def check_times(self, starts_at: datetime, ends_at: datetime) -> None:
        if ends_at <= starts_at:
            self.add_error("ends_at", _("A workshop ends after it has begun."))
        elif ends_at - starts_at > LONGEST:
            self.add_error("ends_at", _("A workshop lasts a month at most."))
        elif not self.instance.pk and ends_at <= timezone.now():
            self.add_error("ends_at", _("That is over already."))

    def check_room(self, starts_at: datetime, ends_at: datetime, places: int) -> None:
        """Refuse more places than the machine has sandboxes for, and fewer than are taken."""
        if self.instance.pk and places < self.instance.participants.count():
            taken = self.instance.participants.count()
            self.add_error("capacity", _("%(taken)d take part already. Remove somebody first.") % {"taken": taken})
        asked = Workshop(pk=self.instance.pk, starts_at=starts_at, ends_at=ends_at, capacity=places)
        if self.instance.state != State.CLOSED and not asked.has_room():
            self.add_error("capacity", shortage(asked))

    def check_course(self) -> None:
        if self.instance.participants.exists():
            self.add_error("course", _("People take part already. Make another workshop for another course."))

    def save(self, commit: bool = True) -> Workshop:
        """Save what the form is about, and nothing else of the workshop."""
        if self.instance.closed_at:
            self.instance.delete_at = self.instance.closed_at + timedelta(days=self.cleaned_data["keep_days"])
        workshop: Workshop = self.instance
        if workshop.pk:  # its state may have been changed meanwhile
            workshop.save(update_fields=[*self.Meta.fields, "delete_at"])
        else:
            workshop.save()
        instructors = set(self.cleaned_data["others"])
        is_mine = "instructors" not in self.initial or self.user.pk in self.initial["instructors"]
        workshop.instructors.set(instructors | ({self.user} if is_mine or not instructors else set()))
        return workshop


def shortage(workshop: Workshop) -> str:
    """Say why a workshop cannot have its places, in numbers."""
    return _(
        "There is room for %(limit)d sandboxes; %(promised)d are promised to other workshops at that time; "
        "you ask for %(asked)d."
    ) % {"limit": Host.objects.limit(), "promised": workshop.others_capacity(), "asked": workshop.capacity}


def initial_of(workshop: Workshop, user: User) -> dict[str, Any]:
    instructors = workshop.instructors.order_by("username")
    return {
        "days": [f"{workshop.course}/{day}" for day in workshop.days],
        "starts_at": workshop.starts_at.astimezone(UTC).strftime(MOMENT),
        "ends_at": workshop.ends_at.astimezone(UTC).strftime(MOMENT),
        "instructors": [one.pk for one in instructors],
        "others": ", ".join(one.username for one in instructors if one != user),
    }


def defaults(courses: list[Course]) -> dict[str, Any]:
    """Return what most workshops are: three hours of the first course's second day, as many as there is room for."""
    now = timezone.now()
    begins = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    room = Workshop(starts_at=begins, ends_at=begins + LENGTH).places_left()
    days = open_days(courses[0]) if courses else []
    chosen = next((day for day in days if day.number == DAY_CHOSEN), days[0] if days else None)
    return {
        "title": "",
        "course": courses[0].slug if courses else "",
        "days": [f"{courses[0].slug}/{chosen.slug}"] if chosen else [],
        "language": get_language() or settings.LANGUAGE_CODE,
        "starts_at": begins.strftime(MOMENT),
        "ends_at": (begins + LENGTH).strftime(MOMENT),
        "capacity": max(1, min(PLACES, room)),
    }
