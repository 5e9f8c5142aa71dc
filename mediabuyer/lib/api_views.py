"""What all views of the API have in common: parameters that do not exist are refused, and 404 says what is missing."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request

M = TypeVar("M", bound=Model)


def find(rows: QuerySet[M], what: str, key: Any) -> M:
    """The one with this key among those that may be seen."""
    row = rows.filter(key=key).first()
    if row is None:
        raise NotFound(f"There is no such {what}, or you may not see it.")
    return row


class View(GenericAPIView[Any]):
    """A typing error in a filter's name would else answer everything, as if it had been asked for."""

    what = "object"
    """What the view is of, in words."""
    query_names: frozenset[str] = frozenset()
    """Parameters that the view reads by itself, beside those of its pages and its filter."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        known = self._names(request.method or "")
        words = f"Known are: {', '.join(sorted(known))}." if known else "This address takes none."
        unknown = {name: [f"There is no such parameter. {words}"] for name in request.query_params if name not in known}
        if unknown:
            raise ValidationError(unknown)

    def get_object(self) -> Any:
        return find(self.get_queryset(), self.what, self.kwargs["key"])

    def _names(self, method: str) -> set[str]:
        if method != "GET":
            return set()
        if not isinstance(self, ListModelMixin):
            return set(self.query_names)
        filters = getattr(self, "filterset_class", None)
        return {*self.query_names, "page", "page_size", *(filters.base_filters if filters else ())}
