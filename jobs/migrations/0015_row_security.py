from django.db import migrations

from accounts.row_policies import protect, protect_part


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_row_security"),
        ("jobs", "0014_submit"),
    ]

    operations = [
        protect("jobs_batch"),
        protect("jobs_callbacksecret"),
        protect("jobs_delivery"),
        protect("jobs_fieldtemplate"),
        protect("jobs_idempotencykey"),
        protect("jobs_job"),
        protect("jobs_review"),
        protect("jobs_storedfile"),
        protect("jobs_task"),
        protect("jobs_turn"),
        protect("jobs_webhook"),
        protect_part("jobs_deliveryattempt", of="jobs_delivery", by="delivery_id"),
        protect_part("jobs_extraction", of="jobs_job", by="job_id"),
        protect_part("jobs_fieldrevision", of="jobs_job", by="job_id"),
        protect_part("jobs_fieldtemplateversion", of="jobs_fieldtemplate", by="template_id"),
        protect_part("jobs_fieldvalue", of="jobs_job", by="job_id"),
        protect_part("jobs_jobcallback", of="jobs_job", by="job_id"),
        protect_part("jobs_page", of="jobs_job", by="job_id"),
    ]
