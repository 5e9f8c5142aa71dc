"""For those who serve by ASGI."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mediabuyer.settings")
os.environ["IS_WEB"] = "1"
application = get_asgi_application()
