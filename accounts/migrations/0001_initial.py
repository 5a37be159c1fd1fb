
import django.db.models.deletion
import django.utils.timezone
import background.encrypted
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('organisations', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Gap',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('since', models.DateTimeField()),
                ('settles_at', models.DateTimeField()),
                ('reason', models.CharField(max_length=40)),
            ],
        ),
        migrations.CreateModel(
            name='Installation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('identity', models.UUIDField(default=uuid.uuid4, editable=False)),
                ('seen_at', models.DateTimeField()),
                ('stopped_at', models.DateTimeField(blank=True, null=True)),
                ('evidence', models.JSONField(blank=True, default=dict)),
            ],
        ),
        migrations.CreateModel(
            name='Connection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('vendor', models.CharField(max_length=30)),
                ('kind', models.CharField(choices=[('interactive', 'A user signs in'), ('service', 'Service (no user)'), ('database', 'Database (read only)')], default='interactive', max_length=20, verbose_name='kind')),
                ('name', models.CharField(max_length=120, verbose_name='user name')),
                ('state', models.CharField(choices=[('not_authorised', 'Not authorised'), ('authorised', 'Authorised'), ('sign_in_again', 'Sign in again')], default='not_authorised', max_length=20)),
                ('state_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('tenant_id', models.CharField(blank=True, max_length=64)),
                ('subject', models.CharField(blank=True, max_length=120)),
                ('administration_name', models.CharField(blank=True, max_length=200)),
                ('administration_number', models.CharField(blank=True, max_length=60)),
                ('administration_currency', models.CharField(blank=True, max_length=3)),
                ('administration_organisation_number', models.CharField(blank=True, max_length=30)),
                ('own_key', background.encrypted.EncryptedTextField(blank=True)),
                ('access_token', background.encrypted.EncryptedTextField(blank=True)),
                ('refresh_token', background.encrypted.EncryptedTextField(blank=True)),
                ('id_token', background.encrypted.EncryptedTextField(blank=True)),
                ('scope', models.TextField(blank=True)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('refreshed_at', models.DateTimeField(blank=True, null=True)),
                ('version', models.PositiveIntegerField(default=0)),
                ('asked_version', models.PositiveIntegerField(blank=True, null=True)),
                ('strikes', models.PositiveSmallIntegerField(default=0)),
                ('struck_at', models.DateTimeField(blank=True, null=True)),
                ('failure_code', models.CharField(blank=True, max_length=80)),
                ('failure_params', models.JSONField(blank=True, default=dict)),
                ('failure_detail', models.TextField(blank=True)),
                ('failure_at', models.DateTimeField(blank=True, null=True)),
                ('not_before', models.DateTimeField(blank=True, null=True)),
                ('rung_at', models.DateTimeField(blank=True, null=True)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='connections', to='organisations.organisation')),
                ('owner', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Host',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('identity', models.CharField(max_length=64, unique=True)),
                ('name', models.CharField(max_length=120)),
                ('place', models.CharField(max_length=300)),
                ('first_seen_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('seen_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('boot', models.CharField(blank=True, max_length=64)),
                ('hardware', models.CharField(blank=True, max_length=120)),
                ('confirmed_at', models.DateTimeField(blank=True, null=True)),
                ('confirmed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='LedgerProof',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('work', models.CharField(choices=[('journals', 'Journals'), ('payments', 'Payments')], max_length=10)),
                ('gap_id', models.BigIntegerField(default=0)),
                ('asked_at', models.DateTimeField()),
                ('strange', models.JSONField(blank=True, default=list)),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='proofs', to='accounts.connection')),
            ],
        ),
        migrations.CreateModel(
            name='Restore',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('backup_taken_at', models.DateTimeField()),
                ('watch_until', models.DateTimeField()),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('backup_taken_at__lte', models.F('at')), ('at__lt', models.F('watch_until'))), name='restore_lies_between_backup_and_end_of_watch')],
            },
        ),
        migrations.CreateModel(
            name='SignInAttempt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state_hash', models.CharField(blank=True, max_length=64)),
                ('secret', background.encrypted.EncryptedTextField(blank=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('used_at', models.DateTimeField(blank=True, null=True)),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='attempts', to='accounts.connection')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='organisations.organisation')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.AddConstraint(
            model_name='connection',
            constraint=models.UniqueConstraint(condition=models.Q(('tenant_id', ''), _negated=True), fields=('organisation', 'vendor', 'tenant_id'), name='vendor_company_is_connected_once'),
        ),
        migrations.AddConstraint(
            model_name='connection',
            constraint=models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='connection_has_a_user_name'),
        ),
        migrations.AddConstraint(
            model_name='connection',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'authorised'), _negated=True), models.Q(('tenant_id', ''), _negated=True), _connector='OR'), name='authorised_connection_knows_its_company'),
        ),
        migrations.AddConstraint(
            model_name='ledgerproof',
            constraint=models.UniqueConstraint(fields=('connection', 'work'), name='ledger_is_proven_once_for_each_work'),
        ),
    ]
