"""Twelve processes share one expired token: it is redeemed once, and none of them fails."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection as database

from accounts.models import Connection
from background.models import Lease
from sandbox import seed
from tests import factories
from tests.connectors.identity import grant_for

ROOT = Path(__file__).resolve().parents[2]
PROCESSES = 12


def let_them_use(connection: Connection) -> list[dict[str, Any]]:
    """Let real processes use the connection at the same moment; return what each says."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.accounts.crowd",
            str(database.settings_dict["NAME"]),
            str(connection.pk),
            str(PROCESSES),
        ],
        cwd=ROOT,
        env={**os.environ, **{k: v for k, v in django_settings.HUB_VENDORS.items() if v}},
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    said: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return said


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_twelve_processes_with_one_expired_token_redeem_it_once(sandbox: Any) -> None:
    grant = grant_for(sandbox.url, seed.AKERIET)
    connection = factories.connection(
        factories.organisation(),
        tenant_id=seed.AKERIET,
        subject=grant.subject,
        access_token=grant.access_token,
        refresh_token=grant.refresh_token,
        expires_at=datetime.now(UTC) - timedelta(minutes=1),
    )
    sandbox.store.setup.expire_access_tokens()
    before = len(sandbox.store.requests(call="token"))

    said = let_them_use(connection)

    assert [one["failure"] for one in said] == [""] * PROCESSES
    assert len(sandbox.store.requests(call="token")) - before == 1
    connection.refresh_from_db()
    assert connection.is_authorised
    assert connection.refresh_token != grant.refresh_token
    assert connection.version == 1
    assert not Lease.objects.exclude(owner="").exists()
