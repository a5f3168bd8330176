from importlib import import_module

from django.db import migrations

# Which terms an organisation's pages are charged by, on a day: those of the plan that it has then.
PRICES = """
CREATE FUNCTION accounts_terms(owner uuid, its_day date) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT terms.id FROM (
        SELECT plan_id FROM accounts_subscription
        WHERE tenant_id = owner AND start <= its_day ORDER BY start DESC LIMIT 1
    ) AS held
    JOIN accounts_planterms AS terms ON terms.plan_id = held.plan_id AND terms.start <= its_day
    ORDER BY terms.start DESC LIMIT 1
$$;

-- The parts of a month between which its terms change: how many days, and which terms (or null)
CREATE FUNCTION accounts_month(owner uuid, first date)
RETURNS TABLE (start date, days integer, terms_id bigint) LANGUAGE sql STABLE AS $$
    WITH span AS (SELECT first, (first + interval '1 month')::date AS following),
    begins AS (
        SELECT first AS start
        UNION SELECT held.start FROM accounts_subscription AS held, span
        WHERE held.tenant_id = owner AND held.start > first AND held.start < following
        UNION SELECT terms.start FROM accounts_planterms AS terms, span
        WHERE terms.start > first AND terms.start < following AND terms.plan_id IN (
            SELECT plan_id FROM accounts_subscription WHERE tenant_id = owner
        )
    )
    SELECT begins.start, lead(begins.start, 1, span.following) OVER (ORDER BY begins.start)
        - begins.start, accounts_terms(owner, begins.start)
    FROM begins, span
$$;

-- What a page of the engine costs beyond those that are included; whether these may cover it; and
-- how many there are in the day's month, as it is known now. No row: nothing is charged.
CREATE FUNCTION accounts_price(owner uuid, its_engine text, its_day date)
RETURNS TABLE (unit_price numeric, currency text, covered boolean, allowance bigint)
LANGUAGE sql STABLE AS $$
    SELECT
        CASE WHEN coalesce(price.covered, true) THEN coalesce(terms.overage_price, price.price, 0)
            ELSE price.price END,
        terms.currency::text,
        coalesce(price.covered, true),
        (SELECT ceil(sum(part.days::numeric * its.included_pages) / sum(part.days))::bigint
            FROM accounts_month(owner, date_trunc('month', its_day::timestamp)::date) AS part
            LEFT JOIN accounts_planterms AS its ON its.id = part.terms_id)
    FROM accounts_planterms AS terms
    LEFT JOIN LATERAL (
        SELECT each.price, each.covered FROM accounts_planprice AS each
        WHERE each.terms_id = terms.id AND each.engine IN (its_engine, '*')
        ORDER BY each.engine = '*' LIMIT 1
    ) AS price ON true
    WHERE terms.id = accounts_terms(owner, its_day)
$$;

-- The most, in millionths, that pages cost where `taken` others of the month are used or kept
CREATE FUNCTION accounts_most_cost(
    unit_price numeric, covered boolean, allowance bigint, pages bigint, taken bigint
) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT (unit_price * 1000000)::bigint * CASE
        WHEN covered THEN greatest(0, least(pages, taken + pages - coalesce(allowance, 0)))
        ELSE pages END
$$;
"""
NO_PRICES = """
DROP FUNCTION accounts_price;
DROP FUNCTION accounts_most_cost;
DROP FUNCTION accounts_month;
DROP FUNCTION accounts_terms;
"""
# Adds a run's row to the ledger, with the price of its day and the pages that the base fee covers.
# `pages` and `seconds` are all that the job has read: what its earlier runs have billed is taken
# off. No row comes back where the run has its row already. The counter of included pages is locked
# before all others, by this function alone.
BILL = """
CREATE FUNCTION accounts_bill(
    its_job uuid, its_run integer, owner uuid, its_engine text, all_pages integer,
    all_seconds double precision, its_outcome text, its_cached boolean, its_day date,
    its_submitted_at timestamptz, its_key uuid
) RETURNS TABLE (its_pages integer, its_included integer, its_price numeric, its_currency text)
LANGUAGE plpgsql AS $$
DECLARE
    due_day date := coalesce(its_day, (its_submitted_at AT TIME ZONE 'UTC')::date);
    its_period text := to_char(due_day, '"included:"YYYY-MM');
    seconds double precision := all_seconds;
    priced record;
    taken bigint;
BEGIN
    its_pages := all_pages;
    its_included := 0;
    IF its_cached THEN
        its_pages := 0;
        seconds := 0;
    ELSIF its_run > 0 THEN
        SELECT greatest(0, all_pages - coalesce(sum(pages), 0)),
            greatest(0, all_seconds - coalesce(sum(compute_seconds), 0))
        INTO its_pages, seconds
        FROM accounts_usagerecord WHERE job_id = its_job AND run < its_run;
    END IF;
    SELECT * INTO priced FROM accounts_price(owner, its_engine, due_day);
    its_price := coalesce(priced.unit_price, 0);
    its_currency := coalesce(priced.currency, '');
    IF priced.covered AND priced.allowance > 0 AND its_pages > 0 THEN
        LOOP
            SELECT used INTO taken FROM accounts_quotause
            WHERE tenant_id = owner AND period = its_period FOR UPDATE;
            EXIT WHEN FOUND;
            INSERT INTO accounts_quotause (tenant_id, period, used, reserved)
            VALUES (owner, its_period, 0, 0) ON CONFLICT DO NOTHING;
        END LOOP;
        its_included := greatest(0, least(its_pages, priced.allowance - taken));
    END IF;
    INSERT INTO accounts_usagerecord (
        tenant_id, job_id, run, engine, pages, compute_seconds, outcome, cached, day, unit_price,
        included, currency, submitted_at, created_at, api_key_id
    ) VALUES (
        owner, its_job, its_run, its_engine, its_pages, seconds, its_outcome, its_cached, its_day,
        its_price, its_included, its_currency, its_submitted_at, now(),
        its_key
    ) ON CONFLICT (job_id, run) DO NOTHING;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF its_included > 0 THEN
        UPDATE accounts_quotause SET used = used + its_included
        WHERE tenant_id = owner AND period = its_period;
    END IF;
    RETURN NEXT;
END
$$;
"""
# As in 0005, and where the organisation has a budget that stops: its room too. Without that room
# 'budget' is returned with what would be used of it in millionths, and nothing was written.
RESERVE = """
CREATE OR REPLACE FUNCTION accounts_reserve(
    its_job uuid, owner uuid, its_run integer, its_engine text, its_pages integer, size bigint,
    most bigint[]
) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    today date := (now() AT TIME ZONE 'UTC')::date;
    cost_period text := to_char(today, '"cost:"YYYY-MM');
    month_period text := to_char(today, '"month:"YYYY-MM');
    periods text[] := ARRAY[
        to_char(today, '"day:"YYYY-MM-DD'), month_period, 'open', 'storage', cost_period
    ];
    more bigint[] := ARRAY[its_pages, its_pages, 1, size, 0];
    counters integer;
    room text[];
    month_taken bigint;
    cost_taken bigint;
    most_cost bigint;
    its_cost bigint;
    its_currency text;
BEGIN
    LOOP
        SELECT count(*), array_agg(period) FILTER (
            WHERE period <> cost_period
            AND (wanted.most IS NULL OR held.taken + wanted.more <= wanted.most)
        ), max(taken) FILTER (WHERE period = month_period),
            max(taken) FILTER (WHERE period = cost_period)
        INTO counters, room, month_taken, cost_taken
        FROM (
            SELECT period, used + reserved AS taken FROM accounts_quotause
            WHERE tenant_id = owner AND period = ANY(periods) ORDER BY period FOR UPDATE
        ) AS held
        JOIN unnest(periods, most, more) AS wanted (period, most, more) USING (period);
        EXIT WHEN counters = 5;
        INSERT INTO accounts_quotause (tenant_id, period, used, reserved)
        SELECT owner, period, 0, 0 FROM unnest(periods) AS period ORDER BY period
        ON CONFLICT DO NOTHING;
    END LOOP;
    IF cardinality(room) = 4 THEN
        SELECT (amount * 1000000)::bigint, currency INTO most_cost, its_currency
        FROM accounts_budget WHERE tenant_id = owner AND hard_stop;
        IF FOUND THEN
            SELECT accounts_most_cost(
                price.unit_price, price.covered, price.allowance, its_pages, month_taken
            ) INTO its_cost
            FROM accounts_price(owner, its_engine, today) AS price
            WHERE price.currency = its_currency;
        END IF;
        its_cost := coalesce(its_cost, 0);
        IF its_cost > 0 AND cost_taken + its_cost > most_cost THEN
            RETURN ARRAY['budget', (cost_taken + its_cost)::text];
        END IF;
        INSERT INTO accounts_reservation (
            job_id, tenant_id, run, engine, pages, cost, day, submitted_at
        )
        VALUES (its_job, owner, its_run, its_engine, its_pages, its_cost, today, now());
        UPDATE accounts_quotause SET
            used = used + CASE period WHEN 'open' THEN 1 WHEN 'storage' THEN size ELSE 0 END,
            reserved = reserved + CASE WHEN period IN ('open', 'storage') THEN 0 ELSE its_pages END
        WHERE tenant_id = owner AND period = ANY(periods) AND period <> cost_period;
        IF its_cost > 0 THEN
            UPDATE accounts_quotause SET reserved = reserved + its_cost
            WHERE tenant_id = owner AND period = cost_period;
        END IF;
    END IF;
    RETURN coalesce(room, ARRAY[]::text[]);
END
$$;
"""
RESERVE_BEFORE = import_module("accounts.migrations.0005_reserve").RESERVE.replace(
    "CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"
)
SUBSCRIBE = """
CREATE FUNCTION accounts_subscribe() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO accounts_subscription (tenant_id, plan_id, start, changed_at)
    VALUES (NEW.id, NEW.plan_id, (now() AT TIME ZONE 'UTC')::date, now())
    ON CONFLICT (tenant_id, start)
    DO UPDATE SET plan_id = excluded.plan_id, changed_at = excluded.changed_at;
    RETURN NULL;
END
$$;

CREATE TRIGGER accounts_tenant_has_a_plan
    AFTER INSERT ON accounts_tenant
    FOR EACH ROW WHEN (NEW.plan_id IS NOT NULL) EXECUTE FUNCTION accounts_subscribe();

CREATE TRIGGER accounts_tenant_changes_its_plan
    AFTER UPDATE OF plan_id ON accounts_tenant
    FOR EACH ROW WHEN (OLD.plan_id IS DISTINCT FROM NEW.plan_id)
    EXECUTE FUNCTION accounts_subscribe();

-- What the last subscription does not say: there are some where this was taken back once
INSERT INTO accounts_subscription (tenant_id, plan_id, start, changed_at)
    SELECT id, plan_id, (now() AT TIME ZONE 'UTC')::date, now() FROM accounts_tenant AS tenant
    WHERE plan_id IS DISTINCT FROM (
        SELECT held.plan_id FROM accounts_subscription AS held
        WHERE held.tenant_id = tenant.id ORDER BY held.start DESC LIMIT 1
    )
    ON CONFLICT (tenant_id, start)
    DO UPDATE SET plan_id = excluded.plan_id, changed_at = excluded.changed_at;
"""
UNSUBSCRIBE = """
DROP TRIGGER accounts_tenant_has_a_plan ON accounts_tenant;
DROP TRIGGER accounts_tenant_changes_its_plan ON accounts_tenant;
DROP FUNCTION accounts_subscribe();
"""
# At the commit, after all other locks: so transactions that end jobs cannot wait for each other.
SUM = """
CREATE FUNCTION accounts_sum_usage() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO accounts_usagesum AS kept (
        tenant_id, day, engine, currency, rows, calls, pages, included, cached, failed,
        compute_seconds, cost
    ) VALUES (
        NEW.tenant_id, coalesce(NEW.day, (NEW.submitted_at AT TIME ZONE 'UTC')::date), NEW.engine,
        NEW.currency, 1, (NEW.run = 0)::integer, NEW.pages, NEW.included, NEW.cached::integer,
        (NEW.outcome = 'failed')::integer, NEW.compute_seconds,
        (NEW.pages - NEW.included) * NEW.unit_price
    ) ON CONFLICT (tenant_id, day, engine, currency) DO UPDATE SET
        rows = kept.rows + excluded.rows,
        calls = kept.calls + excluded.calls,
        pages = kept.pages + excluded.pages,
        included = kept.included + excluded.included,
        cached = kept.cached + excluded.cached,
        failed = kept.failed + excluded.failed,
        compute_seconds = kept.compute_seconds + excluded.compute_seconds,
        cost = kept.cost + excluded.cost;
    RETURN NULL;
END
$$;

CREATE CONSTRAINT TRIGGER accounts_usagerecord_summed
    AFTER INSERT ON accounts_usagerecord DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION accounts_sum_usage();

ALTER TABLE accounts_usagesum SET (fillfactor = 50);
INSERT INTO accounts_usagesum (
    tenant_id, day, engine, currency, rows, calls, pages, included, cached, failed,
    compute_seconds, cost
)
SELECT tenant_id, coalesce(day, (submitted_at AT TIME ZONE 'UTC')::date), engine, currency,
    count(*), count(*) FILTER (WHERE run = 0), sum(pages), sum(included),
    count(*) FILTER (WHERE cached), count(*) FILTER (WHERE outcome = 'failed'),
    sum(compute_seconds), sum((pages - included) * unit_price)
FROM accounts_usagerecord GROUP BY 1, 2, 3, 4;

INSERT INTO accounts_quotause (tenant_id, period, used, reserved)
    SELECT tenant_id, kind || right(period, -5), 0, 0
    FROM accounts_quotause, unnest(ARRAY['cost', 'included']) AS kind
    WHERE period LIKE 'month:%'
    ON CONFLICT DO NOTHING;
"""
UNSUMMED = """
DROP TRIGGER accounts_usagerecord_summed ON accounts_usagerecord;
DROP FUNCTION accounts_sum_usage();
DELETE FROM accounts_usagesum;  -- added up anew when this is applied again
"""
# What was issued and billed stands. A trigger's arguments are the columns that may change.
FIXED = """
CREATE FUNCTION accounts_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- all of it goes with its organisation, as the ledger does
    IF TG_OP = 'DELETE' AND TG_LEVEL = 'ROW' THEN
        IF accounts_is_leaving((to_jsonb(OLD) ->> 'tenant_id')::uuid) THEN
            RETURN OLD;
        END IF;
    ELSIF TG_OP = 'UPDATE' AND to_jsonb(OLD) - TG_ARGV = to_jsonb(NEW) - TG_ARGV THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is never changed', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;

CREATE FUNCTION accounts_terms_are_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    today date := (now() AT TIME ZONE 'UTC')::date;
    its_terms bigint;
BEGIN
    IF TG_TABLE_NAME = 'accounts_planterms' THEN
        its_terms := OLD.id;
    ELSIF TG_OP = 'INSERT' THEN
        its_terms := NEW.terms_id;
    ELSE
        its_terms := OLD.terms_id;
    END IF;
    PERFORM FROM accounts_planterms
    WHERE id = its_terms AND start < today AND (created_at AT TIME ZONE 'UTC')::date < today;
    IF FOUND THEN
        RAISE EXCEPTION 'terms that have held for a day are never changed'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END
$$;

CREATE TRIGGER accounts_planterms_fixed
    BEFORE UPDATE OR DELETE ON accounts_planterms
    FOR EACH ROW EXECUTE FUNCTION accounts_terms_are_fixed();
CREATE TRIGGER accounts_planprice_fixed
    BEFORE INSERT OR UPDATE OR DELETE ON accounts_planprice
    FOR EACH ROW EXECUTE FUNCTION accounts_terms_are_fixed();
CREATE TRIGGER accounts_invoice_fixed
    BEFORE UPDATE OR DELETE ON accounts_invoice FOR EACH ROW EXECUTE FUNCTION
    accounts_is_fixed('status', 'payment', 'payment_reference', 'payment_url', 'paid_at');
CREATE TRIGGER accounts_credit_fixed
    BEFORE UPDATE OR DELETE ON accounts_credit FOR EACH ROW EXECUTE FUNCTION
    accounts_is_fixed('created_by_id');
CREATE TRIGGER accounts_credituse_fixed
    BEFORE UPDATE OR DELETE ON accounts_credituse
    FOR EACH ROW EXECUTE FUNCTION accounts_is_fixed();
CREATE TRIGGER accounts_closing_fixed
    BEFORE UPDATE OR DELETE ON accounts_closing
    FOR EACH ROW EXECUTE FUNCTION accounts_is_fixed();
CREATE TRIGGER accounts_closedusage_fixed
    BEFORE UPDATE OR DELETE ON accounts_closedusage
    FOR EACH ROW EXECUTE FUNCTION accounts_is_fixed();
CREATE TRIGGER accounts_invoice_no_truncate BEFORE TRUNCATE ON accounts_invoice
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_is_fixed();
CREATE TRIGGER accounts_credit_no_truncate BEFORE TRUNCATE ON accounts_credit
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_is_fixed();
CREATE TRIGGER accounts_credituse_no_truncate BEFORE TRUNCATE ON accounts_credituse
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_is_fixed();
CREATE TRIGGER accounts_closing_no_truncate BEFORE TRUNCATE ON accounts_closing
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_is_fixed();
CREATE TRIGGER accounts_closedusage_no_truncate BEFORE TRUNCATE ON accounts_closedusage
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_is_fixed();
"""
NOT_FIXED = (
    "".join(
        f"DROP TRIGGER accounts_{name} ON accounts_{name.split('_')[0]};\n"
        for name in (
            "planterms_fixed",
            "planprice_fixed",
            *(
                f"{table}_{trigger}"
                for table in ("invoice", "credit", "credituse", "closing", "closedusage")
                for trigger in ("fixed", "no_truncate")
            ),
        )
    )
    + """
DROP FUNCTION accounts_terms_are_fixed();
DROP FUNCTION accounts_is_fixed();
"""
)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0012_invoices"),
    ]

    operations = [
        migrations.RunSQL(PRICES, NO_PRICES),
        migrations.RunSQL(BILL, "DROP FUNCTION accounts_bill"),
        migrations.RunSQL(RESERVE, RESERVE_BEFORE),
        migrations.RunSQL(SUBSCRIBE, UNSUBSCRIBE),
        migrations.RunSQL(SUM, UNSUMMED),
        migrations.RunSQL(FIXED, NOT_FIXED),
    ]
