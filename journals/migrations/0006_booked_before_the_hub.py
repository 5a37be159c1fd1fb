"""B17: the state of what was booked before the hub."""

import journals.domain.states
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('journals', '0005_waiting_and_numbers_given_again'),
    ]

    operations = [
        migrations.AlterField(
            model_name='batch',
            name='state',
            field=models.CharField(choices=[('draft', 'draft'), ('ready', 'ready'), ('sending', 'sending'), ('unknown', 'unknown'), ('postponed', 'postponed'), ('held', 'held'), ('accepted', 'accepted'), ('posted', 'posted'), ('released', 'released'), ('rejected', 'rejected'), ('needs_person', 'needs_person'), ('reversed', 'reversed'), ('closed', 'closed'), ('booked_before', 'booked_before')], default=journals.domain.states.BatchState['DRAFT'], max_length=15),
        ),
        migrations.AlterField(
            model_name='journal',
            name='state',
            field=models.CharField(choices=[('imported', 'Not sent'), ('checking', 'Checking'), ('sending', 'Sending'), ('unknown', 'Outcome unknown'), ('held', 'Waiting for an open period'), ('stopped', 'Stopped: needs a correction'), ('needs_person', 'Needs a person'), ('sent', 'Sent'), ('reversed', 'Reversed'), ('closed', 'Closed by hand'), ('booked_before', 'Booked before the hub')], default='imported', max_length=15),
        ),
    ]
