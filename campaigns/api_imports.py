"""Ads Manager files by REST: dropped, understood, asked about, confirmed. The same steps as on the Import page."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns import uploads
from campaigns.models import ImportFile
from campaigns.tasks import LONGEST
from mediabuyer.brands.api_permissions import HasScope, brands_of, person_of
from mediabuyer.brands.idempotency import idempotent
from mediabuyer.brands.models import Brand, Scope
from mediabuyer.brands.permissions import Right, require
from mediabuyer.lib.api_views import View, find
from mediabuyer.lib.errors import Conflict, Invalid
from mediabuyer.lib.parsing import BoundedMultiPartParser
from mediabuyer.lib.queue import enqueue


class ImportSerializer(serializers.ModelSerializer[ImportFile]):
    brand = serializers.UUIDField(source="brand.key", read_only=True)
    account = serializers.UUIDField(source="account.key", default=None, read_only=True, allow_null=True)
    uploaded_by = serializers.CharField(source="uploaded_by.email", default=None, read_only=True, allow_null=True)
    questions = serializers.SerializerMethodField(help_text="What must be answered before anything is stored.")

    class Meta:
        model = ImportFile
        fields = ["key", "brand", "account", "uploaded_by", "name", "size", "digest", "state", "mapping", "questions",
                  "report", "rows_done", "created_at", "finished_at"]  # fmt: skip
        read_only_fields = fields

    def get_questions(self, row: ImportFile) -> list[dict[str, Any]]:
        return open_questions(row, row.answers)


class UploadSerializer(serializers.Serializer[Any]):
    file = serializers.FileField(help_text="CSV, TSV, XLSX, or an answer of the Insights API; also packed by gzip.")
    brand = serializers.UUIDField(required=False, help_text="Needed by people of several brands.")


class ConfirmSerializer(serializers.Serializer[Any]):
    account = serializers.CharField(
        max_length=120, required=False, help_text="Name of the read-only account, made where missing; else the file's."
    )
    answers = serializers.DictField(
        child=serializers.CharField(max_length=200), required=False, default=dict, help_text="By key of the question."
    )


def open_questions(row: ImportFile, answers: dict[str, str]) -> list[dict[str, Any]]:
    asked = row.mapping.get("questions", [])
    return [one for one in asked if one["default"] is None and not answers.get(one["key"])]


class OfImports(View):
    permission_classes = [HasScope]
    serializer_class = ImportSerializer
    write_scope = Scope.IMPORT
    queryset = ImportFile.objects.none()
    filter_backends = ()
    lookup_field = "key"
    what = "file"

    def get_queryset(self) -> QuerySet[ImportFile]:
        rows = ImportFile.objects.filter(brand__in=brands_of(self.request))
        return rows.select_related("brand", "account", "uploaded_by")


class Imports(OfImports, ListAPIView[ImportFile]):
    parser_classes = [BoundedMultiPartParser]

    @extend_schema(summary="Imported files, newest first")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(
        summary="Drop a file",
        description="200: it was read; mapping, totals and questions are in the answer. 202: it is large and being "
        "read; ask again until `mapping` is filled. Nothing is stored before it is confirmed.",
        request=UploadSerializer,
        responses={200: ImportSerializer, 202: ImportSerializer},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        given = UploadSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        brand = _brand(request, given.validated_data.get("brand"))
        require(request.user, Right.IMPORT, brand)
        file = given.validated_data["file"]
        row = uploads.keep(brand, person_of(request), file.name, file.chunks())
        if row.size > uploads.READ_AT_ONCE:
            enqueue("campaigns.tasks.read_file", row.pk, seconds=LONGEST)
            return Response(ImportSerializer(row).data, 202)
        uploads.read(row)
        if row.state == ImportFile.State.FAILED:
            problem, remedy = row.report["problem"], row.report["remedy"]
            uploads.drop(row)
            raise Invalid("file", row.name, problem, remedy=remedy)
        return Response(ImportSerializer(row).data)


class OneImport(OfImports, RetrieveAPIView[ImportFile]):
    @extend_schema(summary="One file: what was understood, how far it is, what came of it")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class Confirm(OfImports):
    @extend_schema(summary="Import what was understood", request=ConfirmSerializer, responses={202: ImportSerializer})
    @idempotent
    def post(self, request: Request, key: Any) -> Response:
        row = find(self.get_queryset(), self.what, key)
        require(request.user, Right.IMPORT, row.brand)
        given = ConfirmSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        answers = {**row.answers, **given.validated_data["answers"]}
        if name := given.validated_data.get("account"):
            answers["account"] = name
        if row.state == ImportFile.State.UNDERSTOOD and not row.mapping:
            raise Conflict("The file is still being read.", remedy="Ask for it again in a moment.")
        _require_choices(row, answers)
        if asked := open_questions(row, answers):
            raise Invalid(f"answers.{asked[0]['key']}", "", asked[0]["text"], remedy="Answer it and confirm again.")
        uploads.confirm(row, answers)
        enqueue("campaigns.tasks.import_file", row.pk, seconds=LONGEST)
        return Response(ImportSerializer(row).data, 202)


def _require_choices(row: ImportFile, answers: dict[str, str]) -> None:
    for one in row.mapping.get("questions", []):
        known, given = [key for key, _ in one["choices"]], answers.get(one["key"])
        if known and given and given not in known:
            remedy = f"One of {', '.join(known)}."
            raise Invalid(f"answers.{one['key']}", given, "That is no answer to this question.", remedy=remedy)


def _brand(request: Request, key: Any) -> Brand:
    brands = brands_of(request)
    if key is not None:
        found_brand: Brand = find(brands, "brand", key)
        return found_brand
    found = list(brands[:2])
    if len(found) != 1:
        raise Invalid("brand", "", "Which brand is the file of?", remedy="Give its key.")
    return found[0]
