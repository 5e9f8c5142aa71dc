"""A migration that fails midway (a bad one, a full disk, a value that does not fit) leaves what was there before."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.urls import reverse

import memory.migrations

pytestmark = pytest.mark.django_db(transaction=True)
BROKEN = """
from django.db import migrations

class Migration(migrations.Migration):
    atomic = {atomic}
    dependencies = [("memory", "{last}")]
    operations = [migrations.RunSQL("CREATE TABLE half ()"), migrations.RunSQL("SELECT 1 / 0")]
"""


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings):
    """`broken(atomic=True)` puts one more migration behind those of `memory`, whose second half fails."""

    def make(*, atomic: bool) -> None:
        package = tmp_path / f"broken_{atomic}".lower()
        package.mkdir()
        ours = sorted(Path(memory.migrations.__file__).parent.glob("*.py"))
        for file in ours:
            (package / file.name).write_text(file.read_text())
        (package / "9999_fails_midway.py").write_text(BROKEN.format(atomic=atomic, last=ours[-2].stem))
        settings.MIGRATION_MODULES = {"memory": package.name}

    monkeypatch.syspath_prepend(tmp_path)
    return make


def has_half() -> bool:
    return "half" in connection.introspection.table_names()


def test_failure_names_the_step_and_leaves_nothing_of_it(broken, settings):
    broken(atomic=True)
    with pytest.raises(CommandError, match=r"memory\.9999_fails_midway failed: division by zero") as failure:
        call_command("migrate", "memory", verbosity=0)
    assert "Nothing of this step is left. The database is as it was before." in str(failure.value)
    assert not has_half()
    assert not MigrationRecorder.Migration.objects.filter(name="9999_fails_midway").exists()
    settings.MIGRATION_MODULES = {}  # the program of before
    call_command("migrate", "--check", verbosity=0)
    assert Client().get(reverse("account_login")).status_code == 200


def test_steps_before_the_one_that_failed_stay_and_are_counted(broken, settings):
    call_command("migrate", "memory", "0003", verbosity=0)
    broken(atomic=True)
    try:
        with pytest.raises(CommandError, match="The 1 before it in this run stay"):
            call_command("migrate", "memory", verbosity=0)
        assert MigrationRecorder.Migration.objects.filter(app="memory", name__startswith="0004").exists()
    finally:
        settings.MIGRATION_MODULES = {}
        call_command("migrate", "memory", verbosity=0)


def test_step_that_cannot_be_taken_back_says_so(broken):
    broken(atomic=False)
    try:
        with pytest.raises(CommandError, match=r"Parts of this step may be left"):
            call_command("migrate", "memory", verbosity=0)
        assert has_half()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS half")
