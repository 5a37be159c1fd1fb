"""
An event is in two indexes less: each is paid for by every payment that is fetched.

The unique index of a payment, its invoice and the round has the mirrors in it too, so that it
serves whoever asks for the events of a payment, and their own index goes. What undoes nothing,
nearly all of them, is in no index of what is undone.

On PostgreSQL no table is rewritten; making the two holds up writes to events for seconds at a
million rows. SQLite writes the table anew, which takes about as long.
"""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models.functions import Coalesce


class Migration(migrations.Migration):

    dependencies = [("payments", "0003_fewer_indexes_on_payments")]

    operations = [
        migrations.RemoveConstraint(
            model_name="settlement",
            name="payment_is_on_an_invoice_once",
        ),
        migrations.AddConstraint(
            model_name="settlement",
            constraint=models.UniqueConstraint(
                "payment",
                "invoice",
                "round",
                Coalesce("undoes", 0),
                name="payment_is_on_an_invoice_once",
            ),
        ),
        migrations.AlterField(
            model_name="settlement",
            name="payment",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="settlements",
                to="payments.payment",
            ),
        ),
        migrations.AlterField(
            model_name="settlement",
            name="undoes",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="undone_by",
                to="payments.settlement",
            ),
        ),
        migrations.AddConstraint(
            model_name="settlement",
            constraint=models.UniqueConstraint(
                condition=models.Q(undoes__isnull=False),
                fields=["undoes"],
                name="settlement_is_undone_once",
            ),
        ),
    ]
