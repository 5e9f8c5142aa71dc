"""What is reachable by REST, and its description. Names things, decides nothing."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from campaigns import api as campaigns
from campaigns import api_imports as imports
from mediabuyer.agent import api as agent
from mediabuyer.agent import api_ask as asking
from mediabuyer.agent import api_settling as settling
from portfolio import api as portfolio
from portfolio import api_orders as orders

of_account = [
    path("", campaigns.Account.as_view(), name="api-account"),
    path("campaigns/", campaigns.Campaigns.as_view(), name="api-campaigns"),
    path("insights/", portfolio.Insights.as_view(), name="api-insights"),
    path("conversions/", orders.Conversions.as_view(), name="api-conversions"),
    path("decisions/", asking.Decisions.as_view(), name="api-decisions"),
    path("cycles/", agent.Cycles.as_view(), name="api-cycles"),
    path("journal/", campaigns.Journal.as_view(), name="api-journal"),
]

urlpatterns = [
    path("accounts/", campaigns.Accounts.as_view(), name="api-accounts"),
    path("accounts/<uuid:key>/", include(of_account)),
    path("decisions/<uuid:key>/", agent.OneDecision.as_view(), name="api-decision"),
    path("decisions/<uuid:key>/approve/", agent.Approve.as_view(), name="api-decision-approve"),
    path("decisions/<uuid:key>/reject/", agent.Reject.as_view(), name="api-decision-reject"),
    path("decisions/<uuid:key>/retract/", asking.Retract.as_view(), name="api-decision-retract"),
    path("decisions/<uuid:key>/undo/", agent.Undo.as_view(), name="api-decision-undo"),
    path("decisions/<uuid:key>/look-again/", settling.LookAgain.as_view(), name="api-decision-look"),
    path("decisions/<uuid:key>/arrived/", settling.Arrived.as_view(), name="api-decision-arrived"),
    path("decisions/<uuid:key>/missing/", settling.Missing.as_view(), name="api-decision-missing"),
    path("cycles/<uuid:key>/", agent.OneCycle.as_view(), name="api-cycle"),
    path("imports/", imports.Imports.as_view(), name="api-imports"),
    path("imports/<uuid:key>/", imports.OneImport.as_view(), name="api-import"),
    path("imports/<uuid:key>/confirm/", imports.Confirm.as_view(), name="api-import-confirm"),
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("docs/", login_required(SpectacularSwaggerSplitView.as_view(url_name="api-schema")), name="api-docs"),
]
