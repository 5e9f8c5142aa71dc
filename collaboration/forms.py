"""What people may type, and what is wrong with it in their words."""

from __future__ import annotations

import json
from contextlib import suppress
from decimal import Decimal
from typing import Any

from django import forms

from campaigns.models import AdAccount
from mediabuyer.brands.models import Member, Role, Scope
from mediabuyer.lib.errors import Invalid
from mediabuyer.lib.money import read_amount
from mediabuyer.lib.seen import overtaken
from portfolio.models import Goal


class AmountField(forms.CharField):
    """An amount, with a decimal point or comma; `1,000` and the like are refused rather than guessed."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "class": "input"}), **options
        )

    def clean(self, value: Any) -> Decimal | None:
        text = super().clean(value)
        if not text:
            return None
        try:
            return read_amount(text)
        except Invalid as error:
            raise forms.ValidationError(f"{error.message} {error.remedy}") from error

    def prepare_value(self, value: Any) -> Any:
        return f"{value.normalize():f}" if isinstance(value, Decimal) else value


class SeenForm(forms.Form):
    """Carries what its reader was shown, so that only what they changed is written, and only over what they saw."""

    shown = forms.CharField(
        required=False, widget=forms.HiddenInput(attrs={"id": False, "autocomplete": "off"})
    )  # no id: a page may have several

    def __init__(self, *values: Any, **options: Any) -> None:
        super().__init__(*values, **options)
        texts = {name: self._text(name) for name in self.fields if name != "shown"}
        self.initial["shown"] = json.dumps(texts, default=str)

    def _text(self, name: str) -> Any:
        field = self.fields[name]
        return field.prepare_value(self.get_initial_for_field(field, name))

    def shown_texts(self) -> dict[str, Any]:
        """As the page said it; nothing where the page did not say."""
        try:
            texts = json.loads(self.data.get("shown", ""))
        except ValueError:
            return {}
        return {name: texts[name] for name in self.fields if name in texts} if isinstance(texts, dict) else {}

    def seen(self) -> dict[str, Any]:
        """The same as values. What cannot be one was never seen."""
        return self._values(self.shown_texts())

    def _values(self, texts: dict[str, Any]) -> dict[str, Any]:
        found = {}
        for name, text in texts.items():
            with suppress(forms.ValidationError):
                found[name] = self.fields[name].clean(text)
        return found

    def typed(self) -> dict[str, Any]:
        """What differs from what was shown; of a valid form."""
        seen = self.seen()
        return {
            name: value
            for name, value in self.cleaned_data.items()
            if name != "shown" and (name not in seen or seen[name] != value)
        }

    def overtaken(self, now: SeenForm) -> list[tuple[str, Any, Any]]:
        """Where another changed what this reader changed too: what they saw, and what `now` shows."""
        saw, texts = self.shown_texts(), {name: now._text(name) for name in self.typed()}
        return [
            (str(self.fields[name].label), saw.get(name), texts[name])
            for name in overtaken(texts | self._values(texts), self.seen(), self.typed())
        ]


class LimitsForm(SeenForm):
    daily_cap = AmountField(
        required=False,
        label="Most on one day",
        help_text="Counted at its worst: Meta may spend 1.75 times the budgets on one day. Empty means nothing may be "
        "raised.",
    )
    ad_set_cap = AmountField(
        required=False, label="Highest budget of one ad set or campaign", help_text="Empty means none may be raised."
    )
    approval_over = AmountField(
        required=False,
        label="Ask a person above",
        help_text="Smaller moves of a budget go by rule, "
        "as long as those of 24 hours together stay below it. Empty: always ask.",
    )
    budget_step = forms.IntegerField(
        min_value=1,
        max_value=50,
        label="Largest step, in percent",
        help_text="Within 24 hours, up or down.",
        widget=forms.NumberInput(attrs={"class": "input"}),
    )
    cooldown_hours = forms.IntegerField(
        min_value=0,
        max_value=720,
        label="Rest between changes, in hours",
        widget=forms.NumberInput(attrs={"class": "input"}),
    )
    is_agent_on = forms.BooleanField(required=False, label="Run cycles on schedule")

    @staticmethod
    def as_kept(values: dict[str, Any]) -> dict[str, Any]:
        """As the account keeps them: the step as a share."""
        return values | ({"budget_step": Decimal(values["budget_step"]) / 100} if "budget_step" in values else {})

    @staticmethod
    def initial_of(account: AdAccount) -> dict[str, Any]:
        names = ("daily_cap", "ad_set_cap", "approval_over", "cooldown_hours", "is_agent_on")
        return {name: getattr(account, name) for name in names} | {"budget_step": int(account.budget_step * 100)}


class GoalForm(SeenForm):
    margin = forms.DecimalField(
        min_value=Decimal("0.1"),
        max_value=Decimal(100),
        max_digits=4,
        decimal_places=1,
        label="Margin, in percent",
        help_text="What is left of a sale after the goods.",
        widget=forms.NumberInput(attrs={"class": "input"}),
    )
    target_cpa = AmountField(required=False, label="A purchase may cost")
    target_roas = forms.DecimalField(
        required=False,
        min_value=Decimal("0.01"),
        max_value=Decimal(100),
        max_digits=5,
        decimal_places=2,
        label="Target ROAS",
        widget=forms.NumberInput(attrs={"class": "input", "step": "0.01"}),
    )
    focus = forms.CharField(
        required=False,
        max_length=400,
        label="Focus",
        help_text="For example: the gift box until 24 December.",
        widget=forms.TextInput(attrs={"class": "input"}),
    )

    @staticmethod
    def as_kept(values: dict[str, Any]) -> dict[str, Any]:
        return values | ({"margin": values["margin"] / 100} if "margin" in values else {})

    @staticmethod
    def initial_of(goal: Goal) -> dict[str, Any]:
        names = ("target_cpa", "target_roas", "focus")
        margin = (goal.margin * 100).quantize(Decimal("0.1"))
        return {name: getattr(goal, name) for name in names} | {"margin": margin}


class MemberForm(forms.Form):
    role = forms.ChoiceField(choices=Role.choices, label="Role", widget=forms.Select(attrs={"class": "input"}))
    is_active = forms.BooleanField(required=False, label="Active")


class InviteForm(forms.Form):
    email = forms.EmailField(label="E-mail", widget=forms.EmailInput(attrs={"class": "input", "autocomplete": "off"}))
    first_name = forms.CharField(max_length=80, label="First name", widget=forms.TextInput(attrs={"class": "input"}))
    last_name = forms.CharField(
        max_length=80, required=False, label="Last name", widget=forms.TextInput(attrs={"class": "input"})
    )
    role = forms.ChoiceField(choices=Role.choices, label="Role", widget=forms.Select(attrs={"class": "input"}))


class TokenForm(forms.Form):
    name = forms.CharField(max_length=80, label="What it is for", widget=forms.TextInput(attrs={"class": "input"}))
    scopes = forms.MultipleChoiceField(
        choices=Scope.choices, label="May", initial=["read"], widget=forms.CheckboxSelectMultiple
    )
    days = forms.TypedChoiceField(
        choices=[(30, "30 days"), (90, "90 days"), (365, "a year")],
        coerce=int,
        initial=90,
        label="Valid for",
        widget=forms.Select(attrs={"class": "input"}),
    )


def member_form(member: Member) -> MemberForm:
    return MemberForm(prefix=f"m{member.pk}", initial={"role": member.role, "is_active": member.is_active})
