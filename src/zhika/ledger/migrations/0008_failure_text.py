"""What was said beside the cause, where a card left its batch."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0007_seals_append_only'),
    ]

    operations = [
        migrations.AddField(
            model_name='failure',
            name='text',
            field=models.CharField(blank=True, db_default='', max_length=200),
        ),
    ]
