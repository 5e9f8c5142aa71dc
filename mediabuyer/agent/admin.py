"""The admin without the queue: whoever may edit a schedule may run any function of ours."""

from __future__ import annotations

import django_q.admin  # noqa: F401 - registers its models first, so that they can be taken out again
from django.contrib import admin
from django_q.models import Failure, OrmQ, Schedule, Success

admin.site.unregister([Schedule, Success, Failure, OrmQ])
