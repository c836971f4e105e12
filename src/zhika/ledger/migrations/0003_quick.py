"""Indexes for what is asked in every round: mail that waits, the desk, a batch's groups."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0002_append_only'),
    ]

    operations = [
        migrations.AlterField(
            model_name='group',
            name='ref',
            field=models.CharField(blank=True, db_index=True, max_length=80),
        ),
        migrations.AddIndex(
            model_name='inbox',
            index=models.Index(condition=models.Q(('answered', False)), fields=['peer'], name='inbox_unanswered'),
        ),
        migrations.AddIndex(
            model_name='outbox',
            index=models.Index(condition=models.Q(('published', False)), fields=['peer', 'number'], name='outbox_waiting'),
        ),
        migrations.AddIndex(
            model_name='outbox',
            index=models.Index(fields=['receipt', 'published_at'], name='outbox_unanswered'),
        ),
        migrations.AddIndex(
            model_name='paper',
            index=models.Index(fields=['state', 'subject_kind'], name='paper_on_desk'),
        ),
        migrations.AddIndex(
            model_name='paper',
            index=models.Index(condition=models.Q(('acted', False)), fields=['type'], name='paper_not_acted'),
        ),
        migrations.AddIndex(
            model_name='paper',
            index=models.Index(condition=models.Q(('counted', False)), fields=['receiver'], name='paper_not_counted'),
        ),
    ]
