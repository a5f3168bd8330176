"""Addresses of the jobs app's API, under /api/v1/."""

from django.urls import path

from jobs import (
    api,
    audit_csv,
    batch_api,
    billing_api,
    cache_api,
    catalogue_api,
    comparison_api,
    engine_metrics_api,
    events_api,
    leaving_api,
    link_api,
    models_api,
    page_api,
    review_api,
    service_api,
    settings_api,
    template_api,
    url_converters,  # noqa: F401  # registers them
    usage_api,
    webhook_api,
)

urlpatterns = [
    path("classify", api.ClassifyView.as_view(), name="classify"),
    path("ocr/jobs", api.JobListView.as_view(), name="job-list"),
    path("ocr/jobs/<uuid:pk>", api.JobDetailView.as_view(), name="job"),
    path("ocr/jobs/<uuid:pk>/cancel", api.JobCancelView.as_view(), name="job-cancel"),
    path("ocr/jobs/<uuid:pk>/events", events_api.JobEventsView.as_view(), name="job-events"),
    path("ocr/jobs/<uuid:pk>/retry", api.JobRetryView.as_view(), name="job-retry"),
    path("ocr/jobs/<uuid:pk>/pages", page_api.JobPagesView.as_view(), name="job-pages"),
    path(
        "ocr/jobs/<uuid:pk>/pages/<int:number>", page_api.JobPageView.as_view(), name="job-one-page"
    ),
    path("ocr/jobs/<uuid:pk>/links", link_api.JobLinksView.as_view(), name="job-links"),
    path("links/<str:token>", link_api.LinkView.as_view(), name="link"),
    path("ocr/jobs/<uuid:pk>/result.<format:name>", api.JobResultView.as_view(), name="job-result"),
    path(
        "ocr/jobs/<uuid:pk>/fields/<field:field>", review_api.FieldView.as_view(), name="job-field"
    ),
    path("batches", batch_api.BatchListView.as_view(), name="batch-list"),
    path("batches/<uuid:pk>", batch_api.BatchDetailView.as_view(), name="batch"),
    path("batches/<uuid:pk>/cancel", batch_api.BatchCancelView.as_view(), name="batch-cancel"),
    path("batches/<uuid:pk>/events", events_api.BatchEventsView.as_view(), name="batch-events"),
    path("batches/<uuid:pk>/retry", batch_api.BatchRetryView.as_view(), name="batch-retry"),
    path(
        "batches/<uuid:pk>/export.<export:name>",
        batch_api.BatchExportView.as_view(),
        name="batch-export",
    ),
    path("compare", comparison_api.ComparisonListView.as_view(), name="comparison-list"),
    path("compare/<uuid:pk>", comparison_api.ComparisonDetailView.as_view(), name="comparison"),
    path("metrics/models", engine_metrics_api.ModelsView.as_view(), name="model-metrics"),
    path("metrics/leaderboard", engine_metrics_api.LeaderboardView.as_view(), name="leaderboard"),
    path("cache", cache_api.CacheView.as_view(), name="cache"),
    path("reviews", review_api.ReviewListView.as_view(), name="review-list"),
    path("reviews/<uuid:pk>", review_api.ReviewDetailView.as_view(), name="review"),
    path("reviews/<uuid:pk>/take", review_api.ReviewTakeView.as_view(), name="review-take"),
    path(
        "reviews/<uuid:pk>/release", review_api.ReviewReleaseView.as_view(), name="review-release"
    ),
    path(
        "reviews/<uuid:pk>/confirm", review_api.ReviewConfirmView.as_view(), name="review-confirm"
    ),
    path("models", models_api.ModelListView.as_view(), name="models"),
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
    path(
        "templates/<template:name>/learn",
        template_api.TemplateLearnView.as_view(),
        name="template-learn",
    ),
    path(
        "organisation/settings",
        settings_api.OrganisationSettingsView.as_view(),
        name="organisation-settings",
    ),
    path("organisation", leaving_api.OrganisationView.as_view(), name="organisation"),
    path(
        "organisation/export.zip",
        leaving_api.OrganisationExportView.as_view(),
        name="organisation-export",
    ),
    path("audit.csv", audit_csv.AuditTableView.as_view(), name="audit-table"),
    path("billing", billing_api.BillingView.as_view(), name="billing"),
    path("invoices", billing_api.InvoiceListView.as_view(), name="invoice-list"),
    path("invoices/<uuid:pk>", billing_api.InvoiceView.as_view(), name="invoice"),
    path("invoices/<uuid:pk>.pdf", billing_api.InvoicePdfView.as_view(), name="invoice-as-pdf"),
    path("invoices/<uuid:pk>.csv", billing_api.InvoiceCsvView.as_view(), name="invoice-as-csv"),
    path("usage", usage_api.UsageView.as_view(), name="usage"),
    path("service-level", service_api.ServiceLevelView.as_view(), name="service-level"),
    path("usage.csv", usage_api.UsageTableView.as_view(), name="usage-table"),
    path("webhooks", webhook_api.WebhookListView.as_view(), name="webhook-list"),
    path(
        "webhooks/callback-secret",
        webhook_api.CallbackSecretView.as_view(),
        name="callback-secret",
    ),
    path("webhooks/deliveries", webhook_api.DeliveryListView.as_view(), name="delivery-list"),
    path(
        "webhooks/deliveries/<uuid:pk>", webhook_api.DeliveryDetailView.as_view(), name="delivery"
    ),
    path(
        "webhooks/deliveries/<uuid:pk>/replay",
        webhook_api.DeliveryReplayView.as_view(),
        name="delivery-replay",
    ),
    path("webhooks/<uuid:pk>", webhook_api.WebhookDetailView.as_view(), name="webhook"),
    path(
        "webhooks/<uuid:pk>/rotate", webhook_api.WebhookRotateView.as_view(), name="webhook-rotate"
    ),
    path("webhooks/<uuid:pk>/ping", webhook_api.WebhookPingView.as_view(), name="webhook-ping"),
]
