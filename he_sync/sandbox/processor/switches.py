"""Choices of this stand-in where the reference found nothing."""

from __future__ import annotations

from he_sync.sandbox.switches import COUNT, LIMIT, SECONDS, Span, Switch

REQUIRE_VERSION = Switch(
    "processor.require_version",
    "yes",
    ("yes", "no"),
    "whether a call without X-GP-Version is refused; every known client sends it",
)
COUNT_KEY = Switch(
    "processor.count_key",
    "total_record_count",
    ("total_record_count", "total_count"),
    "both spellings are read by the official SDKs; which address answers which is not found",
)
PAGE_SIZE_DEFAULT = Switch(
    "processor.page_size_default", "10", (), "page_size of a list call that names none: not found", numbers=COUNT
)
PAGE_SIZE_MAX = Switch("processor.page_size_max", "1000", (), "largest page_size: not found", numbers=COUNT)
PAGE_SIZE_OVER = Switch(
    "processor.page_size_over",
    "clamp",
    ("clamp", "refuse"),
    "what a page_size above the maximum gives: the maximum, or INVALID_REQUEST_DATA 40213",
)
DEFAULT_ORDER = Switch(
    "processor.default_order", "DESC", ("ASC", "DESC"), "order of a list call that names none: not found"
)
UNKNOWN_PARAMETERS = Switch(
    "processor.unknown_parameters",
    "refuse",
    ("refuse", "ignore"),
    "40043 (unexpected fields) is known for bodies; for queries not found. Refusing shows a misspelt filter at once",
)
FEES_SIGN = Switch(
    "processor.fees_sign",
    "negative",
    ("negative", "positive"),
    "sign of a deposit's fees.amount: blank in every known sample",
)
FEES_IN_AMOUNT = Switch(
    "processor.fees_in_amount",
    "yes",
    ("yes", "no"),
    "whether a net-funded deposit's amount is after fees: not found. The bank gets the amount after fees either way",
)
RATE_LIMIT = Switch(
    "processor.rate_limit", "0", (), "GP-API requests per second over all tokens, 0 for none: not found", numbers=LIMIT
)
RETRY_AFTER = Switch(
    "processor.rate_limit_retry_after",
    "1",
    (),
    "Retry-After of a 429 in seconds, 0 for no header: not found",
    numbers=SECONDS,
)
DEFAULT_MID = Switch(
    "processor.default_mid", "101023947262", (), "merchant id that a sale posted to the stand-in belongs to"
)
STATUS_URL = Switch(
    "processor.status_url",
    "",
    (),
    "where signed notifications of captures go when the sale names no notifications.status_url; empty for nowhere",
)
PORTICO_ROWS_MAX = Switch(
    "processor.portico_rows_max", "5000", (), "most rows of one Portico report: not found", numbers=COUNT
)

STATUS = {
    "NOT_AUTHENTICATED": 401,
    "ACTION_NOT_AUTHORIZED": 403,
    "INVALID_REQUEST_DATA": 400,
    "MANDATORY_DATA_MISSING": 400,
    "RESOURCE_NOT_FOUND": 404,
    "DUPLICATE_ACTION": 409,
    "INVALID_TRANSACTION_ACTION": 400,
    "INVALID_BATCH_ACTION": 400,
    "TOO_MANY_REQUESTS": 429,
    "ACTION_FAILED": 500,
}
STATUS_OF = {
    code: Switch(
        f"processor.status.{code}",
        str(status),
        (),
        f"HTTP status of {code}: found for no error code",
        numbers=Span(400, 599),
    )
    for code, status in STATUS.items()
}

SWITCHES: tuple[Switch, ...] = (
    REQUIRE_VERSION,
    COUNT_KEY,
    PAGE_SIZE_DEFAULT,
    PAGE_SIZE_MAX,
    PAGE_SIZE_OVER,
    DEFAULT_ORDER,
    UNKNOWN_PARAMETERS,
    FEES_SIGN,
    FEES_IN_AMOUNT,
    RATE_LIMIT,
    RETRY_AFTER,
    DEFAULT_MID,
    STATUS_URL,
    PORTICO_ROWS_MAX,
    *STATUS_OF.values(),
)
