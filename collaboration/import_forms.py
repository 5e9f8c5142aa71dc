"""What a file cannot say of itself, asked of the person: one field for each question, checked in plain words."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from zoneinfo import available_timezones

from django import forms

from campaigns.exports.currencies import CODES
from campaigns.importing import require_own_name
from campaigns.models import AdAccount, ImportFile
from mediabuyer.brands.models import Brand
from mediabuyer.lib.clock import wall_now
from mediabuyer.lib.errors import Invalid

FREQUENT = ("EUR", "USD", "GBP")
CURRENCIES = (*FREQUENT, *sorted(CODES - set(FREQUENT)))
"""What Meta bills in, the most frequent first."""


class AnswersForm(forms.Form):
    """Fields follow from the questions of a mapping; `answers()` is what `understand` takes."""

    account = forms.CharField(
        max_length=120,
        label="Account",
        help_text="A new name makes a new read-only account; the name of an imported one adds to it.",
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off", "list": "imported-accounts"}),
    )

    def __init__(self, row: ImportFile, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.brand = row.brand
        self.questions: list[dict[str, Any]] = row.mapping.get("questions", [])
        for question in self.questions:
            self.fields[question["key"]] = _field(question, row)
        self.fields["account"].initial = row.answers.get("account") or _guess_name(row)

    def clean_account(self) -> str:
        name: str = self.cleaned_data["account"]
        try:
            require_own_name(self.brand, name)
        except Invalid as error:
            raise forms.ValidationError(f"{error.message} {error.remedy}") from error
        return name

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        first, last = cleaned.get("from"), cleaned.get("until")
        if first and last and last < first:
            self.add_error("until", f"The last day lies before the first, {first:%-d %B %Y}.")
        if last and last > wall_now().date() + timedelta(days=1):
            self.add_error("until", "A report cannot end after today.")
        return cleaned

    def answers(self) -> dict[str, str]:
        given = {key: value for key, value in self.cleaned_data.items() if value}
        return {key: value.isoformat() if isinstance(value, date) else str(value) for key, value in given.items()}


def _field(question: dict[str, Any], row: ImportFile) -> forms.Field:
    """By the kind of question: choice, kind, currency, date, zone."""
    key, kind = question["key"], question["kind"]
    options: dict[str, Any] = {
        "label": question["text"],
        "initial": row.answers.get(key) or question["default"],
        "required": question["default"] is None,
    }
    if kind == "date":
        return forms.DateField(widget=forms.DateInput(attrs={"class": "input", "type": "date"}), **options)
    if kind == "choice":
        return forms.ChoiceField(choices=question["choices"], widget=forms.RadioSelect, **options)
    if kind == "kind":
        return forms.ChoiceField(choices=question["choices"], widget=_select(), **options)
    if kind == "currency":
        codes = [code for code, _ in question["choices"]] or CURRENCIES
        choices = [("", "Choose"), *((code, code) for code in codes)]
        return forms.ChoiceField(choices=choices, widget=_select(), **options)
    options["initial"] = row.answers.get(key) or usual_zone(row.brand) or options["initial"]
    return forms.ChoiceField(choices=[(zone, zone) for zone in zones()], widget=_select(), **options)


def _select() -> forms.Select:
    return forms.Select(attrs={"class": "input"})


def zones() -> list[str]:
    return ["UTC", *sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))]


def usual_zone(brand: Brand | None) -> str | None:
    """That of the brand's other accounts, imported ones first: mostly right, and shown to be changed."""
    rows = AdAccount.objects.filter(brand=brand).exclude(time_zone="UTC")
    return rows.order_by("-platform", "-pk").values_list("time_zone", flat=True).first()


def _guess_name(row: ImportFile) -> str:
    return row.name.split(".")[0].replace("_", " ").strip()[:120] or "Imported"
