"""Give the demo office its invoice clients; a second time changes nothing."""

from datetime import date
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import transaction
from django.utils import timezone

from accounts.models import Connection
from accounts.operations import connecting
from organisations.management.commands._command import HubCommand
from organisations.management.commands.seed_demo import ORGANISATION, PEOPLE
from organisations.models import Organisation, Role, User
from organisations.operations import people
from organisations.rules import Level
from payments.models import Integration
from payments.operations import activating, clients
from payments.rights import BUSINESS, PAYMENTS_IMPORT, PAYMENTS_OVERVIEW

FETCH_FROM = date(2026, 8, 1)
CLEARING_ACCOUNT = "1579"
VOUCHER_TYPES = [1, 3, 9]
_KEY = "00000000-0000-4000-8000-0000000001{:02d}"
CLIENTS = (
    # number, name, organisation number, company in Business NXT, client key in PowerOffice Go
    ("1001", "Nordvik Eiendomsdrift AS", "970001018", "4110101", _KEY.format(1)),
    ("1002", "Havgløtt Rørlegger AS", "970001026", "4110102", _KEY.format(2)),
    # Its Visma company is left to be connected and chosen by who tries the hub.
    ("1003", "Storsalg Abonnement AS", "970001034", "", _KEY.format(3)),
)
_RIGHTS = (BUSINESS, PAYMENTS_OVERVIEW, PAYMENTS_IMPORT)
_ROLES = ("Administrator", "Finance")


class Command(HubCommand):
    """Give the demo office its invoice clients; a second time changes nothing."""

    help = "Give the demo office invoice clients, accounts and rights; only beside the sandbox."
    example = "python manage.py seed_demo_payments"

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        """Make what payments need, once; a worker then lets each account ask the sandbox."""
        if not settings.HUB_SANDBOX:
            raise CommandError(
                "The demo office belongs beside the sandbox. Set HUB_SANDBOX=1, or make your own "
                "accounts and invoice clients on the pages."
            )
        organisation = Organisation.objects.filter(name=ORGANISATION).first()
        if organisation is None:
            raise CommandError("There is no demo office yet. Run seed_demo first.")
        if not Integration.objects.of(organisation).exists():
            _fill(organisation)
        found = [str(one) for one in clients.clients_of(organisation)]
        self.answer(
            options,
            "Invoice clients, with accounts in the sandbox's Business NXT and PowerOffice Go:\n"
            + "\n".join(f"  {one}" for one in found),
            {"invoice_clients": found},
        )


def _fill(organisation: Organisation) -> None:
    administrator = User.objects.get(email=PEOPLE[0][0])
    for role in Role.objects.of(organisation).filter(name__in=_ROLES):
        people.change_rights(
            role=role,
            rights={**role.rights, **dict.fromkeys(_RIGHTS, Level.WRITE.value)},
            by=administrator,
        )
    now = timezone.now()
    activating.activate(organisation=organisation, by=administrator, now=now)
    activating.change_settings(
        organisation=organisation,
        marker="",
        marker_value="1",
        fetch_from=FETCH_FROM,
        mirrors_blocks=False,
        by=administrator,
        now=now,
    )
    for number, name, organisation_number, company, client_key in CLIENTS:
        source = _account(
            organisation, "businessnxt", name=name, tenant_id=company, by=administrator
        )
        target = _account(
            organisation, "powerofficego", name=name, own_key=client_key, by=administrator
        )
        values = {
            "number": number,
            "name": name,
            "organisation_number": organisation_number,
            "currency": "NOK",
            "source": source,
            "target": target,
            "voucher_types": VOUCHER_TYPES,
            "clearing_account": CLEARING_ACCOUNT,
        }
        clients.save_client(organisation=organisation, client=None, values=values, by=administrator)


def _account(
    organisation: Organisation,
    vendor: str,
    *,
    name: str,
    by: User,
    tenant_id: str = "",
    own_key: str = "",
) -> Connection | None:
    """Make an account, and let a worker ask the sandbox which company it reaches."""
    if not tenant_id and not own_key:
        return None
    account = connecting.create_connection(
        organisation=organisation,
        vendor=vendor,
        kind=Connection.Kind.SERVICE,
        name=name,
        tenant_id=tenant_id,
        by=by,
    )
    if own_key:
        account.own_key = own_key
        account.save(update_fields=["own_key"])
    connecting.authorise_service(connection=account, by=by, patient=True)
    return account
