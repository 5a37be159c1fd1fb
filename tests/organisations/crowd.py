"""
Processes that use one connection at the same moment; prints what each says, as JSON.

Run by `test_refresh_by_many.py`: python -m tests.organisations.crowd DATABASE CONNECTION PROCESSES,
with the environment of the suite.
"""

import json
import os
import sys
from dataclasses import asdict


def main(database: str, connection_id: int, processes: int) -> None:
    """Start the processes, let them go, and print their words."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "integrationhub.settings"
    import django
    from django.conf import settings

    settings.DATABASES["default"]["NAME"] = database
    settings.HUB_VENDORS.update(
        {name: value for name, value in os.environ.items() if name in settings.HUB_VENDORS}
    )
    django.setup()
    from benchmarks.refresh import Crowd

    crowd = Crowd(processes)
    said = crowd.use(connection_id)
    crowd.end()
    print(json.dumps([asdict(one) for one in said]))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
