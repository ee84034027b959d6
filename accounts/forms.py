"""What people tell of themselves, and the passwords they choose. The rules for passwords are in the settings."""

from typing import Any

from django import forms
from django.contrib.auth.forms import SetPasswordMixin, UsernameField
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts import instructors
from accounts.models import Invitation
from courses.forms import NameForm
from courses.models import User


class AccountForm(SetPasswordMixin, NameForm):  # type: ignore[type-arg]
    """Makes an account of a user who is a guest, or of a new one."""

    username = UsernameField(
        label=_("Username"),
        max_length=150,
        validators=[User.username_validator],
        help_text=_("For signing in: letters, digits and @ . + - _ only."),
    )
    password1, password2 = SetPasswordMixin.create_password_fields(
        label1=_("Password"), label2=_("The password once more")
    )
    field_order = ["username", "name", "password1", "password2"]

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)
        self.initial["name"] = user.name
        self.fields["name"].required = False
        self.fields["name"].help_text = _("As others see you. May be left empty.")

    def clean_username(self) -> str:
        username = str(self.cleaned_data["username"])
        others = User.objects.exclude(pk=self.user.pk).filter(username__iexact=username)
        if others.exists() or username.lower() == instructors.USERNAME:
            raise taken()
        return username

    def clean(self) -> dict[str, Any] | None:
        self.validate_passwords()
        self.validate_password_for_user(self.user)
        return super().clean()

    def save(self) -> bool:
        """Make it an account, and return True. Return False if somebody took the name at this moment."""
        self.user.username, self.user.name = self.cleaned_data["username"], self.cleaned_data["name"]
        self.user.is_guest = False
        self.user.set_password(self.cleaned_data["password1"])
        try:
            with transaction.atomic():
                self.user.save()
        except IntegrityError:
            self.add_error("username", taken())
            return False
        return True


class FarewellForm(forms.Form):
    """Asks for the password before an account is deleted; who has none says yes."""

    password = forms.CharField(
        label=_("Your password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    sure = forms.BooleanField(label=_("Yes, delete it all."))

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)
        del self.fields["sure" if user.has_usable_password() else "password"]

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        if not self.user.check_password(password):
            raise forms.ValidationError(_("That is not your password."), code="wrong")
        return password


class InvitationForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Invitation
        fields = ["role", "label"]
        help_texts = {"label": _("A name or an address, so that you know it again. Nothing is sent.")}


def taken() -> forms.ValidationError:
    return forms.ValidationError(_("This username is taken. Choose another."), code="taken")
