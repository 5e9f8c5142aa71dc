"""What is reachable. Names things, decides nothing."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path
from django.views.decorators.http import require_safe

handler500 = "collaboration.views.errors.server_error"

# The admin's own form asks for the password alone, and its session would be good for the whole site: nobody reaches it.
admin.site.login = secure_admin_login(require_safe(admin.site.login))  # type: ignore[method-assign]

urlpatterns = [
    path("", include("collaboration.urls")),
    path("api/", include("mediabuyer.api")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
]
