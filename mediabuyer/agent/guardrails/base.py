"""What a guardrail is: a pure function of the context, a slug and a title. One that raises blocks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from mediabuyer.agent.context import Context, Finding, Severity
from mediabuyer.lib.money import format_money


@dataclass(frozen=True)
class Guardrail:
    """`check` returns None where the rule has nothing to say about this kind of change."""

    slug: str
    title: str
    check: Callable[[Context], Finding | None]

    def run(self, context: Context) -> Finding | None:
        """Fails closed: a rule that cannot be computed holds the decision back."""
        try:
            return self.check(context)
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing may pass because of it
            return block(
                self.slug, f"“{self.title}” could not be checked ({type(error).__name__}), so nothing is sent."
            )


def ok(slug: str, message: str) -> Finding:
    return Finding(slug, Severity.PASS, message)


def note(slug: str, message: str) -> Finding:
    return Finding(slug, Severity.NOTE, message)


def ask(slug: str, message: str) -> Finding:
    return Finding(slug, Severity.APPROVE, message)


def block(slug: str, message: str) -> Finding:
    return Finding(slug, Severity.BLOCK, message)


def whole(amount: Decimal, context: Context) -> str:
    """Money in a sentence: whole units where nothing is lost."""
    places = 0 if amount == amount.to_integral_value() else None
    return format_money(amount, context.currency, places=places)
