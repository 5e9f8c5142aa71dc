"""What gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mediabuyer.settings")
os.environ.setdefault("STATEMENT_SECONDS", "30")  # somebody waits, and holds a thread that others wait for
application = get_wsgi_application()
