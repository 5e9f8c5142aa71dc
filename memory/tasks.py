"""What runs by the timetable: is the journal whole, and does the outbox know every row?"""

from __future__ import annotations

import logging

from django.conf import settings

from mediabuyer.brands.models import Brand
from mediabuyer.lib.clock import wall_now
from mediabuyer.lib.servers.state import write_state
from memory.events import verify_chain
from memory.mirror import reconcile

log = logging.getLogger(__name__)


def verify_journal() -> dict[str, int]:
    """Number of the first damaged line by the key of each brand whose chain is damaged; empty when all is well."""
    found = ((brand, verify_chain(brand)) for brand in Brand.objects.order_by("pk"))
    damaged = {str(brand.key): number for brand, number in found if number is not None}
    for key, number in damaged.items():
        log.error("the journal of brand %s is damaged at line %d", key, number)
    settings.JOURNAL_FILE.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_state(settings.JOURNAL_FILE, {"checked_at": wall_now().isoformat(), "damaged": damaged})
    return damaged


def reconcile_mirror() -> int:
    """Catches what a bulk path forgot to mirror; a number other than zero is worth a look."""
    if written := reconcile():
        log.warning("%d rows had not been mirrored", written)
    return written
