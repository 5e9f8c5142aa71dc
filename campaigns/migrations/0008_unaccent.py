"""Names are found with and without their accents."""

from django.contrib.postgres.operations import UnaccentExtension
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0007_allowed_attempts")]

    operations = [UnaccentExtension()]
