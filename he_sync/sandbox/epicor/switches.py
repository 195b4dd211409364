"""Choices of this stand-in where the reference found nothing, or found two answers."""

from __future__ import annotations

from he_sync.sandbox.switches import LIMIT, PAUSE, SECONDS, Switch

MISSING_KEY_STATUS = Switch(
    "epicor.missing_key_status", "401", ("400", "401", "403"), "status of a v2 call without a valid API key: not found"
)
MISSING_KEY_TEXT = Switch(
    "epicor.missing_key_text",
    "Invalid API Key",
    (),
    "body text of the same: not found; one client looks for 'invalid api key'",
)
WRONG_COMPANY_STATUS = Switch(
    "epicor.wrong_company_status",
    "400",
    ("400", "401", "403", "404"),
    "an unknown company errors; with what is not found",
)
EXPIRES_IN = Switch(
    "epicor.token_expires_in",
    "3600",
    (),
    "token lifetime in seconds: sources say 1 h and 8 h",
    numbers=SECONDS,
)
TOKEN_CASE = Switch(
    "epicor.token_names", "pascal", ("pascal", "snake"), "AccessToken or access_token: a client accepts both"
)
CONFLICT_STATUS = Switch(
    "epicor.conflict_status", "400", ("400", "409"), "status of an Update with a stale SysRevID: not found"
)
DUPLICATE_CUSTID_STATUS = Switch(
    "epicor.duplicate_custid_status", "500", ("500", "409"), "documented as 409, measured as a generic 500"
)
UPDATE_COLUMNS = Switch(
    "epicor.update_missing_columns",
    "error",
    ("error", "accept"),
    "Update wants the full row; how it fails is not found",
)
DATE_SUFFIX = Switch(
    "epicor.date_suffix", "", ("", "Z", "+00:00", "-06:00"), "offset behind dates in answers: not found"
)
LICENSES = Switch("epicor.licenses", "1000", (), "size of the licence pool: the customer's contract", numbers=LIMIT)
LICENSE_OVERFLOW = Switch(
    "epicor.license_overflow",
    "refuse",
    ("refuse", "penalty"),
    "all in use: 400, or a shared web service licence with a penalty on every call",
)
LICENSE_PENALTY = Switch(
    "epicor.license_penalty_seconds",
    "20",
    (),
    "the shared licence's penalty on every call",
    numbers=PAUSE,
)
SESSION_MINUTES = Switch(
    "epicor.session_minutes", "20", (), "idle minutes until a session ends: not found", numbers=PAUSE
)
REASON_PHRASE = Switch(
    "epicor.reason_phrase",
    "REST API Exception",
    ("REST API Exception", "REST Api Exception"),
    "both casings were recorded",
)
ERROR_SHAPE = Switch("epicor.error_shape", "kinetic", ("kinetic", "odata"), "two error bodies are handled by clients")
FIRST_PAGE = Switch(
    "epicor.first_page",
    "both",
    ("both", "0", "1"),
    "number of the first page in absolutePage: clients count from 0 and from 1; 'both' takes 0 and 1 for the first",
)
CHILD_FILTER = Switch(
    "epicor.child_filter",
    "child",
    ("child", "parent"),
    "which type a child set's $filter is checked against: one client saw the child's columns work, one the parent's",
)
MORE_PAGE = Switch(
    "epicor.more_page_twin",
    "no",
    ("no", "yes"),
    "one client reads morePage where the service description says morePages",
)
NESTED_CHARGE_LINE = Switch(
    "epicor.nested_charge_line",
    "last",
    ("last", "first", "right"),
    "a charge nested in a line lands on the wrong line; on which is not found",
)
POST_UPSERT = Switch("epicor.post_upsert", "no", ("no", "yes"), "POST of an existing key as an update: not confirmed")
COMPOSITE_ROLLBACK = Switch(
    "epicor.composite_rollback",
    "yes",
    ("yes", "no"),
    "a refused line of a nested create: an order's header was seen to stay without lines",
)
CLOSED_ORDER_LINES = Switch(
    "epicor.closed_order_lines", "accept", ("accept", "refuse"), "a line or charge added to a closed order: not found"
)
NEGATIVE_QUANTITY = Switch(
    "epicor.negative_quantity",
    "accept",
    ("accept", "refuse"),
    "release quantities read 'above zero'; a refusal was not found",
)
TAX_CATEGORIES = Switch(
    "epicor.tax_categories", "", (), "tax categories that exist, comma-separated; empty accepts any"
)
CDC_PUSH_BODY = Switch(
    "epicor.cdc_push_body", "array", ("array", "single", "envelope"), "body of a CDC push: not found"
)
BPM_DIRECTIVES = Switch(
    "epicor.bpm_directives",
    "[]",
    (),
    'hand-made posts after a commit, a JSON list of {"table", "change": "insert|update|delete", "url", "header", '
    '"secret"}: no standard payload exists',
)
BPM_DELIVERY = Switch(
    "epicor.bpm_delivery",
    "once",
    ("once", "twice", "never"),
    "a hand-made post promises nothing: it may come twice or not at all",
)
NEGATIVE_STOCK = Switch(
    "epicor.negative_stock",
    "Warn",
    ("None", "Warn", "Stop"),
    "what a stock below nothing does hangs on the part class; names not found",
)
ADJUST_NEW_WAREHOUSE = Switch(
    "epicor.adjust_new_warehouse",
    "create",
    ("create", "refuse"),
    "adjusting a part where no PartWhse row is yet: not found",
)
RMA_RECEIPT = Switch(
    "epicor.rma_receipt",
    "inspection",
    ("inspection", "stock"),
    "what a return's receipt does: waits for inspection, or raises the stock at once; the reference says nothing",
)
CLOSED_THROUGH = Switch(
    "epicor.closed_through",
    "",
    (),
    "last closed fiscal period as yyyy-mm; empty: all are open. The company's setting",
)
EARLIEST_APPLY_DATE = Switch(
    "epicor.earliest_apply_date",
    "",
    (),
    "earliest date that may be posted, yyyy-mm-dd; empty: any. The company's setting",
)
UNBALANCED_JOURNAL = Switch(
    "epicor.unbalanced_journal",
    "refuse",
    ("refuse", "message"),
    "posting a bad journal: 400, or 200 with NotAllPostedMessage; not found",
)
POSTED_GROUP = Switch(
    "epicor.posted_group", "kept", ("kept", "deleted"), "whether a journal group outlives its posting: not found"
)
POSTING_DELAY = Switch(
    "epicor.posting_delay_seconds",
    "0",
    (),
    "seconds of the sandbox's clock until the task agent runs a posting: depends on its load",
    numbers=PAUSE,
)
GL_CONTROLS = Switch(
    "epicor.gl_controls",
    '{"bank": "1010", "receivable": "1300", "unapplied": "2310", "revenue": "4000", "tax": "2200", "misc": "6490"}',
    (),
    "natural account of each GL control: the company's setting",
)

SWITCHES: tuple[Switch, ...] = (
    MISSING_KEY_STATUS,
    MISSING_KEY_TEXT,
    WRONG_COMPANY_STATUS,
    EXPIRES_IN,
    TOKEN_CASE,
    CONFLICT_STATUS,
    DUPLICATE_CUSTID_STATUS,
    UPDATE_COLUMNS,
    DATE_SUFFIX,
    LICENSES,
    LICENSE_OVERFLOW,
    LICENSE_PENALTY,
    SESSION_MINUTES,
    REASON_PHRASE,
    ERROR_SHAPE,
    FIRST_PAGE,
    CHILD_FILTER,
    MORE_PAGE,
    NESTED_CHARGE_LINE,
    POST_UPSERT,
    COMPOSITE_ROLLBACK,
    CLOSED_ORDER_LINES,
    NEGATIVE_QUANTITY,
    TAX_CATEGORIES,
    CDC_PUSH_BODY,
    BPM_DIRECTIVES,
    BPM_DELIVERY,
    NEGATIVE_STOCK,
    ADJUST_NEW_WAREHOUSE,
    RMA_RECEIPT,
    CLOSED_THROUGH,
    EARLIEST_APPLY_DATE,
    UNBALANCED_JOURNAL,
    POSTED_GROUP,
    POSTING_DELAY,
    GL_CONTROLS,
)
