from django import forms
from django.utils.translation import gettext_lazy as _


class NameForm(forms.Form):
    """How a learner wants to be called; spaces and line ends become one space each."""

    name = forms.CharField(
        label=_("Your name"),
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )

    def clean_name(self) -> str:
        return " ".join(str(self.cleaned_data["name"]).split())
