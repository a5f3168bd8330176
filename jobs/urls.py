"""Addresses of the jobs app: the API's under /api/v1/, the pages' under /."""

from django.urls import path, register_converter

from extraction.formats import FORMATS
from jobs import api, catalogue_api, template_api, templates, views


class FormatName:
    """The name of an output format, so that an unknown one is 404."""

    regex = "|".join(FORMATS)

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class TemplateName:
    """The name of a template, so that what cannot be one is 404."""

    regex = templates.NAME

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(FormatName, "format")
register_converter(TemplateName, "template")

api_urlpatterns = [
    path("classify", api.ClassifyView.as_view(), name="classify"),
    path("ocr/jobs", api.JobListView.as_view(), name="job-list"),
    path("ocr/jobs/<uuid:pk>", api.JobDetailView.as_view(), name="job"),
    path("ocr/jobs/<uuid:pk>/cancel", api.JobCancelView.as_view(), name="job-cancel"),
    path("ocr/jobs/<uuid:pk>/result.<format:name>", api.JobResultView.as_view(), name="job-result"),
    path("fields", catalogue_api.FieldListView.as_view(), name="field-list"),
    path("templates", template_api.TemplateListView.as_view(), name="template-list"),
    path("templates/test", template_api.TemplateTryView.as_view(), name="template-test"),
    path("templates/propose", template_api.TemplateProposeView.as_view(), name="template-propose"),
    path("templates/<template:name>", template_api.TemplateDetailView.as_view(), name="template"),
    path(
        "templates/<template:name>/versions",
        template_api.TemplateVersionsView.as_view(),
        name="template-versions",
    ),
    path(
        "templates/<template:name>/restore",
        template_api.TemplateRestoreView.as_view(),
        name="template-restore",
    ),
]

urlpatterns = [
    path("jobs", views.JobListPage.as_view(), name="job-list-page"),
    path("jobs/new", views.NewJobPage.as_view(), name="job-new-page"),
    path("jobs/<uuid:pk>", views.JobPage.as_view(), name="job-page"),
    path(
        "jobs/<uuid:pk>/pages/<int:number>.jpg", views.JobImageView.as_view(), name="job-page-image"
    ),
    path(
        "jobs/<uuid:pk>/result.<format:name>",
        views.JobDownloadView.as_view(),
        name="job-page-result",
    ),
    path("jobs/<uuid:pk>/cancel", views.JobCancelPage.as_view(), name="job-page-cancel"),
    path("jobs/<uuid:pk>/delete", views.JobDeletePage.as_view(), name="job-page-delete"),
]
