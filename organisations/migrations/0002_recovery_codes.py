from django.db import migrations


class Migration(migrations.Migration):
    """Recovery codes are django-otp's, whose tables refer to our users."""

    dependencies = [
        ('organisations', '0001_initial'),
        ('otp_static', '0003_add_timestamps'),
    ]

    operations = [
        migrations.CreateModel(
            name='RecoveryCodes',
            fields=[
            ],
            options={
                'proxy': True,
                'indexes': [],
                'constraints': [],
            },
            bases=('otp_static.staticdevice',),
        ),
    ]
