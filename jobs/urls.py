"""Addresses of the jobs app's pages."""

from django.shortcuts import redirect
from django.urls import path

from jobs import (
    analytics_page,
    audit_csv,
    batch_action_pages,
    batch_pages,
    billing_pages,
    comparison_views,
    delivery_pages,
    filter_pages,
    home_page,
    job_action_pages,
    job_files,
    job_page,
    leaving_views,
    list_page,
    model_views,
    review_document_pages,
    review_pages,
    selected_page,
    service_pages,
    settings_page,
    template_editor,
    template_files,
    template_pages,
    template_proposing,
    upload_pages,
    url_converters,  # noqa: F401  # registers them
    webhook_pages,
)

urlpatterns = [
    path("", home_page.HomePage.as_view(), name="home"),
    path("steps/hide", home_page.StepsHidePage.as_view(), name="steps-hide-page"),
    path("analytics", analytics_page.AnalyticsPage.as_view(), name="analytics-page"),
    path(
        "analytics/by-<slug:table>.csv",
        analytics_page.AnalyticsTablePage.as_view(),
        name="analytics-table",
    ),
    path("organisation", settings_page.SettingsPage.as_view(), name="organisation-page"),
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
    path(
        "organisation/service-level",
        service_pages.ServiceLevelPage.as_view(),
        name="service-level-page",
    ),
    path(
        "organisation/service-level.csv",
        service_pages.ServiceLevelTablePage.as_view(),
        name="service-level-table",
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
