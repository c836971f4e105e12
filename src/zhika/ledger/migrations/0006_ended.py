"""A batch that has ended is not looked at in a round; indexes for what a round asks for."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0005_blocks'),
    ]

    operations = [
        migrations.AddField(
            model_name='batch',
            name='ended_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name='batch',
            index=models.Index(condition=models.Q(('ended_at', None)), fields=['process'], name='batch_not_ended'),
        ),
        migrations.AddIndex(
            model_name='batch',
            index=models.Index(condition=models.Q(('closed_at', None)), fields=['process'], name='batch_not_closed'),
        ),
        migrations.AddIndex(
            model_name='handover',
            index=models.Index(condition=models.Q(('shipped', False)), fields=['code'], name='handover_not_shipped'),
        ),
    ]
