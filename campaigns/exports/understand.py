"""From headings and a first pass to a `Mapping`: level, breakdowns, figures, styles, and what must be asked."""

from __future__ import annotations

import re
from collections.abc import Mapping as Dictionary
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from campaigns.exports.currencies import currency_in
from campaigns.exports.dates import day_reader, decide_order, parse_day, split_period
from campaigns.exports.headers import Heading, guess_language, read_heading, require_ads
from campaigns.exports.mapping import STORED, TITLES, Column, Mapping, Question
from campaigns.exports.numbers import CellError, Number, is_shortened, parse_number
from campaigns.exports.reader import Cell, Source
from campaigns.exports.result_kinds import CHOICES, NOT_THE_SAME, SEVERAL, kinds_answered, name_kinds
from campaigns.exports.retold import ADDITIVE, MOST_ROWS, Retold, find_retold
from campaigns.exports.scan import BREAKDOWNS, METRICS, NAMES, TIMES, Scan, days_in, dimension_columns, scan

LEVELS = (("ad", ("ad", "ad_id")), ("ad_set", ("ad_set", "ad_set_id")), ("campaign", ("campaign", "campaign_id")))
MERGED = re.compile(r";\.\.\.\s?and \d+ more |;\.\.\.\s?\D{2,12} \d+ ")
CLICK_STAND_INS = ("link_clicks", "outbound_clicks")
RESULT_STAND_INS = ("purchases", "leads", "messages", "conversions")
RESULT_CHOICES = ("checkouts", "adds_to_cart", "content_views", "landing_page_views", "link_clicks", "outbound_clicks")
DECIMALS = {",": "decimal comma", ".": "decimal point", None: "decimal sign not clear"}
ROUNDED = "A spreadsheet has rounded these ids, so they no longer tell ads apart; I go by the names"
EMPTY = "Empty in all rows"
SETUP = "Describes how the ad is set up; this import takes names and figures"


def understand(source: Source, answers: Dictionary[str, str] | None = None) -> Mapping:
    """Reads the file once and says what it is. `answers` settle what an earlier mapping asked.

    Raises UnreadableError where it is a table of something else.
    """
    headings = [read_heading(text) for text in source.header]
    require_ads(headings)
    found = scan(source, headings)
    headings = [_without_rounded_ids(heading, found.first.get(i)) for i, heading in enumerate(headings)]
    return _Understanding(source, headings, found, dict(answers or {})).mapping()


def _without_rounded_ids(heading: Heading, first: Cell | None) -> Heading:
    """`1.20213E+17` is the id of many ads: names tell them apart, such ids do not."""
    if heading.field and heading.field.endswith("_id") and isinstance(first, str) and is_shortened(first):
        return replace(heading, field=None, reason=ROUNDED)
    return heading


class _Understanding:
    """The decisions in the order in which they depend on each other."""

    def __init__(self, source: Source, headings: Sequence[Heading], found: Scan, answers: dict[str, str]) -> None:
        self.source, self.headings, self.found, self.answers = source, headings, found, answers
        self.questions: list[Question] = []
        self.stands_for: dict[int, str] = {}
        self.chosen = self._choose()
        self.has_figures = any(field in self.chosen for field in METRICS)
        self.level = next((level for level, fields in LEVELS if any(self._filled(f) for f in fields)), "account")
        self.breakdowns = self._breakdowns()
        self.metrics = self._metrics()
        self.result_kinds = self._result_kinds()
        self.decimals = self._decimals()
        self.identity = dimension_columns(headings)
        self.retold = self._retold()
        self.currency = self._currency()
        self.order = self._order()
        self.first_day, self.last_day, self.days = self._days()

    def mapping(self) -> Mapping:
        if self.has_figures:
            self._ask_zone()
        source, found = self.source, self.found
        read = (*NAMES, *TIMES, *self.breakdowns, "delivery", "result_type")
        dimensions = {field: index for field, index in self.chosen.items() if field in read}
        return Mapping(
            name=source.name,
            kind=source.kind,
            encoding=source.encoding,
            delimiter=source.delimiter,
            size=source.size,
            language=guess_language(self.headings),
            level=self.level,
            breakdowns=(("day",) if self.is_daily else ()) + self.breakdowns,
            columns=self._columns(),
            metrics=self.metrics,
            dimensions=dimensions,
            decimals=self.decimals,
            blank_columns=frozenset(i for i in self.metrics.values() if found.rows and found.is_empty(i)),
            currency=self.currency,
            first_day=self.first_day,
            last_day=self.last_day,
            date_order=self.order,
            is_daily=self.is_daily,
            rows=found.rows - self.retold.rows,
            total_lines=frozenset(found.total_lines) | self.retold.lines,
            retold=self.retold.shapes,
            identity=tuple(self.identity),
            total=self._total(),
            merged_rows=self._merged(),
            result_types=self._kinds("result_type"),
            result_kinds=self.result_kinds,
            attributions=self._kinds("attribution"),
            questions=tuple(sorted(self.questions, key=lambda one: one.default is not None)),
            answers=self.answers,
            warnings=self._warnings(),
        )

    def _choose(self) -> dict[str, int]:
        """One column per field: a filled one before an empty one, then the preferred name, then the first."""
        chosen: dict[str, int] = {}
        for index, heading in enumerate(self.headings):
            if heading.field is None:
                continue
            other = chosen.get(heading.field)
            if other is None or self._order_of(index) < self._order_of(other):
                chosen[heading.field] = index
        return chosen

    def _order_of(self, index: int) -> tuple[bool, int, int]:
        return self.found.is_empty(index), self.headings[index].rank, index

    def _filled(self, field: str) -> bool:
        return field in self.chosen and (self.found.rows == 0 or not self.found.is_empty(self.chosen[field]))

    def _breakdowns(self) -> tuple[str, ...]:
        """An objective belongs to its campaign, so it splits only what is coarser than an ad set."""
        if not self.has_figures:
            return ()
        fine = self.level in ("ad", "ad_set")
        return tuple(f for f in BREAKDOWNS if self._filled(f) and not (f == "objective" and fine))

    def _metrics(self) -> dict[str, int]:
        metrics = {field: self.chosen[field] for field in STORED if field in self.chosen}
        if not self._filled("clicks"):
            self._stand_in(metrics, "clicks", CLICK_STAND_INS)
        if self.has_figures and not self._filled("results"):
            self._ask_result(metrics)
        return metrics

    def _stand_in(self, metrics: dict[str, int], field: str, others: Sequence[str]) -> None:
        for other in others:
            if self._filled(other):
                metrics[field] = self.chosen[other]
                self.stands_for[self.chosen[other]] = field
                return

    def _ask_result(self, metrics: dict[str, int]) -> None:
        """One column that counts results stands for them; of several a person says which. An empty column “Results”
        mostly means that they are of several kinds, so nothing stands for it unasked.
        """
        counted = [field for field in RESULT_STAND_INS if self._filled(field)]
        choices = counted + [field for field in RESULT_CHOICES if self._filled(field)]
        default = counted[0] if counted and "results" not in metrics else "none"
        if len(counted) > 1 or (choices and default == "none"):
            lacks = "is empty" if "results" in metrics else "is not in the file"
            named = tuple((field, self.headings[self.chosen[field]].text) for field in choices)
            text = f"Which of these is what you pay for? A column “Results” {lacks}."
            self.questions.append(Question("result", text, "choice", (*named, ("none", "None of them")), default))
        answer = self.answers.get("result") or default
        if answer in choices:
            metrics["results"] = self.chosen[answer]
            self.stands_for[self.chosen[answer]] = "results"

    def _decimals(self) -> dict[int, str | None]:
        """Each column by its own cells; one that does not tell follows the other columns, if they agree."""
        if self.source.decimal:
            return dict.fromkeys(self.metrics.values(), self.source.decimal)
        own = {index: style.decide() for index, style in self.found.styles.items()}
        agreed = {sign for sign in own.values() if sign}
        common = agreed.pop() if len(agreed) == 1 else self.answers.get("decimal")
        decimals: dict[int, str | None] = {}
        for index in set(self.metrics.values()):
            style = self.found.styles[index]
            torn = style.votes["."] > 0 and style.votes[","] > 0
            decimals[index] = own[index] or (self.answers.get("decimal") if torn else common)
            if style.votes["either"] and decimals[index] is None:
                self._ask_decimal(style.first_either, self.headings[index].text)
        return decimals

    def _ask_decimal(self, cell: str, header: str) -> None:
        if not any(question.key == "decimal" for question in self.questions):
            text = f"Is “{cell}” in “{header}” thousands, or a number with three decimals?"
            choices = ((".", "The point is the decimal sign"), (",", "The comma is the decimal sign"))
            self.questions.append(Question("decimal", text, "choice", choices))

    def _currency(self) -> str | None:
        money = [self.headings[self.chosen[f]].currency for f in ("spend", "revenue") if f in self.chosen]
        codes: set[str] = {code for code in money if code} or {h.currency for h in self.headings if h.currency}
        codes = codes or set(self._kinds("currency")) or self._codes_in_cells()
        if len(codes) == 1:
            return codes.pop()
        if self.has_figures:
            text = (
                "Which of these is the account's currency? The file has several."
                if codes
                else "Which currency is this in? The file does not say."
            )
            self.questions.append(Question("currency", text, "currency", tuple((c, c) for c in sorted(codes))))
        return self.answers.get("currency")

    def _codes_in_cells(self) -> set[str]:
        found = currency_in(str(self.found.first.get(self.chosen.get("spend", -1), "")))
        return {found} if found else set()

    def _order(self) -> str | None:
        texts = [str(v) for f in TIMES if f in self.chosen for v in days_in(self.found.distinct[self.chosen[f]])]
        order = decide_order(end for text in texts for end in split_period(text))
        if order is None:
            text = f"Is “{texts[0]}” written with the day or the month first?"
            choices = (("dmy", "Day first"), ("mdy", "Month first"))
            self.questions.append(Question("date_order", text, "choice", choices))
            order = self.answers.get("date_order")
        return order

    @property
    def is_daily(self) -> bool:
        if self._filled("day"):
            return True
        starts, ends = (self.found.distinct.get(self.chosen.get(f, -1)) for f in ("starts", "ends"))
        return bool(starts) and starts == ends

    def _days(self) -> tuple[date | None, date | None, int]:
        """First and last day of the file and how many different days its rows begin on."""
        fields = [f for f in TIMES if self._filled(f)]
        if not self.has_figures:
            return None, None, 0
        if not ("day" in fields or "period" in fields or {"starts", "ends"} <= set(fields)):
            return self._ask_period()
        read, days, starts = day_reader(self.order), set(), set()
        for field in fields:
            for cell in days_in(self.found.distinct[self.chosen[field]]):
                try:
                    ends = [read(end) for end in split_period(cell)] if isinstance(cell, str) else [read(cell)]
                except CellError:
                    continue
                days.update(ends)
                starts.add(ends[0])
        return min(days, default=None), max(days, default=None), len(starts)

    def _ask_period(self) -> tuple[date | None, date | None, int]:
        self.questions += [
            Question("from", "First day of the report? The file has no dates.", "date"),
            Question("until", "Last day of the report?", "date"),
        ]
        if not (self.answers.get("from") and self.answers.get("until")):
            return None, None, 0
        return parse_day(self.answers["from"], None), parse_day(self.answers["until"], None), 1

    def _ask_zone(self) -> None:
        self.questions.append(
            Question("time_zone", "Which time zone are the days of? The file does not say.", "zone", default="UTC")
        )

    def _retold(self) -> Retold:
        found, source = self.found, self.source
        figures = [(name, self.metrics[name]) for name in ADDITIVE if name in self.metrics]
        if not figures or (len(found.shapes) < 2 and found.rows > MOST_ROWS):
            return Retold()

        def read(cells: list[Cell]) -> dict[str, Number]:
            return {name: self._figure(cells[index], index) or 0 for name, index in figures}

        body = (record for record in source.records() if record.line not in found.total_lines)
        return find_retold(body, self.identity, read, found.rows)

    def _figure(self, cell: Cell, index: int) -> Number | None:
        return parse_number(cell, self.decimals[index]) if isinstance(cell, str) else _number(cell)

    def _total(self) -> dict[str, Number | None]:
        row = self.found.total or self.retold.total
        if not row:
            return {}
        cells, total = row.cells, {}
        for field, index in self.metrics.items():
            try:
                total[field] = self._figure(cells[index], index)
            except CellError:
                total[field] = None
        return total

    def _merged(self) -> int:
        names = [self.chosen[f] for f in ("ad", "ad_set", "campaign") if f in self.chosen]
        return sum(1 for i in names for value in self.found.distinct[i] if MERGED.search(str(value)))

    def _kinds(self, field: str) -> tuple[str, ...]:
        counts = self.found.kinds.get(self.chosen.get(field, -1))
        return tuple(kind for kind, _ in counts.most_common(20)) if counts else ()

    def _result_kinds(self) -> tuple[str, ...]:
        """By the file's own column of kinds; by the heading where another column stands for the results."""
        index = self.metrics.get("results")
        if index is None or self.found.rows == 0 or not self._filled(self.headings[index].field or ""):
            return ()
        if self.headings[index].field != "results":
            return name_kinds((self.headings[index].text,))
        return name_kinds(self._kinds("result_type")) or self._ask_kind(self.headings[index].text)

    def _ask_kind(self, header: str) -> tuple[str, ...]:
        """Nothing is compared unless a person says that it is the same: another objective counts another thing."""
        text = f"What does “{header}” count? The file does not say, and only what is the same can be compared by cost."
        self.questions.append(Question("result_kind", text, "kind", CHOICES, SEVERAL))
        return kinds_answered(self.answers.get("result_kind") or SEVERAL)

    def _warnings(self) -> tuple[str, ...]:
        kinds, settings, merged = self.result_kinds, self._kinds("attribution"), self._merged()
        said = []
        if len(kinds) > 1 and kinds != NOT_THE_SAME:
            said.append(f"“Result” has {len(kinds)} meanings here: {', '.join(kinds[:4])}. Their sum mixes them.")
        if len(settings) > 1:
            said.append(f"Attribution settings are mixed: {', '.join(settings[:4])}. Their results do not compare.")
        if merged:
            said.append(f"{merged} names stand for several ads that Ads Manager merged. I keep them merged.")
        if self.retold.shapes:
            said.append(f"{self.retold.rows:,} rows repeat the sum of others. I leave these subtotals out.")
        if self.found.rows == 0:
            said.append("The file has headings and no rows.")
        return tuple(said)

    def _columns(self) -> tuple[Column, ...]:
        return tuple(self._column(index, heading) for index, heading in enumerate(self.headings))

    def _column(self, index: int, heading: Heading) -> Column:
        field = self.stands_for.get(index) or heading.field
        sample = str(self.found.first.get(index, ""))[:80]
        return Column(
            index,
            heading.text,
            field,
            TITLES.get(field or "", ""),
            sample,
            self._note(index, heading),
            self._ignored(index, heading),
            self.decimals.get(index),
        )

    def _ignored(self, index: int, heading: Heading) -> str:
        field, used = heading.field, set(self.metrics.values())
        empty = self.found.rows > 0 and self.found.is_empty(index)
        if index in used:
            return ""
        if field is None:
            return EMPTY if empty else heading.reason if self.has_figures else SETUP
        if self.chosen[field] != index:
            taken = self.headings[self.chosen[field]]
            if heading.currency and heading.currency != (taken.currency or self.currency):
                return f"The same in another currency, {heading.currency}; I take “{taken.text}”"
            return f"Counts the same as “{taken.text}”; adding both would count twice"
        if empty:
            return EMPTY
        if field in METRICS:
            return (
                "May be among the results already, where it is the goal; adding it would count twice"
                if field in RESULT_STAND_INS
                else "A step on the way to a result; only the result is stored"
            )
        if not self.has_figures and field in (*BREAKDOWNS, *TIMES):
            return SETUP
        return ""

    def _note(self, index: int, heading: Heading) -> str:
        field, notes = heading.field, []
        if index in self.stands_for:
            notes.append(f"stands for {TITLES[self.stands_for[index]].lower()}, which the file lacks")
        if index in self.metrics.values() and self.found.rows and self.found.is_empty(index):
            notes.append("empty in all rows")
        style = self.found.styles.get(index)
        if style and index in self.decimals and (style.votes["."] or style.votes[","] or style.votes["either"]):
            notes.append(DECIMALS[self.decimals[index]])
        if field in ("spend", "revenue") and self.currency:
            notes.append(self.currency)
        if field in ("campaign", "ad_set", "ad") and index in self.found.distinct:
            notes.append(_many(len(self.found.distinct[index]), "name"))
        if field in ("day", "starts") and self.first_day and self.last_day:
            notes.append(self._days_note())
        return ", ".join(notes)

    def _days_note(self) -> str:
        assert self.first_day
        assert self.last_day
        span = (self.last_day - self.first_day + timedelta(days=1)).days
        if not self.is_daily:
            return f"{_many(span, 'day')} in one row"
        missing = span - self.days
        days = _many(self.days, "day")
        return f"{days}, {missing} without rows" if missing else f"{days}, none missing"


def _many(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def _number(cell: Cell) -> Number | None:
    return None if isinstance(cell, (str, date)) else cell
