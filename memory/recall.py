"""Episodes: written as things end, and found again when something like them is proposed.

Retrieval is the lexical formula measured best without an embedder: the sum of inverse document frequencies of the
words that question and episode share, scaled to the best of the pool, plus a bonus for a shared entity. What was
recorded after `now` is not known yet, so a replayed cycle remembers what it could remember then.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from django.db import connection

from mediabuyer.brands.models import Brand
from memory.models import Episode

ENTITY_BONUS = 0.10
SUBJECT_BONUS = 1.0
"""A precedent on the very same object outranks any likeness of words."""
MOST_WORDS = 32

# One row per episode that is known at `now`, in its last version known then, and shares a word or an entity.
_RECALL = """
WITH asked AS (
    SELECT lexeme, quote_literal(lexeme) AS quoted
    FROM unnest(to_tsvector('english', regexp_replace(%(text)s, '[^[:alnum:]]+', ' ', 'g'))) LIMIT %(most)s
),
known AS NOT MATERIALIZED (
    SELECT * FROM memory_episode e
    WHERE e.brand_id = %(brand)s AND e.recorded_at <= %(now)s
      AND (%(kind)s::text IS NULL OR e.kind = %(kind)s) AND (%(account)s::uuid IS NULL OR e.account_key = %(account)s)
),
pool AS MATERIALIZED (
    SELECT e.id, e.entities, e.words, e.occurred_at FROM known e
    WHERE (e.words @@ (SELECT string_agg(quoted, ' | ') FROM asked)::tsquery OR e.entities ?| %(entities)s)
      AND NOT EXISTS (SELECT FROM memory_episode n WHERE n.source = e.source AND n.recorded_at > e.recorded_at
                      AND n.recorded_at <= %(now)s)
),
hits AS (SELECT p.id, a.lexeme FROM pool p, unnest(tsvector_to_array(p.words)) w JOIN asked a ON a.lexeme = w),
weights AS (
    SELECT lexeme, ln(1 + ((SELECT count(*) FROM known) - count(*) + 0.5) / (count(*) + 0.5)) AS idf
    FROM hits GROUP BY lexeme
),
lexical AS (SELECT id, sum(idf) AS s FROM hits JOIN weights USING (lexeme) GROUP BY id)
SELECT p.id, coalesce(l.s / nullif(max(l.s) OVER (), 0), 0)
       + %(bonus)s * (p.entities ?| %(entities)s)::int + %(subject)s * (p.entities ? %(first)s)::int AS score
FROM pool p LEFT JOIN lexical l USING (id)
ORDER BY score DESC, p.occurred_at DESC, p.id LIMIT %(k)s
"""


class Account(Protocol):
    """What recall needs of an ad account."""

    @property
    def key(self) -> UUID: ...

    @property
    def brand(self) -> Brand: ...


def remember(
    *,
    brand: Brand,
    source: str,
    kind: str,
    text: str,
    occurred_at: datetime,
    now: datetime,
    account_key: UUID | None = None,
    entities: Iterable[str] = (),
    payload: dict[str, Any] | None = None,
    outcome: str = "",
) -> Episode:
    """Writes what happened, once. `now` is the account's time at which it became known.

    `source` names the row it was made from: the same content again writes nothing, and what became known later, such
    as an outcome, is a new version that recall prefers from then on. Entities are `type:key`, the subject's first.
    """
    content = {
        "kind": kind,
        "text": text,
        "entities": list(entities),
        "outcome": outcome,
        "payload": json.loads(json.dumps(payload or {}, default=str)),
        "occurred_at": occurred_at,
    }
    last = Episode.objects.filter(source=source).order_by("-recorded_at").first()
    if last and all(getattr(last, name) == value for name, value in content.items()):
        return last
    episode, _ = Episode.objects.update_or_create(
        source=source, recorded_at=now, defaults={**content, "brand": brand, "account_key": account_key}
    )
    return episode


def recall(
    brand: Brand,
    text: str,
    entities: Sequence[str],
    kind: str | None,
    now: datetime,
    k: int = 10,
    *,
    account_key: UUID | None = None,
    subject: str = "",
) -> list[Episode]:
    """The episodes of a brand that have most to do with these words and entities, best first; empty without any.

    `subject` is the one entity that the question is about: episodes about it come first.
    """
    parameters: dict[str, Any] = {
        "text": text,
        "most": MOST_WORDS,
        "brand": brand.pk,
        "now": now,
        "kind": kind,
        "account": account_key,
        "entities": list(entities),
        "bonus": ENTITY_BONUS,
        "subject": SUBJECT_BONUS,
        "first": subject,
        "k": k,
    }
    with connection.cursor() as cursor:
        cursor.execute(_RECALL, parameters)
        ids = [row[0] for row in cursor.fetchall()]
    found = Episode.objects.in_bulk(ids)
    return [found[one] for one in ids]


def precedents(
    account: Account, action: str, entities: Sequence[str], text: str, now: datetime, k: int = 3
) -> list[Episode]:
    """What happened last time: the account's earlier cases of the same action, those on the same object first."""
    subject = entities[0] if entities else ""
    return recall(account.brand, text, entities, action, now, k, account_key=account.key, subject=subject)
