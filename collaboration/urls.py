"""Pages and what can be done on them."""

from django.urls import include, path

from collaboration.views import home, patterns, settings

account_pages = [
    path("settings/", settings.settings, name="settings"),
    path("settings/limits/", settings.limits, name="settings-limits"),
    path("settings/goal/", settings.goal, name="settings-goal"),
    path("settings/live/", settings.confirm_live, name="settings-live"),
    path("settings/stop/", settings.stop, name="settings-stop"),
    path("settings/release/", settings.release, name="settings-release"),
    path("settings/people/", settings.add_member, name="settings-invite"),
    path("settings/people/<uuid:member_key>/", settings.member, name="settings-member"),
    path("settings/tokens/", settings.add_token, name="settings-token"),
    path("settings/tokens/<uuid:token_key>/revoke/", settings.drop_token, name="settings-token-drop"),
]

urlpatterns = [
    path("", home.home, name="home"),
    path("patterns/", patterns.patterns, name="patterns"),
    path("a/<uuid:key>/", include(account_pages)),
]
