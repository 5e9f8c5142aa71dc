"""The bell: rung after the commit, with ids only."""

from __future__ import annotations

import pytest
from django.db import transaction
from django_q.models import OrmQ

from mediabuyer.lib.queue import enqueue

TASK = "mediabuyer.agent.tasks.heartbeat"


@pytest.mark.django_db(transaction=True)
def test_bell_rings_after_the_commit():
    with transaction.atomic():
        enqueue(TASK, 7)
        assert not OrmQ.objects.exists()
    told = OrmQ.objects.get().task
    assert (told["func"], told["args"]) == (TASK, (7,))


@pytest.mark.django_db(transaction=True)
def test_rolled_back_work_is_never_rung_for():
    with transaction.atomic():
        enqueue(TASK, 7)
        transaction.set_rollback(True)
    assert not OrmQ.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("payload", [{"access_token": "x"}, ["x"], None, 1.5])
def test_payload_other_than_an_id_is_refused(payload):
    with pytest.raises(TypeError, match="ids only"):
        enqueue(TASK, payload)
