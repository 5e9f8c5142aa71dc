import django.contrib.postgres.indexes
import django.contrib.postgres.search
from django.db import migrations, models

import memory.models


class Migration(migrations.Migration):

    dependencies = [
        ('memory', '0002_graph_mirror'),
    ]

    operations = [
        migrations.AlterField(
            model_name='episode',
            name='source',
            field=models.CharField(help_text='What it was made from; makes writing idempotent.', max_length=80),
        ),
        migrations.AddConstraint(
            model_name='episode',
            constraint=models.UniqueConstraint(fields=('source', 'recorded_at'), name='episode_version_once'),
        ),
        # A generated column cannot be altered: it is made anew from the text.
        migrations.RemoveIndex(model_name='episode', name='episode_words'),
        migrations.RemoveField(model_name='episode', name='words'),
        migrations.AddField(
            model_name='episode',
            name='words',
            field=models.GeneratedField(
                db_persist=True,
                expression=django.contrib.postgres.search.SearchVector(memory.models.PlainWords('text'), config='english'),
                output_field=django.contrib.postgres.search.SearchVectorField(),
            ),
        ),
        migrations.AddIndex(
            model_name='episode',
            index=django.contrib.postgres.indexes.GinIndex(fields=['words'], name='episode_words'),
        ),
    ]
