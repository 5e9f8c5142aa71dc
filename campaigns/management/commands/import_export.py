"""`manage.py import_export FILE…`: reads Ads Manager files and imports them into read-only accounts."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from campaigns.exports.mapping import TOTALS
from campaigns.exports.reader import open_source
from campaigns.exports.result_kinds import CHOICES
from campaigns.exports.understand import understand
from campaigns.importing import UNKNOWN_CURRENCY, account_for_import, import_file, preview
from campaigns.uploads import digest_of, list_beside_uploads
from mediabuyer.brands.models import Brand
from mediabuyer.lib.clock import wall_now
from mediabuyer.lib.errors import Invalid, MediaBuyerError


class Command(BaseCommand):
    help = "Import Ads Manager exports (CSV, TSV, XLSX, Insights API answers); importing a file again changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE")
        parser.add_argument("--account", default="", help="Name of the imported account (default: the file's name).")
        parser.add_argument("--brand", default="", help="Key of the brand (default: the first).")
        parser.add_argument("--currency", default="", help="Where the file does not say it.")
        parser.add_argument("--from", dest="from_", default="", help="First day, where the file has no dates.")
        parser.add_argument("--until", default="", help="Last day, where the file has no dates.")
        parser.add_argument("--time-zone", default="", help="Of the account's days (default: UTC).")
        parser.add_argument("--result-kind", default="", choices=[key for key, _ in CHOICES], metavar="KIND",
                            help="What “Results” counts, where the file does not say: %(choices)s.")  # fmt: skip
        parser.add_argument("--dry-run", action="store_true", help="Read and report; store nothing.")
        parser.add_argument("--json", action="store_true", help="One JSON object a file.")

    def handle(self, *_: Any, **options: Any) -> None:
        asked = ("currency", "from", "until", "time_zone", "result_kind")
        answers = {key: given for key in asked if (given := options["from_" if key == "from" else key])}
        failed = 0
        for file in options["files"]:
            report = self._report(file, answers, options)
            failed += "refused" in report
            self.stdout.write(json.dumps(report, ensure_ascii=False) if options["json"] else _in_words(report))
        if failed:
            raise SystemExit(1)

    def _report(self, file: str, answers: dict[str, str], options: dict[str, Any]) -> dict[str, Any]:
        try:
            source = open_source(Path(file))
            mapping = understand(source, answers)
            open_keys = [question.key for question in mapping.open_questions]
            stops = [key for key in open_keys if key != "currency"]
            if options["dry_run"] or stops:
                reading, account, written = preview(source, mapping), None, 0
            else:
                name, digest = options["account"] or Path(file).name.split(".")[0], digest_of(Path(file))
                with transaction.atomic():  # a file that is refused leaves no empty account
                    account = account_for_import(_brand(options["brand"]), name, mapping, UNKNOWN_CURRENCY)
                    result = import_file(
                        account, source, mapping, now=wall_now(), actor="system:import_export", digest=digest
                    )
                    list_beside_uploads(Path(file), digest, mapping, result)
                reading, written = result.reading, result.written
        except (MediaBuyerError, OSError) as error:
            return _refusal(file, error)
        return {
            "file": file, **reading.as_dict(), "warnings": list(mapping.warnings), "questions": open_keys,
            "account": str(account.key) if account else None, "written": written,
        }  # fmt: skip


def _brand(key: str) -> Brand:
    brands = Brand.objects.order_by("pk")
    brand = brands.filter(key=key).first() if key else brands.first()
    if brand is None:
        raise CommandError(f"There is no brand {key or 'yet'}. Make one first: manage.py demo, or in the settings.")
    return brand


def _refusal(file: str, error: MediaBuyerError | OSError) -> dict[str, Any]:
    """The protocol's shape with nothing in it but the reason."""
    words = f"{error.message} {error.remedy}".strip() if isinstance(error, MediaBuyerError) else str(error)
    column = error.field if isinstance(error, Invalid) else ""
    return {
        "file": file, "refused": words, "level": None, "breakdowns": [], "currency": None, "days": [None, None],
        "rows": 0, "columns_ignored": {}, "totals": dict.fromkeys(TOTALS),
        "errors": [{"line": 0, "column": column, "value": "", "message": words}],
    }  # fmt: skip


def _in_words(report: dict[str, Any]) -> str:
    if "refused" in report:
        return f"{report['file']}: {report['refused']}"
    figures = ", ".join(f"{name} {value:,}" for name, value in report["totals"].items() if value is not None)
    currency = report["currency"] or "no currency"
    lines = [f"{report['file']}: {report['rows']:,} rows by {report['level']}, {currency}: {figures}"]
    if report["questions"]:
        lines.append(f"  not known: {', '.join(report['questions'])} (say it with --{report['questions'][0]})")
    lines += [f"  line {error['line']}: {error['message']}" for error in report["errors"][:20]]
    stored = f"{report['written']:,} rows written or altered" if report["account"] else "nothing stored"
    lines.append(f"  {stored}")
    return "\n".join(lines)
