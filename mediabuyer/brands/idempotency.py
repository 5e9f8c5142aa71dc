"""`Idempotency-Key` on the API's POSTs: the first answer is kept for a day and given again, never a second effect.

Only what succeeded is kept. A refusal changed nothing, so asking again may run again and is answered afresh.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.db import IntegrityError, transaction
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from mediabuyer.brands.api_permissions import person_of, token_of
from mediabuyer.brands.models import IdempotentAnswer
from mediabuyer.lib.clock import wall_now
from mediabuyer.lib.errors import Conflict, Invalid

HEADER = "Idempotency-Key"
KEPT_FOR = timedelta(hours=24)
GIVEN_UP_AFTER = timedelta(minutes=2)
"""An answer not finished by then was interrupted; what a POST does is safe to do again."""
LONGEST = IdempotentAnswer._meta.get_field("key").max_length or 100
Handler = Callable[..., Response]


def idempotent(handler: Handler) -> Handler:
    """For the `post` of an API view. Without the header it changes nothing."""

    @wraps(handler)
    def answer(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get(HEADER, "")
        if not key:
            return handler(view, request, *args, **kwargs)
        row = _begin(request, _checked(key))
        if row.status is not None:
            return Response(row.body, row.status, headers={"Idempotent-Replayed": "true"})
        try:
            response = handler(view, request, *args, **kwargs)
        except BaseException:
            row.delete()
            raise
        if response.status_code < 300:
            row.status, row.body = response.status_code, json.loads(json.dumps(response.data, cls=JSONEncoder))
            row.save(update_fields=["status", "body"])
        else:
            row.delete()
        return response

    return answer


def _checked(key: str) -> str:
    if len(key) > LONGEST or not key.isprintable():
        raise Invalid(HEADER, key[:LONGEST], f"A key has at most {LONGEST} printable characters.", remedy="Use a UUID.")
    return key


def _begin(request: Request, key: str) -> IdempotentAnswer:
    """The row of this request: new and open, or the finished one of the first time."""
    now = wall_now()
    IdempotentAnswer.objects.filter(begun_at__lt=now - KEPT_FOR).delete()
    IdempotentAnswer.objects.filter(status=None, begun_at__lt=now - GIVEN_UP_AFTER).delete()
    owner = {"user": person_of(request), "token": token_of(request), "path": request.path[:300], "key": key}
    digest = _digest(request)
    try:
        with transaction.atomic():
            return IdempotentAnswer.objects.create(**owner, digest=digest, begun_at=now)
    except IntegrityError:
        row = IdempotentAnswer.objects.filter(**owner).first()
    if row is not None and row.digest != digest:
        raise Invalid(HEADER, key, "This key was used with other content.", remedy="Use a new key for a new request.")
    if row is None or row.status is None:
        raise Conflict("The first request with this key is still being answered.", remedy="Repeat it in a moment.")
    return row


def _digest(request: Request) -> str:
    """Of the parsed content, files included, so that the order of keys does not matter."""
    files = {name: _digest_of_file(file) for name, file in request.FILES.items()}
    data = request.data
    plain = {name: data.getlist(name) for name in data if name not in files} if hasattr(data, "getlist") else data
    content = json.dumps([plain, files], sort_keys=True, cls=JSONEncoder)
    return hashlib.sha256(content.encode(errors="surrogatepass")).hexdigest()


def _digest_of_file(file: Any) -> str:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()
