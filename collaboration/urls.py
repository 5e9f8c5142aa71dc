"""Pages and what can be done on them."""

from django.urls import include, path

from collaboration.views import ad, ads, agent, home, importing, inbox, patterns, portfolio, settings, status, today

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
    path("inbox/<uuid:decision_key>/look-again/", inbox.look, name="decision-look"),
    path("inbox/<uuid:decision_key>/arrived/", inbox.arrived, name="decision-arrived"),
    path("inbox/<uuid:decision_key>/missing/", inbox.missing, name="decision-missing"),
    path("agent/", agent.agent, name="agent"),
    path("agent/start/", agent.start, name="cycle-start"),
    path("agent/journal/", agent.journal, name="agent-journal"),
    path("agent/<uuid:cycle_key>/", agent.cycle, name="cycle"),
    path("agent/<uuid:cycle_key>/live/", agent.cycle_live, name="cycle-live"),
    path("portfolio/", portfolio.portfolio, name="portfolio"),
    path("ads/", ads.ads, name="ads"),
    path("ads/<uuid:ad_key>/", ad.ad, name="ad"),
    path("settings/", settings.settings, name="settings"),
    path("settings/limits/", settings.limits, name="settings-limits"),
    path("settings/goal/", settings.goal, name="settings-goal"),
    path("settings/live/", settings.confirm_live, name="settings-live"),
    path("settings/stop/", settings.stop, name="settings-stop"),
    path("settings/release/", settings.release, name="settings-release"),
    path("settings/try-now/", settings.try_now, name="settings-try-now"),
    path("settings/people/", settings.add_member, name="settings-invite"),
    path("settings/people/<uuid:member_key>/", settings.member, name="settings-member"),
    path("settings/tokens/", settings.add_token, name="settings-token"),
    path("settings/tokens/<uuid:token_key>/revoke/", settings.drop_token, name="settings-token-drop"),
]

urlpatterns = [
    path("", home.home, name="home"),
    path("patterns/", patterns.patterns, name="patterns"),
    path("import/", importing.start, name="import"),
    path("import/<uuid:key>/", importing.file, name="import-file"),
    path("import/<uuid:key>/live/", importing.live, name="import-live"),
    path("import/<uuid:key>/confirm/", importing.confirm, name="import-confirm"),
    path("import/<uuid:key>/remove/", importing.drop, name="import-drop"),
    path("status/", status.status, name="status"),
    path("healthz", status.healthz, name="healthz"),
    path("metrics", status.metrics, name="metrics"),
    path("a/<uuid:key>/", include(account_pages)),
]
