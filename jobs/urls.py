"""Addresses of the jobs app: the API's under /api/v1/, the pages' under /."""

from django.shortcuts import redirect
from django.urls import path, register_converter

from extraction.formats import FORMATS
from jobs import (
    analytics_page,
    api,
    audit_csv,
    batch_action_pages,
    batch_api,
    batch_pages,
    billing_api,
    billing_pages,
    cache_api,
    catalogue_api,
    comparison_api,
    comparison_views,
    delivery_pages,
    engine_metrics_api,
    events_api,
    filter_pages,
    home_page,
    job_action_pages,
    job_files,
    job_page,
    leaving_api,
    leaving_views,
    link_api,
    list_page,
    model_views,
    models_api,
    page_api,
    review_api,
    review_document_pages,
    review_pages,
    selected_page,
    template_api,
    template_editor,
    template_files,
    template_pages,
    template_proposing,
    templates,
    upload_pages,
    usage_api,
    webhook_api,
    webhook_pages,
)
from jobs.batch_export import EXPORTS


class FormatName:
    """The name of an output format, so that an unknown one is 404."""

    regex = "|".join(FORMATS)

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class FieldName(FormatName):
    """What may be the name of a field."""

    regex = "[a-z][a-z0-9_]{0,99}"


class ExportName(FormatName):
    """The name of a batch's export."""

    regex = "|".join(EXPORTS)


class TableName(FormatName):
    """The name of a file of a table."""

    regex = "|".join(job_files.SEPARATORS)


class TemplateName(FormatName):
    """The name of a template, so that what cannot be one is 404."""

    regex = templates.NAME


register_converter(FormatName, "format")
register_converter(FieldName, "field")
register_converter(ExportName, "export")
register_converter(TableName, "table")
register_converter(TemplateName, "template")

api_urlpatterns = [
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

urlpatterns = [
    path("", home_page.HomePage.as_view(), name="home"),
    path("steps/hide", home_page.StepsHidePage.as_view(), name="steps-hide-page"),
    path("analytics", analytics_page.AnalyticsPage.as_view(), name="analytics-page"),
    path(
        "analytics/by-<slug:table>.csv",
        analytics_page.AnalyticsTablePage.as_view(),
        name="analytics-table",
    ),
    path("organisation/audit.csv", audit_csv.AuditTablePage.as_view(), name="audit-page-table"),
    path("review", review_pages.ReviewQueuePage.as_view(), name="review-page"),
    path("review/next", review_pages.ReviewNextPage.as_view(), name="review-next-page"),
    path(
        "review/<uuid:pk>",
        review_document_pages.ReviewDocumentPage.as_view(),
        name="review-document-page",
    ),
    path(
        "review/<uuid:pk>/take",
        review_document_pages.ReviewTakePage.as_view(),
        name="review-take-page",
    ),
    path(
        "review/<uuid:pk>/leave",
        review_document_pages.ReviewLeavePage.as_view(),
        name="review-leave-page",
    ),
    path(
        "review/<uuid:pk>/release",
        review_document_pages.ReviewReleasePage.as_view(),
        name="review-release-page",
    ),
    path(
        "review/<uuid:pk>/skip",
        review_document_pages.ReviewSkipPage.as_view(),
        name="review-skip-page",
    ),
    path(
        "review/<uuid:pk>/confirm",
        review_document_pages.ReviewConfirmPage.as_view(),
        name="review-confirm-page",
    ),
    path(
        "review/<uuid:pk>/text", review_document_pages.ReviewTextView.as_view(), name="review-text"
    ),
    path(
        "review/<uuid:pk>/fields/<field:field>",
        review_document_pages.ReviewFieldPage.as_view(),
        name="review-field-page",
    ),
    path("compare", comparison_views.ComparisonListPage.as_view(), name="comparison-list-page"),
    path("compare/engines", lambda request: redirect("models-page", permanent=True)),
    path("models", model_views.ModelsPage.as_view(), name="models-page"),
    path("compare/<uuid:pk>", comparison_views.ComparisonPage.as_view(), name="comparison-page"),
    path(
        "compare/<uuid:pk>/delete",
        comparison_views.ComparisonDeletePage.as_view(),
        name="comparison-page-delete",
    ),
    path("batches", batch_pages.BatchListPage.as_view(), name="batch-list-page"),
    path("batches/new", batch_pages.NewBatchPage.as_view(), name="batch-new-page"),
    path("batches/<uuid:pk>", batch_pages.BatchPage.as_view(), name="batch-page"),
    path(
        "batches/<uuid:pk>/cancel",
        batch_action_pages.BatchCancelPage.as_view(),
        name="batch-page-cancel",
    ),
    path(
        "batches/<uuid:pk>/retry",
        batch_action_pages.BatchRetryPage.as_view(),
        name="batch-page-retry",
    ),
    path(
        "batches/<uuid:pk>/delete",
        batch_action_pages.BatchDeletePage.as_view(),
        name="batch-page-delete",
    ),
    path(
        "batches/<uuid:pk>/export.<export:name>",
        batch_action_pages.BatchExportPage.as_view(),
        name="batch-page-export",
    ),
    path("jobs", list_page.JobListPage.as_view(), name="job-list-page"),
    path("jobs/filters", filter_pages.FilterSavePage.as_view(), name="job-filter-save"),
    path(
        "jobs/filters/<uuid:pk>/delete",
        filter_pages.FilterDeletePage.as_view(),
        name="job-filter-delete",
    ),
    path("jobs/selected", selected_page.SelectedJobsPage.as_view(), name="job-selected-page"),
    path("templates", template_pages.TemplateListPage.as_view(), name="template-list-page"),
    path("templates/new", template_editor.NewTemplatePage.as_view(), name="template-new-page"),
    path(
        "templates/propose", template_proposing.ProposePage.as_view(), name="template-propose-page"
    ),
    path(
        "templates/import", template_files.TemplateImportPage.as_view(), name="template-import-page"
    ),
    path("templates/<template:name>", template_editor.TemplatePage.as_view(), name="template-page"),
    path(
        "templates/<template:name>.json",
        template_files.TemplateExportPage.as_view(),
        name="template-export-page",
    ),
    path(
        "templates/<template:name>/versions",
        template_pages.TemplateVersionsPage.as_view(),
        name="template-versions-page",
    ),
    path(
        "templates/<template:name>/restore",
        template_pages.TemplateRestorePage.as_view(),
        name="template-restore-page",
    ),
    path(
        "templates/<template:name>/learning",
        template_pages.TemplateLearningPage.as_view(),
        name="template-learning-page",
    ),
    path(
        "templates/<template:name>/delete",
        template_pages.TemplateDeletePage.as_view(),
        name="template-delete-page",
    ),
    path("jobs/new", upload_pages.NewJobPage.as_view(), name="job-new-page"),
    path("jobs/sample", upload_pages.SamplePage.as_view(), name="job-sample-page"),
    path("jobs/uploads", upload_pages.UploadProgressPage.as_view(), name="job-uploads-page"),
    path("jobs/<uuid:pk>", job_page.JobPage.as_view(), name="job-page"),
    path("jobs/<uuid:pk>/work", job_page.JobWorkPart.as_view(), name="job-page-work"),
    path(
        "jobs/<uuid:pk>/pages/<int:number>-small.jpg",
        job_files.JobSmallImageView.as_view(),
        name="job-page-small-image",
    ),
    path(
        "jobs/<uuid:pk>/pages/<int:number>/tables/<int:block>.<table:name>",
        job_files.JobTableView.as_view(),
        name="job-page-table",
    ),
    path(
        "jobs/<uuid:pk>/fields/<field:field>",
        job_action_pages.JobFieldPage.as_view(),
        name="job-page-field",
    ),
    path(
        "jobs/<uuid:pk>/again",
        job_action_pages.JobReadAgainPage.as_view(),
        name="job-page-again",
    ),
    path(
        "jobs/<uuid:pk>/pages/<int:number>.jpg",
        job_files.JobImageView.as_view(),
        name="job-page-image",
    ),
    path(
        "jobs/<uuid:pk>/result.<format:name>",
        job_files.JobDownloadView.as_view(),
        name="job-page-result",
    ),
    path("jobs/<uuid:pk>/cancel", job_action_pages.JobCancelPage.as_view(), name="job-page-cancel"),
    path("jobs/<uuid:pk>/retry", job_action_pages.JobRetryPage.as_view(), name="job-page-retry"),
    path("jobs/<uuid:pk>/delete", job_action_pages.JobDeletePage.as_view(), name="job-page-delete"),
    path(
        "organisation/leave",
        leaving_views.DeleteOrganisationPage.as_view(),
        name="organisation-leave-page",
    ),
    path(
        "organisation/export.zip",
        leaving_views.ExportView.as_view(),
        name="organisation-export-page",
    ),
    path("organisation/webhooks", webhook_pages.WebhooksPage.as_view(), name="webhooks-page"),
    path(
        "organisation/webhooks/new", webhook_pages.NewWebhookPage.as_view(), name="webhook-new-page"
    ),
    path(
        "organisation/webhooks/callback-secret",
        webhook_pages.CallbackSecretPage.as_view(),
        name="callback-secret-page",
    ),
    path(
        "organisation/webhooks/deliveries",
        delivery_pages.DeliveriesPage.as_view(),
        name="deliveries-page",
    ),
    path(
        "organisation/webhooks/deliveries/<uuid:pk>",
        delivery_pages.DeliveryPage.as_view(),
        name="delivery-page",
    ),
    path(
        "organisation/webhooks/deliveries/<uuid:pk>/replay",
        delivery_pages.DeliveryReplayPage.as_view(),
        name="delivery-replay-page",
    ),
    path(
        "organisation/webhooks/<uuid:pk>", webhook_pages.WebhookPage.as_view(), name="webhook-page"
    ),
    path(
        "organisation/webhooks/<uuid:pk>/ping",
        webhook_pages.WebhookPingPage.as_view(),
        name="webhook-ping-page",
    ),
    path(
        "organisation/webhooks/<uuid:pk>/switch",
        webhook_pages.WebhookSwitchPage.as_view(),
        name="webhook-switch-page",
    ),
    path(
        "organisation/webhooks/<uuid:pk>/rotate",
        webhook_pages.WebhookRotatePage.as_view(),
        name="webhook-rotate-page",
    ),
    path(
        "organisation/webhooks/<uuid:pk>/delete",
        webhook_pages.WebhookDeletePage.as_view(),
        name="webhook-delete-page",
    ),
    path("organisation/billing", billing_pages.BillingPage.as_view(), name="billing-page"),
    path(
        "organisation/billing/budget",
        billing_pages.BudgetPage.as_view(),
        name="billing-budget-page",
    ),
    path(
        "organisation/billing/details",
        billing_pages.DetailsPage.as_view(),
        name="billing-details-page",
    ),
    path(
        "organisation/invoices/<uuid:pk>", billing_pages.InvoicePage.as_view(), name="invoice-page"
    ),
    path(
        "organisation/invoices/<uuid:pk>.pdf",
        billing_pages.InvoicePdfPage.as_view(),
        name="invoice-pdf",
    ),
    path(
        "organisation/invoices/<uuid:pk>.csv",
        billing_pages.InvoiceCsvPage.as_view(),
        name="invoice-csv",
    ),
]
