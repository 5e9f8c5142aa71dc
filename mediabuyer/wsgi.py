"""What gunicorn serves."""

import gc
import os
from importlib import import_module

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mediabuyer.settings")
os.environ["IS_WEB"] = "1"
application = get_wsgi_application()
import_module("mediabuyer.urls")  # all pages, so that the first visitor does not wait for them
# What is loaded by now stays as long as the process: a full pass over it would cost every fifth visit some 100 ms.
gc.collect()
gc.freeze()
