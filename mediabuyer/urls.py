"""What is reachable. Names things, decides nothing."""

from django.contrib import admin
from django.urls import include, path

handler500 = "collaboration.views.errors.server_error"

urlpatterns = [
    path("", include("collaboration.urls")),
    path("api/", include("mediabuyer.api")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
]
