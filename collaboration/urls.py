"""Pages and what can be done on them."""

from django.urls import include, path

from collaboration.views import home, inbox, patterns, settings, today

account_pages = [
    path("today/", today.today, name="today"),
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/bulk/", inbox.bulk, name="decision-bulk"),
    path("inbox/<uuid:decision_key>/", inbox.decision, name="decision"),
    path("inbox/<uuid:decision_key>/approve/", inbox.approve, name="decision-approve"),
    path("inbox/<uuid:decision_key>/reject/", inbox.reject, name="decision-reject"),
    path("inbox/<uuid:decision_key>/defer/", inbox.defer, name="decision-defer"),
    path("inbox/<uuid:decision_key>/change/", inbox.change, name="decision-change"),
    path("inbox/<uuid:decision_key>/undo/", inbox.take_back, name="decision-undo"),
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
