"""Meta by its official SDK; the only module that imports it.

Two things of the SDK are not used: `FacebookAdsApi.init`, which sets a process-wide account and installs a hook that
posts crash reports to Meta, and its verdict on answers, which takes an HTML error page for success. Each account has a
session of its own that can reach one host and no other.
"""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

import requests
from django.conf import settings
from facebook_business.adobjects.ad import Ad
from facebook_business.adobjects.adaccount import AdAccount as MetaAccount
from facebook_business.adobjects.adcreative import AdCreative
from facebook_business.adobjects.adreportrun import AdReportRun
from facebook_business.adobjects.adset import AdSet
from facebook_business.adobjects.campaign import Campaign
from facebook_business.adobjects.pagepost import PagePost
from facebook_business.api import FacebookAdsApi
from facebook_business.exceptions import FacebookError
from facebook_business.session import FacebookSession

from campaigns.models import AdAccount
from campaigns.platforms.base import (
    AccountRow,
    ChangeKind,
    CommentRow,
    Found,
    InsightRow,
    Level,
    PlatformChange,
    Receipt,
    Structure,
    marker_text,
)
from campaigns.platforms.bounded import BoundedSession
from campaigns.platforms.meta_access import LIVE, check_writable, graph_of, keys_of
from campaigns.platforms.meta_changes import parameters_for
from campaigns.platforms.meta_errors import TOO_MUCH, Usage, lost, read_error, read_usage
from campaigns.platforms.meta_rows import (
    account_row,
    ad_row,
    ad_set_row,
    campaign_row,
    comment_row,
    insight_row,
    read_time,
)
from mediabuyer.lib.clock import wall_now
from mediabuyer.lib.errors import Fault, PlatformError
from mediabuyer.lib.money import from_minor

STOP_AT = 95.0
"""Percent of an allowance at which we stop by ourselves; at 100 Meta blocks the account for everybody who uses it."""
PAUSE_AT_LIMIT = timedelta(minutes=1)
PAGE = 200
INSIGHTS_PAGE = 500
SHORT_DAYS = 3
"""Ranges up to this are asked directly; longer ones as a job at Meta."""
JOB_LIMIT = 900.0
CLOCK_SECONDS = 2.0
"""A page may wait for a sandbox's clock, but not for long."""
FIRST_POLL, SANDBOX_POLL, LONGEST_POLL = 0.1, 0.01, 5.0  # a sandbox moves a job one stage on with each look

GONE = ("ARCHIVED", "DELETED")
EVERY_STATUS = (
    "ACTIVE",
    "PAUSED",
    "CAMPAIGN_PAUSED",
    "ADSET_PAUSED",
    "PENDING_REVIEW",
    "PREAPPROVED",
    "DISAPPROVED",
    "PENDING_BILLING_INFO",
    "IN_PROCESS",
    "WITH_ISSUES",
    *GONE,
)
STATE = "id,name,status,configured_status,effective_status"
ACCOUNT_FIELDS = "id,name,currency,timezone_name,account_status,amount_spent,spend_cap"
CAMPAIGN_FIELDS = f"{STATE},objective,daily_budget,lifetime_budget,bid_strategy,created_time"
AD_SET_FIELDS = (
    f"{STATE},campaign_id,daily_budget,lifetime_budget,optimization_goal,learning_stage_info,targeting,created_time"
)
CREATIVE_FIELDS = (
    "id,name,title,body,object_story_spec,asset_feed_spec,image_hash,link_url,call_to_action_type,"
    "effective_object_story_id"
)
AD_FIELDS = (
    f"{STATE},adset_id,campaign_id,created_time,ad_review_feedback,adlabels{{name}},creative{{{CREATIVE_FIELDS}}}"
)
INSIGHT_FIELDS = "ad_id,objective,impressions,reach,clicks,inline_link_clicks,spend,actions,action_values"
WINDOWS = ["1d_click", "7d_click", "28d_click"]

SHAPE_ERRORS = (TypeError, ValueError, KeyError, AttributeError, ArithmeticError, FacebookError)

NODES: dict[Level, Any] = {
    Level.CAMPAIGN: Campaign,
    Level.AD_SET: AdSet,
    Level.AD: Ad,
    Level.CREATIVE: AdCreative,
}
EDGES = {
    Level.CAMPAIGN: "campaigns",
    Level.AD_SET: "adsets",
    Level.AD: "ads",
    Level.CREATIVE: "adcreatives",
}
CREATORS = {
    ChangeKind.CREATE_CAMPAIGN: "create_campaign",
    ChangeKind.CREATE_AD_SET: "create_ad_set",
    ChangeKind.CREATE_CREATIVE: "create_ad_creative",
    ChangeKind.CREATE_AD: "create_ad",
}

warnings.filterwarnings("ignore", module=r"facebook_business\.")  # it warns of parameters newer than its own list


class MetaPlatform:
    """One ad account at Meta or in a sandbox that speaks as Meta does."""

    def __init__(self, account: AdAccount) -> None:
        graph, keys = graph_of(account), keys_of(account)
        token, app_secret = keys["access_token"], keys.get("app_secret") or ""
        self.account = account
        self.usage = Usage()
        self.page_id = str(keys.get("page_id") or "")
        self._resume_at = 0.0
        self._is_write = False
        self._answer: Mapping[str, Any] = {}
        session = FacebookSession(keys.get("app_id"), app_secret or None, token, timeout=settings.PLATFORM_TIMEOUT)
        session.GRAPH = graph
        self._secrets = tuple(
            secret for secret in (token, app_secret, getattr(session, "appsecret_proof", "")) if secret
        )
        self._http = BoundedSession(graph, settings.PLATFORM_TIMEOUT, judge=self._judge)
        self._http.params, self._http.verify = session.requests.params, session.requests.verify
        self._http.trust_env = graph == LIVE  # a proxy of the machine must not see a sandbox's traffic
        session.requests = self._http
        self._api = FacebookAdsApi(session)
        self._meta = MetaAccount(f"act_{account.external_id.removeprefix('act_')}", api=self._api)

    # --- reads ---------------------------------------------------------------------------------------------------

    def read_now(self) -> datetime:
        if self.account.mode != AdAccount.Mode.SANDBOX:
            return wall_now()
        with self._calling():
            clock = f"{self._http.base}/_sandbox/clock"
            answer = self._http.request("GET", clock, limit=CLOCK_SECONDS, timeout=CLOCK_SECONDS)
            return read_time(answer.json()["now"])

    def read_account(self) -> AccountRow:
        with self._calling():
            return account_row(self._meta.api_get(fields=[ACCOUNT_FIELDS]).export_all_data())

    def read_structure(self) -> Structure:
        """The whole tree, with what was archived or deleted too, so that a missing object is truly gone."""
        account = self.read_account()
        campaigns, ad_sets, ads = (
            self._all(level, fields)
            for level, fields in (
                (Level.CAMPAIGN, CAMPAIGN_FIELDS),
                (Level.AD_SET, AD_SET_FIELDS),
                (Level.AD, AD_FIELDS),
            )
        )
        with self._calling():
            return Structure(
                account=account,
                campaigns=tuple(campaign_row(node, account.currency) for node in campaigns),
                ad_sets=tuple(ad_set_row(node, account.currency) for node in ad_sets),
                ads=tuple(ad_row(node) for node in ads),
            )

    def read_insights(self, since: date, until: date, breakdown: str = "") -> Iterator[InsightRow]:
        """Short ranges directly, longer ones as a job; what is too much for Meta is asked again in halves."""
        wanted = self._insight_params(since, until, breakdown)
        try:
            if (until - since).days < SHORT_DAYS:
                rows = list(self._insight_rows(self._meta["id"], wanted, breakdown))
            else:
                rows = list(self._insight_rows(self._run_job(wanted), {"limit": INSIGHTS_PAGE}, breakdown))
        except PlatformError as error:
            if (error.code, error.subcode) not in TOO_MUCH or since == until:
                raise
            middle = since + (until - since) // 2
            yield from self.read_insights(since, middle, breakdown)
            yield from self.read_insights(middle + timedelta(days=1), until, breakdown)
            return
        yield from rows

    def read_comments(self, since: datetime) -> Iterator[CommentRow]:
        """Comments under the posts behind our ads; two ads may share a post, which is then read once."""
        stories: dict[str, str] = {}
        for node in self._all(Level.AD, "id,creative{effective_object_story_id}", gone=False):
            story = (node.get("creative") or {}).get("effective_object_story_id")
            if story:
                stories.setdefault(str(story), str(node["id"]))
        wanted = {"filter": "stream", "since": int(since.timestamp()), "limit": PAGE}
        fields = ["id,message,from,created_time,like_count,is_hidden"]
        for story, ad_id in stories.items():
            try:
                with self._calling():
                    cursor = PagePost(story, api=self._api).get_comments(fields=fields, params=wanted)
                    rows = [comment_row(node.export_all_data(), ad_id) for node in cursor]
            except PlatformError as error:
                if error.fault is not Fault.MISSING:
                    raise
                continue  # the post was removed; its ad may still be listed
            yield from rows

    def read_state(self, level: Level, external_id: str) -> dict[str, Any]:
        has_budget = level in (Level.CAMPAIGN, Level.AD_SET)
        fields = {Level.CREATIVE: "id,name,status"}.get(level, STATE) + (",daily_budget" if has_budget else "")
        with self._calling():
            node = NODES[level](external_id, api=self._api).api_get(fields=[fields]).export_all_data()
            state = {name: str(node.get(name) or "") for name in ("name", "status", "effective_status")}
            if has_budget:
                minor = node.get("daily_budget")
                state["daily_budget"] = str(from_minor(minor, self.account.currency)) if minor else ""
            return state

    def find_by_marker(self, level: Level, marker: str) -> list[Found]:
        """Objects whose name carries exactly this marker, archived and deleted ones too."""
        wanted = [{"field": "name", "operator": "CONTAIN", "value": marker_text(marker)}]
        nodes = self._all(level, "id,name,status", filtering=wanted)
        return [
            Found(str(node["id"]), level, str(node["name"]), str(node.get("status") or ""))
            for node in nodes
            if str(node.get("name") or "").endswith(marker_text(marker))
        ]

    # --- writes --------------------------------------------------------------------------------------------------

    def apply(self, change: PlatformChange, marker: str, before_send: Callable[[], None]) -> Receipt:
        check_writable(self.account)
        params = parameters_for(change, marker, self.account.currency, self.page_id)
        is_relief = change.kind is ChangeKind.SET_STATUS and params["status"] != "ACTIVE"
        with self._calling(is_write=True, at_limit=is_relief, before_send=before_send):
            if change.kind.creates:
                answer = getattr(self._meta, CREATORS[change.kind])(params=params).export_all_data()
                return Receipt(self._id_of(answer), {"id": self._id_of(answer)})
            NODES[change.level](change.external_id, api=self._api).api_update(params=params)
            return Receipt(change.external_id, {"success": True})

    def _id_of(self, answer: Mapping[str, Any]) -> str:
        if not str(answer.get("id") or "").isdigit():
            raise lost("it did not say what it made.", is_write=True)
        return str(answer["id"])

    # --- how it is asked -----------------------------------------------------------------------------------------

    def _all(self, level: Level, fields: str, *, gone: bool = True, **params: Any) -> list[dict[str, Any]]:
        """An edge of the account; archived and deleted objects are listed only when asked for. Creatives know neither
        a status to ask by nor a filter, so theirs is the plain list."""
        plain = level is Level.CREATIVE
        asked: list[dict[str, Any]] = [{} if plain else params]
        if gone and not plain:
            asked.append({**params, "effective_status": list(GONE)})
        nodes: dict[str, dict[str, Any]] = {}
        for one in asked:
            nodes |= self._listed(EDGES[level], {"fields": fields, "limit": PAGE, "summary": True, **one})
        return list(nodes.values())

    def _listed(self, edge: str, wanted: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """By id. Fewer than Meta counts is no answer: what is missing here would be taken for deleted."""
        nodes: dict[str, dict[str, Any]] = {}
        for answer in self._pages(self._meta["id"], edge, wanted):
            with self._calling(at_limit=True):
                nodes |= {str(node["id"]): dict(node) for node in answer["data"]}
                count = (answer.get("summary") or {}).get("total_count")
        if isinstance(count, int) and len(nodes) < count:
            raise lost(f"it listed {len(nodes)} of {count} {edge}.", is_write=False)
        return nodes

    def _pages(self, node: str, edge: str, wanted: dict[str, Any]) -> Iterator[Mapping[str, Any]]:
        """Answers of an edge until none follows. A page may be empty and not the last, where the SDK's cursor ends;
        and making its typed objects takes longer than everything else together."""
        after: dict[str, Any] = {}
        while True:
            with self._calling():
                self._api.call("GET", (node, edge), params={**wanted, **after})
                answer = self._answer
                follows = (answer.get("paging") or {}).get("next") and {"after": answer["paging"]["cursors"]["after"]}
            yield answer
            if not follows:
                return
            if follows == after:
                raise lost("the same page follows itself.", is_write=False)
            after = follows

    def _insight_params(self, since: date, until: date, breakdown: str) -> dict[str, Any]:
        params = {
            "level": "ad",
            "time_increment": 1,
            "limit": INSIGHTS_PAGE,
            "action_attribution_windows": WINDOWS,
            "time_range": {"since": since.isoformat(), "until": until.isoformat()},
            "fields": INSIGHT_FIELDS,
            "filtering": [{"field": "ad.effective_status", "operator": "IN", "value": list(EVERY_STATUS)}],
        }
        return params | ({"breakdowns": breakdown.split(",")} if breakdown else {})

    def _run_job(self, wanted: dict[str, Any]) -> str:
        """Asks Meta to prepare the rows, waits for it with growing pauses, and names the finished job."""
        with self._calling():
            run = self._meta.get_insights_async(params=wanted)
        pause = SANDBOX_POLL if self.account.mode == AdAccount.Mode.SANDBOX else FIRST_POLL
        deadline = time.monotonic() + JOB_LIMIT
        while not self._is_ready(run):
            if time.monotonic() > deadline:
                raise lost("the insights job did not end in time.", is_write=False)
            time.sleep(pause)
            pause = min(pause * 1.6, LONGEST_POLL)
        return str(run["id"])

    def _is_ready(self, run: Any) -> bool:
        with self._calling():
            fields = ["async_status", "async_percent_completion", "error_code", "error_subcode", "error_message"]
            job = AdReportRun(run["id"], api=self._api).api_get(fields=fields).export_all_data()
        if job.get("async_status") in ("Job Failed", "Job Skipped"):
            raise PlatformError(
                Fault.TRANSIENT, f"Meta's insights job ended as “{job['async_status']}”.", code=-2, subcode=2490547
            )
        return bool(job.get("async_status") == "Job Completed" and job.get("async_percent_completion") == 100)

    def _insight_rows(self, node: str, wanted: dict[str, Any], breakdown: str) -> Iterator[InsightRow]:
        for answer in self._pages(node, "insights", wanted):
            with self._calling(at_limit=True):
                rows = [insight_row(one, breakdown) for one in answer["data"]]
            yield from rows

    @contextmanager
    def _calling(
        self, *, is_write: bool = False, at_limit: bool = False, before_send: Callable[[], None] | None = None
    ) -> Iterator[None]:
        """Whatever goes wrong inside leaves as a `PlatformError` without secrets; `before_send`'s own errors pass."""
        if not at_limit:
            self._stop_at_limit()
        self._is_write, self._http.before_send = is_write, before_send
        self._http.has_written, self._http.called_off = False, None
        try:
            yield
        except PlatformError:
            raise
        except Exception as error:  # noqa: BLE001 - what is not understood is raised again
            if self._http.called_off is not None:
                raise self._http.called_off from None
            raise self._understood(error) from None
        finally:
            self._http.before_send = None

    def _understood(self, error: Exception) -> Exception:
        """A broken connection or an answer of the wrong shape; our own mistakes stay what they are."""
        may_have_arrived = self._is_write and self._http.has_written
        if isinstance(error, requests.Timeout):
            return lost("it took too long.", is_write=may_have_arrived)
        if isinstance(error, (requests.RequestException, OSError)):
            return lost(f"{type(error).__name__}.", is_write=may_have_arrived)
        if isinstance(error, SHAPE_ERRORS) and (self._http.has_written or not self._is_write):
            return lost(f"unexpected shape ({type(error).__name__}).", is_write=self._is_write)
        return error

    def _stop_at_limit(self) -> None:
        left = self._resume_at - time.monotonic()
        if left > 0:
            raise PlatformError(
                Fault.RATE,
                f"The account has used {self.usage.percent:.0f} % of its calls at Meta.",
                wait=timedelta(seconds=left),
            )

    def _judge(self, answer: requests.Response) -> None:
        """Our verdict on each answer, before the SDK has one: an error, no usable answer, or nothing to say."""
        self.usage = read_usage(answer.headers)
        if self.usage.percent >= STOP_AT:
            self._resume_at = time.monotonic() + (self.usage.wait or PAUSE_AT_LIMIT).total_seconds()
        try:
            body = json.loads(answer.content)
        except ValueError:
            raise lost(f"HTTP {answer.status_code} without JSON.", is_write=self._is_write) from None
        if isinstance(body, Mapping) and "error" in body:
            raise read_error(body, is_write=self._is_write, usage=self.usage, secrets=self._secrets)
        if answer.status_code // 100 != 2 or not isinstance(body, Mapping) or body.get("success") is False:
            raise lost(f"HTTP {answer.status_code} of another shape.", is_write=self._is_write)
        self._answer = body


def connect(account: AdAccount) -> MetaPlatform:
    return MetaPlatform(account)
