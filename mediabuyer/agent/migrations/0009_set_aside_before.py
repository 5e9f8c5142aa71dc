"""What was set aside before its reason was kept: the journal knows which."""

from django.db import migrations

BATCH = 1000


def name_the_reason(apps, schema_editor):
    events = apps.get_model("memory", "Event").objects.filter(kind="decision.outdated").order_by("pk")
    keys = list(events.values_list("subject_key", flat=True))
    for start in range(0, len(keys), BATCH):
        rows = apps.get_model("agent", "Decision").objects.filter(key__in=keys[start : start + BATCH])
        rows.filter(state="expired", reason_code="").update(reason_code="outdated")


class Migration(migrations.Migration):
    dependencies = [("agent", "0008_set_aside"), ("memory", "0004_room_for_long_addresses")]

    operations = [migrations.RunPython(name_the_reason, migrations.RunPython.noop)]
