"""What the guardrails said about a decision, and what came of it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from mediabuyer.agent.models.decision import Decision


class Finding(models.Model):
    """What one guardrail said about a decision, at decision time or again in the claim."""

    decision = models.ForeignKey(Decision, models.CASCADE)
    guardrail = models.CharField(max_length=40)
    severity = models.CharField(max_length=8)
    message = models.TextField()
    stage = models.CharField(max_length=8, default="decide", choices=[("decide", "Decide"), ("claim", "Claim")])
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(severity__in=["pass", "note", "change", "approve", "block"]), name="finding_severity_known"
            ),
            models.CheckConstraint(condition=Q(stage__in=["decide", "claim"]), name="finding_stage_known"),
        ]

    def __str__(self) -> str:
        return f"{self.guardrail}: {self.severity}"


class OutcomeQuerySet(models.QuerySet["Outcome"]):
    def to_measure(self) -> OutcomeQuerySet:
        """What is not graded yet. What was taken back before has no effect of its own to be graded."""
        return self.filter(measured_at=None).exclude(decision__state=Decision.State.UNDONE)


class Outcome(models.Model):
    """What came of a decision once its window was over: measured, and compared with what was expected."""

    decision = models.OneToOneField(Decision, models.CASCADE)
    due_on = models.DateField()
    measured_at = models.DateTimeField(null=True, blank=True)
    figures = models.JSONField(default=dict)
    verdict = models.CharField(
        max_length=12,
        blank=True,
        choices=[("better", "Better"), ("as_expected", "As expected"), ("worse", "Worse"), ("unclear", "Unclear")],
    )

    objects = OutcomeQuerySet.as_manager()

    class Meta:
        ordering = ["due_on"]

    def __str__(self) -> str:
        return f"{self.decision}: {self.verdict or 'open'}"
