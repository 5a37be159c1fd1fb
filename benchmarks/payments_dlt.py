"""
The same pages loaded by dlt with merge, in its own virtual environment (requirements-bench.txt).

All pages in one load, which is what suits dlt best. It matches nothing, and the table that it makes
has no index but the one of its own row id. Called by benchmarks.payments.
"""

import json
import os
import resource
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "CRITICAL"

import dlt  # type: ignore[import-not-found,unused-ignore]

from benchmarks.payment_pages import Clock, Pages, number_in


def main(case: str, wanted: int) -> int:
    """Load one case, check that it did, and print what it took."""
    folder = Path(os.environ["HUB_DATA_DIR"])
    url = os.environ.get("DATABASE_URL", "")
    if url:
        destination = dlt.destinations.postgres(_with_a_password(url))
    else:
        destination = dlt.destinations.sqlalchemy(f"sqlite:///{folder / 'dlt.sqlite3'}")
    pipeline = dlt.pipeline(
        "bench",
        destination=destination,
        dataset_name="dlt",
        pipelines_dir=str(folder / "dlt-pipelines"),
    )
    pages = Pages(number_in(case, wanted))
    payments = dlt.resource(
        pages.rows(),
        name="payments",
        write_disposition="merge",
        primary_key=("journal_number", "audit_number"),
    )
    idle, clock = _peak_mb(), Clock(pages)
    pipeline.run(payments).raise_on_failed_jobs()
    measured = clock.read()
    with (
        pipeline.sql_client() as client,
        client.execute_query("SELECT count(*) FROM payments") as found,
    ):
        there = found.fetchone()[0]
    if there != pages.wanted:
        print(f"{there} of {pages.wanted} payments", file=sys.stderr)
        return 1
    print(json.dumps(measured | {"statements": None, "peak_mb": _peak_mb(), "idle_mb": idle}))
    return 0


def _with_a_password(url: str) -> str:
    """dlt refuses an address without one, even where the server asks for none."""
    parts = urlsplit(url)
    if parts.password is None:
        who, _, host = parts.netloc.rpartition("@")
        parts = parts._replace(netloc=f"{who or 'postgres'}:none@{host}")
    return urlunsplit(parts._replace(scheme="postgresql"))


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
