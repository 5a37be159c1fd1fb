"""The web process, for any WSGI server: `gunicorn integrationhub.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integrationhub.settings")
os.environ.setdefault("HUB_PROCESS", "web")

application = get_wsgi_application()
