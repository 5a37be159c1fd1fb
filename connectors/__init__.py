"""How to talk to each vendor. No Django, no database, no Celery: everything is passed in."""
