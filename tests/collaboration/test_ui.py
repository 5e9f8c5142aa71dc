"""How figures, times and states are written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message
from django.core.paginator import Paginator
from django.template import Context, RequestContext, Template
from django.test import RequestFactory
from django.utils.safestring import mark_safe

from collaboration.columns import Cell
from collaboration.templatetags import ui
from tests.factories import AccountFactory

NOW = datetime(2026, 11, 19, 17, 12, tzinfo=UTC)


def rendered(source: str, **context: Any) -> str:
    return Template(source).render(Context({"now": NOW, **context}))


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        (Decimal("1234.56"), "EUR", "€1,234.56"),
        (Decimal("-3"), "EUR", "−€3.00"),
        (1234.5, "JPY", "¥1,234"),
        (Decimal("12"), "CHF", "CHF 12.00"),
        (0, "USD", "$0.00"),
        (None, "EUR", "–"),
        (float("nan"), "EUR", "–"),
    ],
)
def test_money_is_written_with_its_currency(value: Any, currency: str, text: str) -> None:
    assert ui.money(value, currency) == text


def test_money_whole_and_signed() -> None:
    assert ui.money_whole(Decimal("14239.54"), "EUR") == "€14,240"
    assert ui.money_signed(Decimal("5.84"), "EUR") == "+€5.84"
    assert ui.money_signed(Decimal("-0.60"), "EUR") == "−€0.60"
    assert ui.money_signed(Decimal("-1306.16"), "EUR") == "−€1,306"
    assert ui.money_signed(Decimal("0"), "EUR") == "€0.00"


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(1204551, 0, "1,204,551"), (2.087, 2, "2.09"), (-0.064, 2, "−0.06"), (None, 2, "–"), (float("inf"), 0, "–")],
)
def test_number_is_grouped_and_rounded(value: Any, digits: int, text: str) -> None:
    assert ui.number(value, digits) == text


@pytest.mark.parametrize(
    ("value", "digits", "text"), [(0.17, 2, "+0.17"), (-0.04, 2, "−0.04"), (0.001, 2, "0.00"), (None, 2, "–")]
)
def test_signed_marks_gains_and_losses(value: Any, digits: int, text: str) -> None:
    assert ui.signed(value, digits) == text


def test_percent_takes_a_ratio() -> None:
    assert ui.percent(0.0134, 2) == "1.34%"
    assert ui.percent_signed(-0.097) == "−9.7%"
    assert ui.percent(None) == "–"


def test_dash_keeps_zero() -> None:
    assert ui.dash(0) == 0
    assert ui.dash(None) == "–"
    assert ui.dash("") == "–"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(3, "3 s"), (158, "2 min 38 s"), (64, "1 min 04 s"), (13_680, "3 h 48 min"), (180_000, "2 d 2 h"), (None, "–")],
)
def test_duration_uses_two_units(seconds: Any, text: str) -> None:
    assert ui.duration(seconds) == text


@pytest.mark.parametrize(
    ("gap", "text"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=6), "6 min ago"),
        (timedelta(hours=1), "1 h ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=3), "3 days ago"),
        (timedelta(days=21), "3 weeks ago"),
        (-timedelta(hours=4), "in 4 h"),
    ],
)
def test_since_speaks_as_people_do(gap: timedelta, text: str) -> None:
    assert ui.since(NOW - gap, NOW) == text


def test_ago_is_measured_by_the_clock_of_the_page() -> None:
    html = rendered("{% ago when %}", when=NOW - timedelta(minutes=6))
    assert html == (
        '<time class="" datetime="2026-11-19T17:06:00+00:00" title="Thu 19 Nov 2026, 17:06 UTC" data-ago>'
        "6 min ago</time>"
    )


def test_hover_tells_the_hour_of_the_account() -> None:
    html = rendered("{% ago when %}", when=NOW, account=AccountFactory.build(time_zone="Europe/Berlin"))
    assert 'datetime="2026-11-19T18:12:00+01:00" title="Thu 19 Nov 2026, 18:12 Berlin"' in html


@pytest.mark.parametrize(
    ("arguments", "tone", "text"),
    [
        ('0.148 good="up"', "good", "+14.8%"),
        ('-0.097 good="down"', "good", "−9.7%"),
        ('-0.019 good="up"', "bad", "−1.9%"),
        ("0.056", "", "+5.6%"),
        ('0.17 "number" "up" digits=2', "good", "+0.17"),
        ('149.2 "money" "up" "EUR" 2', "good", "+€149.20"),
        ('1149.2 "money" "up" "EUR" 2', "good", "+€1,149<"),
        ('9579.12 "money" "up" "IDR" 2', "good", "+Rp9,579<"),
        ('579.12 "money" "up" "IDR" 2', "good", "+Rp579<"),
        ("0", "", "no change"),
        ("0.0001 'percent' 'up'", "", "no change"),
        ("nothing", "", "–"),
    ],
)
def test_delta_colours_results_only(arguments: str, tone: str, text: str) -> None:
    html = rendered(f"{{% delta {arguments} %}}")
    assert f'<span class="delta {tone}">' in html
    assert text in html


def test_state_shows_icon_word_and_colour() -> None:
    html = rendered("{% state 'unknown' %}")
    assert 'class="badge warn"' in html
    assert "#i-help" in html
    assert "Unknown, checking" in html


def test_state_never_hides_a_new_name() -> None:
    assert "brand_new" in rendered("{% state 'brand_new' %}")


def test_icon_is_silent_beside_a_word() -> None:
    assert rendered("{% icon 'check' 'l' %}") == (
        '<svg class="ico l" aria-hidden="true"><use href="/static/img/icons.svg#i-check"/></svg>'
    )
    assert 'role="img" aria-label="done"' in rendered("{% icon 'check' '' 'done' %}")


def test_asked_number_names_definition_and_source() -> None:
    html = rendered("{% ask '2.09' 'ROAS' 'Revenue divided by spend.' 'Ledger · 6 min old' '/rows' %}")
    assert '<a href="/rows" aria-describedby="ask-roas">2.09</a>' in html
    assert 'role="tooltip" id="ask-roas"><b>ROAS</b>Revenue divided by spend.' in html
    assert "Ledger · 6 min old" in html


def test_names_from_outside_are_escaped() -> None:
    html = rendered("{% badge name %}{% spark values name %}", name="<script>x</script>", values=[1, 2])
    assert "<script>" not in html


def test_markup_never_stands_for_text_that_looks_the_same() -> None:
    """Badges and icons are drawn once for all that look alike."""
    text = "<b>new</b>"
    for _ in range(2):
        assert "<b>new</b>" in rendered("{% badge name %}{% icon 'check' '' name %}", name=mark_safe(text))
        html = rendered("{% badge name %}{% icon 'check' '' name %}", name=text)
        assert html.count("&lt;b&gt;new&lt;/b&gt;") == 2


def test_row_of_figures_is_escaped() -> None:
    change = ui.delta(0.12, good="up", digits=0)
    cells = [Cell("<b>", "n"), Cell("€3", "n wide", note="a & b"), Cell("7", "n", change=change)]
    assert rendered("{% load figures %}{% figures cells %}", cells=cells) == (
        '<td class="n">&lt;b&gt;</td><td class="n wide">€3<span class="sub">a &amp; b</span></td>'
        '<td class="n">7<span class="sub"><span class="delta good"><svg class="ico " aria-hidden="true">'
        '<use href="/static/img/icons.svg#i-up"/></svg>+12%</span></span></td>'
    )


def test_sort_turns_round_and_keeps_filters() -> None:
    request = RequestFactory().get("/", {"q": "gift", "sort": "-spend", "page": "3"})
    html = Template('{% sort "spend" "Spend" %}').render(RequestContext(request, {"request": request}))
    assert 'aria-sort="descending"' in html
    assert "?q=gift&amp;sort=spend" in html


def test_pager_says_where_one_is() -> None:
    request = RequestFactory().get("/", {"q": "gift"})
    page = Paginator(range(41), 20).page(2)
    html = Template("{% pager page %}").render(RequestContext(request, {"request": request, "page": page}))
    assert "21–40 of 41" in html
    assert "?q=gift&amp;page=3" in html


def test_single_page_has_no_pager() -> None:
    request = RequestFactory().get("/")
    page = Paginator(range(3), 20).page(1)
    html = Template("{% pager page %}").render(RequestContext(request, {"request": request, "page": page}))
    assert html.strip() == ""


def test_message_carries_its_undo() -> None:
    message = Message(constants.SUCCESS, "Approved", extra_tags="undo:/a/1/inbox/2/undo")
    assert ui.undo_url(message) == "/a/1/inbox/2/undo"
    assert ui.toast_seconds(message) == 10
    assert ui.level_tone(message) == "good"


def test_bad_news_stay_until_closed() -> None:
    message = Message(constants.ERROR, "Meta did not take it")
    assert ui.toast_seconds(message) == ""
    assert ui.level_tone(message) == "bad"


@pytest.mark.parametrize(
    ("text", "shown"),
    [("COL$8,170", "COL$<wbr>8,170"), ("+COL$9", "+COL$<wbr>9"), ("Rp38,155", "Rp38,155"),
     ("€1,234.50", "€1,234.50"), ("+€3", "+€3"), ("CHF 12.00", "CHF 12.00"), ("–", "–"),
     ("> 99%", "> 99%"), ("too few", "too few")],
)  # fmt: skip
def test_amount_may_break_only_behind_a_symbol_of_letters(text: str, shown: str) -> None:
    assert ui.breakable(text) == shown


@pytest.mark.parametrize(
    ("value", "css"), [("€9,845,046", "value"), ("COL$845,046", "value long"), ("COL$29,845,046", "value longer")]
)
def test_long_headline_numbers_are_set_smaller(value: str, css: str) -> None:
    assert f'class="{css}"' in rendered("{% kpi 'Spend' value %}", value=value)
