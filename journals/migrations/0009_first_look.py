"""B17: what was asked before the first journal of a mapping, and the answer."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('organisations', '0001_initial'),
        ('accounts', '0001_initial'),
        ('journals', '0008_amounts_wider_than_the_door'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='FirstLook',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('looked_at', models.DateTimeField()),
                ('listed', models.BooleanField(default=True)),
                ('held', models.JSONField(blank=True, default=list)),
                ('held_count', models.PositiveIntegerField(default=0)),
                ('answer', models.CharField(blank=True, choices=[('another', 'It is another one: send'), ('booked_before', 'Booked before the hub: never send')], max_length=15)),
                ('answered_at', models.DateTimeField(blank=True, null=True)),
                ('reason', models.CharField(blank=True, max_length=300)),
                ('answered_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('journal', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='first_look', to='journals.journal')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='organisations.organisation')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('answer', ''), ('answered_at__isnull', False), _connector='OR'), name='answer_of_a_first_look_has_a_time')],
            },
        ),
    ]
