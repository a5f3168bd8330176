"""Addresses of the learning app: the API's under /api/v1/, the pages' under /."""

from django.urls import path, register_converter

from jobs import own_engines
from learning import dataset_api, own_engine_api, run_pages, training_run_api, views


class OwnName:
    """The name of an own engine, so that what cannot be one is 404."""

    regex = own_engines.NAME

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(OwnName, "own")

api_urlpatterns = [
    path("datasets", dataset_api.DatasetListView.as_view(), name="dataset-list"),
    path("datasets/<uuid:pk>", dataset_api.DatasetDetailView.as_view(), name="dataset"),
    path(
        "datasets/<uuid:pk>/corrections",
        dataset_api.DatasetCorrectionsView.as_view(),
        name="dataset-corrections",
    ),
    path(
        "datasets/<uuid:pk>/examples", dataset_api.ExamplesView.as_view(), name="dataset-examples"
    ),
    path(
        "datasets/<uuid:pk>/examples/<uuid:example>",
        dataset_api.ExampleView.as_view(),
        name="dataset-example",
    ),
    path(
        "datasets/<uuid:pk>/export", dataset_api.DatasetExportView.as_view(), name="dataset-export"
    ),
    path("training-runs", training_run_api.RunListView.as_view(), name="training-run-list"),
    path("training-runs/<uuid:pk>", training_run_api.RunDetailView.as_view(), name="training-run"),
    path(
        "training-runs/<uuid:pk>/cancel",
        training_run_api.RunCancelView.as_view(),
        name="training-run-cancel",
    ),
    path(
        "training-runs/<uuid:pk>/promote",
        training_run_api.RunPromoteView.as_view(),
        name="training-run-promote",
    ),
    path("own-engines", own_engine_api.OwnEngineListView.as_view(), name="own-engine-list"),
    path("own-engines/<own:name>", own_engine_api.OwnEngineDetailView.as_view(), name="own-engine"),
    path(
        "own-engines/<own:name>/rollback",
        own_engine_api.OwnEngineRollBackView.as_view(),
        name="own-engine-rollback",
    ),
]

urlpatterns = [
    path("fine-tuning", views.FineTuningPage.as_view(), name="fine-tuning-page"),
    path("fine-tuning/datasets/<uuid:pk>", views.DatasetPage.as_view(), name="dataset-page"),
    path(
        "fine-tuning/datasets/<uuid:pk>/corrections",
        views.DatasetImportPage.as_view(),
        name="dataset-page-corrections",
    ),
    path(
        "fine-tuning/datasets/<uuid:pk>/examples",
        views.DatasetExamplePage.as_view(),
        name="dataset-page-examples",
    ),
    path(
        "fine-tuning/datasets/<uuid:pk>/export",
        views.DatasetExportPage.as_view(),
        name="dataset-page-export",
    ),
    path(
        "fine-tuning/datasets/<uuid:pk>/delete",
        views.DatasetDeletePage.as_view(),
        name="dataset-page-delete",
    ),
    path("fine-tuning/runs/<uuid:pk>", run_pages.RunPage.as_view(), name="training-page"),
    path(
        "fine-tuning/runs/<uuid:pk>/cancel",
        run_pages.RunCancelPage.as_view(),
        name="training-page-cancel",
    ),
    path(
        "fine-tuning/runs/<uuid:pk>/delete",
        run_pages.RunDeletePage.as_view(),
        name="training-page-delete",
    ),
    path(
        "fine-tuning/runs/<uuid:pk>/promote",
        run_pages.RunPromotePage.as_view(),
        name="training-page-promote",
    ),
    path(
        "fine-tuning/engines/<own:name>/rollback",
        run_pages.OwnEngineRollBackPage.as_view(),
        name="own-engine-page-rollback",
    ),
]
