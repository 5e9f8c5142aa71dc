"""Import: can it help me before I give it my keys? Drop a file, check what was understood, see what I would do."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.text import get_text_list
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns import uploads
from campaigns.importing import RESTATING
from campaigns.models import AdAccount, ImportFile
from campaigns.tasks import LONGEST, is_at_work
from collaboration import imports
from collaboration.cycles import is_silent
from collaboration.frame import person
from collaboration.import_forms import AnswersForm, usual_zone
from mediabuyer.agent.guardrails import mode
from mediabuyer.agent.models import Cycle
from mediabuyer.brands.models import Brand
from mediabuyer.brands.permissions import Right, may, require
from mediabuyer.lib.clock import wall_now
from mediabuyer.lib.errors import Invalid, MediaBuyerError
from mediabuyer.lib.queue import enqueue

EACH_PAGE = 20
ENVELOPE = 1024 * 1024
"""What a form adds around the files in it."""
State = ImportFile.State


@csrf_exempt  # checked inside, once the size is known to be bearable: to check it means to read the whole upload
@login_required
@require_http_methods(["GET", "POST"])
def start(request: HttpRequest) -> HttpResponseBase:
    """The drop zone and the earlier files of one brand."""
    brands = list(Brand.objects.visible_to(request.user))
    brand = _brand(request.GET.get("brand", ""), brands)
    if request.method == "GET" or brand is None:
        return _start_page(request, brand, brands)
    require(request.user, Right.IMPORT, brand)
    if int(request.META.get("CONTENT_LENGTH") or 0) > settings.IMPORT_MAX_BYTES + ENVELOPE:
        problem = Invalid("files", "", f"That is more than {uploads.largest()} at once.", remedy="Split it by month.")
        return _start_page(request, brand, brands, status=413, problem=problem)
    return _receive(request, brand, brands)


def _brand(key: str, brands: list[Brand]) -> Brand | None:
    """The one named, and no other in its place: a file would land at somebody else. Without a name the first."""
    if not key:
        return brands[0] if brands else None
    named = next((one for one in brands if str(one.key) == key), None)
    if named is None:
        raise Http404
    return named


@csrf_protect
def _receive(request: HttpRequest, brand: Brand, brands: list[Brand]) -> HttpResponse:
    files = request.FILES.getlist("files")
    if not files:
        problem = Invalid("files", "", "No file arrived.", remedy="Choose one, or drop it on the field.")
        return _start_page(request, brand, brands, status=422, problem=problem)
    kept = []
    for file in files:
        try:
            kept.append(_keep(request, brand, file))
        except MediaBuyerError as error:
            messages.error(request, f"{file.name}: {error.message} {error.remedy}")
    if len(kept) == 1:
        return redirect("import-file", kept[0].key)
    if kept:
        messages.success(request, f"{len(kept)} files are read. Look at each and import it.")
    return redirect(f"{reverse('import')}?brand={brand.key}")


def _keep(request: HttpRequest, brand: Brand, file: UploadedFile) -> ImportFile:
    row = uploads.keep(brand, person(request), file.name or "", file.chunks())
    _read(row)
    return row


def _read(row: ImportFile) -> None:
    """At once where that is quick; else a worker does it and the page waits."""
    if row.size <= uploads.READ_AT_ONCE:
        uploads.read(row)
    else:
        enqueue("campaigns.tasks.read_file", row.pk, seconds=LONGEST)


@login_required
@require_GET
def file(request: HttpRequest, key: UUID) -> HttpResponse:
    row = _get(request, key)
    return render(request, "importing/file.html", _context(request, row))


@login_required
@require_GET
def live(request: HttpRequest, key: UUID) -> HttpResponse:
    """The part that moves while the file is read, imported and thought about."""
    row = _get(request, key)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("import-file", row.key)
    return render(request, "importing/file.html#live", _context(request, row))


@login_required
@require_http_methods(["GET", "POST"])
def confirm(request: HttpRequest, key: UUID) -> HttpResponse:
    """Takes the answers. Those that change how figures are read are shown once more; else the import begins.

    Refused answers leave the browser at this address: whoever asks for it again gets the file's page.
    """
    row = _get(request, key)
    if request.method == "GET":
        return redirect("import-file", row.key)
    require(request.user, Right.IMPORT, row.brand)
    form = AnswersForm(row, request.POST)
    if not form.is_valid():
        return render(request, "importing/file.html", _context(request, row, form=form), status=422)
    answers = form.answers()
    taken = {one["key"]: one["default"] for one in form.questions} | row.answers  # what the totals shown rest on
    if any((answers.get(name) or taken.get(name)) != taken.get(name) for name in RESTATING if name in form.fields):
        uploads.answer(row, answers)
        _read(row)
        return redirect(reverse("import-file", args=[row.key]) + "?again=1")
    with transaction.atomic():
        uploads.confirm(row, answers)
        enqueue("campaigns.tasks.import_file", row.pk, seconds=LONGEST)
    return redirect("import-file", row.key)


@login_required
@require_POST
def drop(request: HttpRequest, key: UUID) -> HttpResponse:
    row = _get(request, key)
    require(request.user, Right.IMPORT, row.brand)
    uploads.drop(row)
    messages.success(request, f"{row.name} is removed. Nothing of it was stored.")
    return redirect(f"{reverse('import')}?brand={row.brand.key}")


def _get(request: HttpRequest, key: UUID) -> ImportFile:
    rows = ImportFile.objects.filter(brand__in=Brand.objects.visible_to(request.user))
    row = get_object_or_404(rows.select_related("brand", "account__brand", "uploaded_by"), key=key)
    if row.account is not None:
        request.account = row.account  # type: ignore[attr-defined]  # the frame names the account that the page is about
    return row


def _diagnosis(row: ImportFile) -> imports.Diagnosis | None:
    if row.account is None or row.state != State.DONE:
        return None
    return imports.diagnosis(row.account)


def _holds(fired: dict[str, str]) -> bool:
    """Whether a rule that had something to say holds a proposal back; the mode holds them all."""
    return fired["tone"] == "bad" and fired["rule"] != mode.SLUG


def _unsplit(row: ImportFile) -> str:
    """Titles of figures that the file's total row gives and none of its rows: nothing of them is stored."""
    checks = row.report.get("checks", [])
    titles = [one["title"] for one in checks if one["file"] and one["computed"] is None]
    return get_text_list(titles, "and").lower().capitalize()


def _start_page(
    request: HttpRequest, brand: Brand | None, brands: list[Brand], *, status: int = 200, problem: Any = None
) -> HttpResponse:
    rows = ImportFile.objects.filter(brand=brand).select_related("account", "uploaded_by")
    url = reverse("import")
    context = {
        "brand": brand,
        "tabs": [{"label": one.name, "href": f"{url}?brand={one.key}", "current": one == brand} for one in brands],
        "page": Paginator(rows, EACH_PAGE).get_page(request.GET.get("page")),
        "may_import": brand is not None and may(request.user, Right.IMPORT, brand),
        "largest": uploads.largest(),
        "problem": problem,
        "zone": usual_zone(brand) or "UTC",
        "stages": imports.stages(ImportFile(), None),
    }
    return render(request, "importing/start.html", context, status=status)


def _is_overtaken(row: ImportFile) -> bool:
    """Whether the account has changed by a later file, and is told here as it stands now."""
    if row.state != State.DONE or row.account_id is None or row.finished_at is None:
        return False
    rows = ImportFile.objects.filter(account=row.account_id, state=State.DONE)
    return rows.filter(finished_at__gt=row.finished_at).exists()


def _context(request: HttpRequest, row: ImportFile, *, form: AnswersForm | None = None) -> dict[str, Any]:
    cycle = imports.shadow_cycle(row)
    found = imports.checks(row)
    proposals = imports.proposals(cycle)
    is_thinking = row.state == State.DONE and (cycle.state in Cycle.OPEN if cycle else bool(row.report.get("written")))
    is_stuck = is_thinking and cycle is not None and is_silent(cycle, wall_now())
    is_reading = row.state == State.UNDERSTOOD and not row.mapping
    told = _diagnosis(row)
    is_open = bool(row.mapping) and row.state in (State.UNDERSTOOD, State.FAILED)
    return {
        "row": row,
        "stages": imports.stages(row, cycle),
        "about": imports.about(row),
        "days": imports.days_words(row),
        "checks": found,
        "has_totals": any(one["file"] != "–" for one in found),
        "differing": sum(one["same"] is False for one in found),
        "unsplit": _unsplit(row),
        "errors": row.report.get("errors", [])[: imports.SHOWN_ERRORS],
        "form": form or (AnswersForm(row) if is_open else None),
        "imported": AdAccount.objects.filter(brand=row.brand, platform="export").values_list("name", flat=True),
        "is_reading": is_reading,
        "is_waiting": (is_reading or row.state == State.RUNNING) and not is_at_work(row.pk),
        "is_thinking": is_thinking,
        "is_stuck": is_stuck,
        "is_moving": is_reading or (is_thinking and not is_stuck) or row.state == State.RUNNING,
        "live_url": reverse("import-live", args=[row.key]),
        "cycle": cycle,
        "proposals": proposals if not is_thinking else [],
        "would": sum(not any(map(_holds, one["fired"])) for one in proposals),
        "is_reread": "again" in request.GET and is_open,
        "is_overtaken": _is_overtaken(row),
        "diagnosis": told,
        "untold": told.untold(row.account.currency) if told and row.account else "",
        "may_import": may(request.user, Right.IMPORT, row.brand),
        "reference": row.key.hex[:12],
    }
