from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """The two largest tables stay readable and writable meanwhile, and are never without an index to be read by.

    If a build is broken off, PostgreSQL keeps its half index as invalid: drop that one and migrate again.
    """

    atomic = False  # CONCURRENTLY is refused inside a transaction

    dependencies = [
        ('campaigns', '0002_change_made_at'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='insightbreakdown',
            index=models.Index(fields=['account', 'dimension', 'day'], include=('ad', 'value', 'until', 'spend', 'impressions', 'reach', 'clicks', 'link_clicks', 'results', 'revenue'), name='breakdown_figures'),
        ),
        AddIndexConcurrently(
            model_name='insightday',
            index=models.Index(fields=['account', 'day'], include=('ad', 'until', 'spend', 'impressions', 'reach', 'clicks', 'link_clicks', 'results', 'revenue'), name='insight_figures'),
        ),
        RemoveIndexConcurrently(
            model_name='insightbreakdown',
            name='breakdown_account_day',
        ),
        RemoveIndexConcurrently(
            model_name='insightday',
            name='insight_account_day',
        ),
    ]
