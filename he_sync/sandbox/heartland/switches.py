"""Choices of this stand-in where the reference found nothing, or found two answers.

Each is read when a request is served, so that a test may turn it between two calls. A client must get along with every
value.
"""

from __future__ import annotations

from he_sync.sandbox.switches import COUNT, LIMIT, PAUSE, SECONDS, SHARE, Span, Switch

UNAUTHORIZED_BODY = Switch(
    "heartland.unauthorized_body",
    "json",
    ("json", "empty", "text"),
    "Body of a 401: not found. Clients must not need one.",
)
FORBIDDEN_BODY = Switch("heartland.forbidden_body", "json", ("json", "empty"), "Body of a 403: not found.")
NOT_FOUND_BODY = Switch("heartland.not_found_body", "json", ("json", "empty"), "Body of a 404: not found.")
VALIDATION_STATUS = Switch(
    "heartland.validation_status",
    "400",
    ("400", "422"),
    "One client assumes 422, the official ones read only the body; 400 is what bad filters give.",
)
DETAILS_SHAPE = Switch(
    "heartland.details_shape",
    "list",
    ("list", "string"),
    "Inside `details` a field's complaints are a list or one string: not found.",
)
WRITE_STATUS = Switch(
    "heartland.write_status",
    "200",
    ("200", "204"),
    "PUT and DELETE answer 2xx with an empty body; which 2xx was not found.",
)
PER_PAGE_DEFAULT = Switch(
    "heartland.per_page_default", "20", (), "The server's own page size: not found; clients send 20.", numbers=COUNT
)
PER_PAGE_MAXIMUM = Switch(
    "heartland.per_page_maximum",
    "5000",
    (),
    "Largest page seen working is 5000; a larger one is cut to this without a word. `all` is not cut.",
    numbers=COUNT,
)
MISSING_DOLLAR = Switch(
    "heartland.missing_dollar",
    "ignored",
    ("ignored", "empty", "refused"),
    "An operator without its $ 'silently misbehaves': the condition is dropped, matches nothing, or is a 400.",
)
PLAIN_PUBLIC_ID = Switch(
    "heartland.plain_public_id",
    "ignored",
    ("ignored", "filter"),
    "`items?public_id=` is used by one client; whether it filters was not found. Ignored hurts those who rely on it.",
)
TICKET_LOCATION_FILTER = Switch(
    "heartland.ticket_location_filter",
    "filter",
    ("filter", "refused"),
    "`source_location_id` on tickets: two clients filter on it, one got 400.",
)
WIDE_TICKET_RANGE = Switch(
    "heartland.wide_ticket_range",
    "error",
    ("error", "served"),
    "24 months of tickets in one filter gave 500, six months worked. An open end counts as now.",
)
UNKNOWN_FIELDS = Switch(
    "heartland.unknown_fields",
    "ignored",
    ("ignored", "refused"),
    "A written field that the resource does not have: not found whether it is refused.",
)
LOCAL_TIME_SUFFIX = Switch(
    "heartland.local_time_suffix",
    "none",
    ("none", "offset"),
    "`local_completed_at` is wall time; whether it carries its offset was not found.",
)
LOCATION_HEADER = Switch(
    "heartland.location_header",
    "path",
    ("path", "absolute"),
    "Older clients strip a leading /api, one comment shows an absolute URL. Path-only works with all of them.",
)
IDEMPOTENCY = Switch(
    "heartland.idempotency_key",
    "ignored",
    ("ignored", "replayed"),
    "No idempotency on POST was found; retries make duplicates. `replayed` answers the first Location again.",
)
REQUESTS_PER_MINUTE = Switch(
    "heartland.requests_per_minute",
    "0",
    (),
    "Throttling is real but its numbers were not found; 0 is none, otherwise 429 above it.",
    numbers=LIMIT,
)
RETRY_AFTER = Switch(
    "heartland.retry_after", "sent", ("sent", "absent"), "`Retry-After` on 429 is only assumed by one client."
)
TOKEN_SECONDS = Switch(
    "heartland.oauth_token_seconds",
    "0",
    (),
    "Expiry of OAuth access tokens: not found; 0 is never.",
    numbers=SECONDS,
)
REFRESH_TOKEN = Switch(
    "heartland.oauth_refresh_token",
    "none",
    ("none", "issued"),
    "Refresh tokens: not found. `issued` adds refresh_token and its grant.",
)
SCOPES = Switch(
    "heartland.oauth_scopes",
    "ignored",
    ("ignored", "enforced"),
    "Four scope names are known, the list is not; enforced means <noun>.read and <noun>.manage by our noun.",
)
ORDER_ADDRESS = Switch(
    "heartland.order_address",
    "address_id",
    ("address_id", "either"),
    "Orders want `address_id`; one client sends the join id and works.",
)
DUPLICATE_ITEM_LINES = Switch(
    "heartland.duplicate_item_lines",
    "allowed",
    ("allowed", "refused"),
    "Two lines of one item 'can' raise an error under details.qty; when was not found.",
)
TICKET_VOID_STATUS = Switch(
    "heartland.ticket_void_status",
    "complete",
    ("complete", "void", "voided"),
    "Status word of a voided ticket or invoice: not found; only `voided?` is known.",
)
ORDER_CANCEL_STATUS = Switch(
    "heartland.order_cancel_status",
    "void",
    ("void", "cancelled", "canceled"),
    "The word that cancels an order: not found, one client tries three in turn. The others are refused.",
)
RECEIPT_FINAL_STATUS = Switch(
    "heartland.receipt_final_status",
    "accepted",
    ("accepted", "complete"),
    "Two live clients disagree on the final status of a receipt. Both are taken, this one is stored.",
)
COMPLETE_TWICE = Switch(
    "heartland.complete_twice",
    "accepted",
    ("accepted", "refused"),
    "Completing what is complete: no effect either way, whether it is an error was not found.",
)
WEBHOOK_POST_BODY = Switch(
    "heartland.webhook_post_body",
    "empty",
    ("empty", "id"),
    "One receiver reads `id` from the body of POST webhooks; house style is empty with Location.",
)
WEBHOOK_INVOICES = Switch(
    "heartland.webhook_invoices",
    "sent",
    ("sent", "absent"),
    "Whether sales_transaction_completed covers invoices was not found.",
)
WEBHOOK_DUPLICATE_SHARE = Switch(
    "heartland.webhook_duplicate_share",
    "0.05",
    (),
    "Share of deliveries sent twice. Duplicates are known, their rate is not.",
    numbers=SHARE,
)
WEBHOOK_LOSS_SHARE = Switch(
    "heartland.webhook_loss_share",
    "0",
    (),
    "Share of deliveries that never go out. Not found; a poll must find what no event announced.",
    numbers=SHARE,
)
WEBHOOK_REFIRE = Switch(
    "heartland.webhook_refire",
    "sent",
    ("sent", "absent"),
    "The completed event fires again when a completed transaction is updated (seen by one receiver).",
)
WEBHOOK_ATTEMPTS = Switch(
    "heartland.webhook_attempts",
    "3",
    (),
    "Attempts per delivery: schedule not found, that there are retries is.",
    numbers=Span(1, 20),
)
WEBHOOK_RETRY_SECONDS = Switch(
    "heartland.webhook_retry_seconds",
    "2",
    (),
    "Wait before the second attempt, doubled after each: not found.",
    numbers=PAUSE,
)
WEBHOOK_TIMEOUT_SECONDS = Switch(
    "heartland.webhook_timeout_seconds",
    "10",
    (),
    "How long a delivery waits for its answer: not found.",
    numbers=PAUSE,
)

SWITCHES: tuple[Switch, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Switch))
