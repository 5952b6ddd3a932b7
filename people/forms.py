"""What people fill in who come in, or let others in."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm, UserCreationForm, UsernameField
from django.core.validators import MaxLengthValidator

LONGEST_NAME, LONGEST_PASSWORD = 30, 500  # characters
TAKEN = ("me", "you", "visitor", "everyone", "anonymous")
"""Words that mean somebody else where names are shown or searched for."""

ADVICE = "At least 8 characters; none of the common ones."
AGAIN = {"label": "The same once more", "help_text": ""}


class SignInForm(AuthenticationForm):
    username = UsernameField(label="Name", max_length=150, widget=forms.TextInput(attrs={"autofocus": True}))
    password = forms.CharField(
        max_length=LONGEST_PASSWORD,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    error_messages = {
        "invalid_login": "This name and this password do not belong together. Capitals count in both.",
        "inactive": "This account is closed.",
    }


class JoinForm(UserCreationForm):  # type: ignore[type-arg]
    """The name and the password of somebody new."""

    class Meta(UserCreationForm.Meta):
        labels = {"username": "Name"}
        help_texts = {"username": "It stands beside what you make. Letters, digits and @ . + - _"}
        error_messages = {"username": {"unique": "Somebody has this name already. Choose another."}}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].widget.attrs["maxlength"] = LONGEST_NAME
        _plain(self, "password1", label="Password", help_text=ADVICE)
        _plain(self, "password2", **AGAIN)

    def clean_username(self) -> str:
        name: str = super().clean_username()  # None where somebody has it already
        if name and name.lower() in TAKEN:
            raise forms.ValidationError("This name would be mistaken for somebody else. Choose another.")
        if name and len(name) > LONGEST_NAME:
            raise forms.ValidationError(f"A name has {LONGEST_NAME} characters at most.")
        return name


class PasswordForm(PasswordChangeForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _plain(self, "old_password", label="The password until now")
        _plain(self, "new_password1", label="The new one", help_text=ADVICE)
        _plain(self, "new_password2", **AGAIN)


def _plain(form: forms.BaseForm, name: str, **words: str) -> None:
    """Django's field in our words, and no longer than anybody needs it."""
    field = form.fields[name]
    for attribute, value in words.items():
        setattr(field, attribute, value)
    field.validators.append(MaxLengthValidator(LONGEST_PASSWORD))


class TokenForm(forms.Form):
    name = forms.CharField(label="What it is for", max_length=50)
    scopes = forms.MultipleChoiceField(
        label="What it may do",
        choices=[
            ("read", "look: pictures, jobs, how the site is"),
            ("generate", "ask for pictures, cancel your jobs, give stars"),
            ("delete", "move pictures to the trash and bring them back"),
        ],
        initial=["read", "generate"],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one."},
    )


class InviteForm(forms.Form):
    note = forms.CharField(label="For whom", max_length=100, required=False)
    days = forms.TypedChoiceField(
        label="Good for", choices=[(1, "a day"), (7, "a week"), (30, "a month")], coerce=int, initial=7
    )
