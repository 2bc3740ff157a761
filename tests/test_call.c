/* SPDX-License-Identifier: MIT */
/*
 * The call machine, without a transport and without a clock: each row says
 * what the attempts of one call come to, and what the machine makes of it.
 */
#include "client/call.h"

#include "tests.h"

#include <stdio.h>
#include <string.h>

#define NOW INT64_C(1767323045) /* 2026-01-02T03:04:05Z by our clock */
#define HALF 0x80000000u        /* the random number of every wait */
#define DONE (-1)

/* ---- What an attempt may come to ---------------------------------------- */

typedef struct {
    int status;
    const char *type;
    const char *message;
    const char *body; /* instead of those two */
    int64_t hint;     /* x-amz-retry-after and 1 */
    int64_t ahead;    /* s, of the server's clock, as the Date says */
    int no_date;
    int has_age;
    int untrusted;

    ddb_code code; /* no HTTP answer */
    int final;     /* no other attempt can mend it */
    int not_sent;
    int stale;

    int silent;    /* until the attempt's time is up */
    int unsent;    /* and it had not left */
    int64_t takes; /* ms */
} said;

/* An error answer. */
#define ERROR(s, t, m) .status = s, .type = t, .message = m

static const said ok = {.status = 200, .body = "{}"};
static const said ok_spaces = {.status = 200, .body = " {\"a\":1}\n"};
static const said internal = {ERROR(500, "InternalServerError", "sorry")};
static const said unavailable = {.status = 503, .body = ""};
static const said not_implemented = {.status = 501, .body = ""};
static const said throttled = {ERROR(400, "ThrottlingException", "slow down")};
static const said throttled_500 = {
    ERROR(503, "ThrottlingException", "slow down")};
static const said hinted = {ERROR(400, "ThrottlingException", "slow"),
                            .hint = 1701};
static const said too_many_tables = {
    ERROR(400, "LimitExceededException", "tables")};
static const said too_many = {.status = 429, .body = ""};
static const said condition = {
    ERROR(400, "ConditionalCheckFailedException", "no")};
static const said invalid = {ERROR(400, "ValidationException", "bad")};
static const said denied = {ERROR(400, "AccessDeniedException", "not you")};
static const said expired = {ERROR(400, "ExpiredTokenException", "it is old")};
static const said unrecognized = {
    ERROR(400, "UnrecognizedClientException", "who?")};
static const said redirect = {.status = 302, .body = ""};

static const said login_page = {.status = 200, .body = "<html></html>"};
static const said half = {.status = 200, .body = "{\"a\":"};
static const said empty = {.status = 200, .body = ""};

static const said reset = {.code = DDB_NETWORK};
static const said refused = {.code = DDB_NETWORK, .not_sent = 1};
static const said cut_200 = {.code = DDB_BAD_ANSWER, .status = 200};
static const said cut_500 = {.code = DDB_BAD_ANSWER, .status = 500};
static const said cut_400 = {.code = DDB_BAD_ANSWER, .status = 400};
static const said stale = {.code = DDB_NETWORK, .stale = 1};
static const said stale_unsent = {
    .code = DDB_NETWORK, .stale = 1, .not_sent = 1};
static const said bad_tls = {.code = DDB_TLS, .final = 1, .not_sent = 1};
static const said no_clock = {.code = DDB_CLOCK, .final = 1, .not_sent = 1};
static const said too_large = {
    .code = DDB_ANSWER_TOO_LARGE, .final = 1, .status = 200};
static const said no_memory = {.code = DDB_NOMEM, .final = 1};

static const said silent = {.silent = 1};
static const said silent_unsent = {.silent = 1, .unsent = 1};

/* Refusals by the clock; the server is ten minutes ahead. */
#define EXPIRED_SIGNATURE                                                      \
    "Signature expired: 20260102T030405Z is now earlier than "                 \
    "20260102T030905Z (20260102T031405Z - 5 min.)"
static const said late = {
    ERROR(400, "InvalidSignatureException", EXPIRED_SIGNATURE), .ahead = 600};
static const said late_no_date = {
    ERROR(400, "InvalidSignatureException", EXPIRED_SIGNATURE), .no_date = 1};
static const said late_cached = {
    ERROR(400, "InvalidSignatureException", EXPIRED_SIGNATURE), .ahead = -9999,
    .has_age = 1};
static const said late_untrusted = {
    ERROR(400, "InvalidSignatureException", EXPIRED_SIGNATURE), .ahead = 600,
    .untrusted = 1};
static const said late_still = {
    ERROR(400, "InvalidSignatureException", EXPIRED_SIGNATURE), .ahead = 1200};
static const said bad_signature = {
    ERROR(400, "InvalidSignatureException", "it does not match")};
static const said bad_signature_far = {
    ERROR(400, "InvalidSignatureException", "it does not match"),
    .ahead = -240};
static const said bad_signature_near = {
    ERROR(400, "InvalidSignatureException", "it does not match"),
    .ahead = -239};
static const said denied_far = {ERROR(400, "AccessDeniedException", "no"),
                                .ahead = 3600};
static const said condition_far = {
    ERROR(400, "ConditionalCheckFailedException", "no"), .ahead = 290};
static const said ok_late = {.status = 200, .body = "{}", .ahead = 600};
static const said ok_far = {.status = 200, .body = "{}", .ahead = -240};
static const said ok_ahead = {.status = 200, .body = "{}", .ahead = 2};
static const said ok_near = {.status = 200, .body = "{}", .ahead = 1};
static const said ok_behind = {.status = 200, .body = "{}", .ahead = -100};
static const said ok_ahead_aged = {
    .status = 200, .body = "{}", .ahead = 100, .has_age = 1};
static const said ok_ahead_untrusted = {
    .status = 200, .body = "{}", .ahead = 100, .untrusted = 1};
static const said ok_slow = {
    .status = 200, .body = "{}", .ahead = -4, .takes = 5000};
static const said ok_slow_behind = {
    .status = 200, .body = "{}", .ahead = -7, .takes = 5000};

/* ---- The rows ----------------------------------------------------------- */

#define MOST_TURNS 7

typedef struct {
    const said *said; /* what an attempt comes to */
    int64_t wait;     /* ms that follow; DONE */
} turn;

typedef struct {
    const char *name;
    turn turns[MOST_TURNS];
    ddb_code code;
    /* The call. */
    int read;
    int repeatable;
    int slow;
    int timeout_ms;   /* 0: 15000 */
    int max_attempts; /* 0: 4 */
    int tokens;       /* of the bucket at first; 0: all */
    int no_correction;
    int no_keys;    /* the transport wants none */
    int fixed_keys; /* that cannot be refreshed */
    /* At the end. */
    int maybe; /* applied */
    int retryable;
    const char *says;
    int tokens_left; /* 0: not looked at */
    int64_t ahead;   /* s: what the clock has learnt; 0: nothing */
    int refreshes;   /* times that other keys were asked for */
} row;

static const row rows[] = {
    /* Plain ends. */
    {"success", {{&ok, DONE}}, .code = DDB_OK, .tokens_left = 500},
    {"success with spaces around it", {{&ok_spaces, DONE}}, .code = DDB_OK},
    {"a transport that needs no keys",
     {{&ok, DONE}},
     .code = DDB_OK,
     .no_keys = 1},
    {"what is wrong stays wrong",
     {{&invalid, DONE}},
     .code = DDB_VALIDATION,
     .says = "bad"},
    {"a condition that failed",
     {{&condition, DONE}},
     .code = DDB_CONDITION_FAILED},
    {"access denied", {{&denied, DONE}}, .code = DDB_ACCESS_DENIED},
    {"no redirect is followed",
     {{&redirect, DONE}},
     .code = DDB_SERVICE,
     .read = 1},
    {"501 says the same tomorrow",
     {{&not_implemented, DONE}},
     .code = DDB_UNAVAILABLE,
     .read = 1},
    {"a server that cannot be trusted",
     {{&bad_tls, DONE}},
     .code = DDB_TLS,
     .read = 1},
    {"a clock that no certificate fits",
     {{&no_clock, DONE}},
     .code = DDB_CLOCK,
     .read = 1},

    /* Repeated after transient failures. */
    {"500 then success",
     {{&internal, 12}, {&ok, DONE}},
     .code = DDB_OK,
     .read = 1,
     .tokens_left = 500},
    {"503 without a body",
     {{&unavailable, 12}, {&ok, DONE}},
     .code = DDB_OK,
     .read = 1},
    {"waits double",
     {{&internal, 12}, {&reset, 25}, {&refused, 50}, {&ok, DONE}},
     .code = DDB_OK,
     .read = 1,
     .tokens_left = 500 - 28},
    {"four attempts at most",
     {{&internal, 12}, {&internal, 25}, {&internal, 50}, {&internal, DONE}},
     .code = DDB_UNAVAILABLE,
     .read = 1,
     .retryable = 1,
     .says = "sorry",
     .tokens_left = 500 - 42},
    {"as many as are allowed",
     {{&internal, 12}, {&internal, DONE}},
     .code = DDB_UNAVAILABLE,
     .read = 1,
     .max_attempts = 2,
     .retryable = 1},
    {"never when it is forbidden",
     {{&internal, DONE}},
     .code = DDB_UNAVAILABLE,
     .read = 1,
     .max_attempts = 1,
     .retryable = 1,
     .tokens_left = 500},
    {"connection refused", {{&refused, 12}, {&ok, DONE}}, .code = DDB_OK},
    {"an attempt in silence",
     {{&silent, 12}, {&ok, DONE}},
     .code = DDB_OK,
     .read = 1},

    /* Throttles. */
    {"throttled then success",
     {{&throttled, 500}, {&ok, DONE}},
     .code = DDB_OK,
     .tokens_left = 500},
    {"429 is a throttle", {{&too_many, 500}, {&ok, DONE}}, .code = DDB_OK},
    {"throttle of any status was not applied",
     {{&throttled_500, 500}, {&ok, DONE}},
     .code = DDB_OK},
    {"throttles double",
     {{&throttled, 500},
      {&throttled, 1000},
      {&throttled, 2000},
      {&throttled, DONE}},
     .code = DDB_THROTTLED,
     .retryable = 1,
     .says = "slow down",
     .tokens_left = 500 - 15},
    {"the service's hint", {{&hinted, 1700}, {&ok, DONE}}, .code = DDB_OK},
    {"too many tables at once",
     {{&too_many_tables, 3000}, {&ok, DONE}},
     .code = DDB_OK,
     .slow = 1},
    {"mixed failures count together",
     {{&internal, 12}, {&throttled, 1000}, {&ok, DONE}},
     .code = DDB_OK,
     .read = 1,
     .tokens_left = 500 - 14},

    /* The bucket. */
    {"no token left",
     {{&internal, DONE}},
     .code = DDB_UNAVAILABLE,
     .read = 1,
     .tokens = 13,
     .retryable = 1,
     .says = "sorry (retry quota exceeded)",
     .tokens_left = 13},
    {"enough for a throttle",
     {{&throttled, 500}, {&throttled, 1000}, {&throttled, DONE}},
     .code = DDB_THROTTLED,
     .tokens = 13,
     .retryable = 1,
     .says = "slow down (retry quota exceeded)",
     .tokens_left = 3},
    {"success gives one back",
     {{&ok, DONE}},
     .code = DDB_OK,
     .tokens = 7,
     .tokens_left = 8},

    /* The deadline. */
    {"no wait passes the deadline",
     {{&throttled, DONE}},
     .code = DDB_THROTTLED,
     .timeout_ms = 500,
     .retryable = 1,
     .says = "slow down (no time left for another attempt)",
     .tokens_left = 500},
    {"a wait that just fits",
     {{&throttled, 500}, {&ok, DONE}},
     .code = DDB_OK,
     .timeout_ms = 501},
    {"silence until the deadline, read",
     {{&silent, DONE}},
     .code = DDB_TIMEOUT,
     .timeout_ms = 3000,
     .read = 1,
     .retryable = 1,
     .says = "no answer within 3000 ms (no time left"},
    {"silence until the deadline, repeatable",
     {{&silent, DONE}},
     .code = DDB_TIMEOUT,
     .timeout_ms = 3000,
     .repeatable = 1,
     .maybe = 1,
     .retryable = 1},
    {"silence until the deadline, once only",
     {{&silent, DONE}},
     .code = DDB_AMBIGUOUS,
     .timeout_ms = 3000,
     .maybe = 1,
     .says = "no answer within 3000 ms"},
    {"silence before it was sent",
     {{&silent_unsent, DONE}},
     .code = DDB_TIMEOUT,
     .timeout_ms = 3000,
     .retryable = 1},
    {"two silences fill it",
     {{&silent, 12}, {&silent, DONE}},
     .code = DDB_TIMEOUT,
     .read = 1,
     .retryable = 1,
     .says = "no answer within 4988 ms"},

    /* What may have been applied. */
    {"500 of a write that goes once",
     {{&internal, DONE}},
     .code = DDB_AMBIGUOUS,
     .maybe = 1,
     .says = "sorry"},
    {"reset of a write that goes once",
     {{&reset, DONE}},
     .code = DDB_AMBIGUOUS,
     .maybe = 1,
     .says = "the wire broke"},
    {"silence of a write that goes once",
     {{&silent, DONE}},
     .code = DDB_AMBIGUOUS,
     .maybe = 1},
    {"silence of a write that had not left",
     {{&silent_unsent, 12}, {&ok, DONE}},
     .code = DDB_OK},
    {"an answer cut short",
     {{&cut_200, DONE}},
     .code = DDB_AMBIGUOUS,
     .maybe = 1},
    {"an answer too large",
     {{&too_large, DONE}},
     .code = DDB_AMBIGUOUS,
     .maybe = 1},
    {"a refusal cut short was no success",
     {{&cut_400, 12}, {&ok, DONE}},
     .code = DDB_OK},
    {"a 500 cut short", {{&cut_500, DONE}}, .code = DDB_AMBIGUOUS, .maybe = 1},
    {"our own memory ran out",
     {{&no_memory, DONE}},
     .code = DDB_NOMEM,
     .maybe = 1},
    {"repeatable, in vain",
     {{&internal, 12}, {&invalid, DONE}},
     .code = DDB_VALIDATION,
     .repeatable = 1,
     .maybe = 1},
    {"repeatable, and a condition fails by its own success",
     {{&reset, 12}, {&condition, DONE}},
     .code = DDB_CONDITION_FAILED,
     .repeatable = 1,
     .maybe = 1},
    {"repeatable, to its end",
     {{&internal, 12}, {&internal, 25}, {&internal, 50}, {&internal, DONE}},
     .code = DDB_UNAVAILABLE,
     .repeatable = 1,
     .maybe = 1,
     .retryable = 1},
    {"repeatable, in the end",
     {{&internal, 12}, {&ok, DONE}},
     .code = DDB_OK,
     .repeatable = 1,
     .maybe = 1},
    {"a read has no fate",
     {{&internal, 12}, {&invalid, DONE}},
     .code = DDB_VALIDATION,
     .read = 1},
    {"refused before is not applied",
     {{&throttled, 500}, {&invalid, DONE}},
     .code = DDB_VALIDATION},
    {"ambiguous at the second attempt",
     {{&throttled, 500}, {&reset, DONE}},
     .code = DDB_AMBIGUOUS,
     .maybe = 1},

    /* Answers that are none. */
    {"garbled, then right",
     {{&cut_200, 12}, {&ok, DONE}},
     .code = DDB_OK,
     .read = 1},
    {"a login page",
     {{&login_page, 12}, {&ok, DONE}},
     .code = DDB_OK,
     .read = 1},
    {"half an answer", {{&half, 12}, {&ok, DONE}}, .code = DDB_OK, .read = 1},
    {"an empty answer", {{&empty, 12}, {&ok, DONE}}, .code = DDB_OK, .read = 1},
    {"login pages for ever",
     {{&login_page, 12}, {&login_page, DONE}},
     .code = DDB_BAD_ANSWER,
     .read = 1,
     .max_attempts = 2,
     .retryable = 1,
     .says = "no JSON object"},

    /* Connections that had gone. */
    {"stale, at once and for free",
     {{&stale, 0}, {&ok, DONE}},
     .code = DDB_OK,
     .read = 1,
     .tokens = 100,
     .tokens_left = 101},
    {"stale twice",
     {{&stale, 0}, {&stale, 0}, {&ok, DONE}},
     .code = DDB_OK,
     .read = 1},
    {"stale for ever",
     {{&stale, 0},
      {&stale, 0},
      {&stale, 12},
      {&stale, 25},
      {&stale, 50},
      {&stale, DONE}},
     .code = DDB_NETWORK,
     .read = 1,
     .retryable = 1},
    {"stale is no retry",
     {{&stale, 0}, {&ok, DONE}},
     .code = DDB_OK,
     .read = 1,
     .max_attempts = 1},
    {"stale, written once only",
     {{&stale, DONE}},
     .code = DDB_AMBIGUOUS,
     .maybe = 1},
    {"stale, and it had not left",
     {{&stale_unsent, 0}, {&ok, DONE}},
     .code = DDB_OK},

    /* The clock. */
    {"late, corrected",
     {{&late, 0}, {&ok_late, DONE}},
     .code = DDB_OK,
     .ahead = 600,
     .tokens = 100,
     .tokens_left = 101},
    {"late, by the message alone",
     {{&late_no_date, 0}, {&ok_late, DONE}},
     .code = DDB_OK,
     .ahead = 600},
    {"late, the Date is a cache's",
     {{&late_cached, 0}, {&ok_late, DONE}},
     .code = DDB_OK,
     .ahead = 600},
    {"late, twice",
     {{&late, 0}, {&late_still, DONE}},
     .code = DDB_CLOCK,
     .ahead = 1200,
     .says = "our clock is 600 s behind the server's: Signature expired"},
    {"late, nobody to believe",
     {{&late_untrusted, DONE}},
     .code = DDB_CLOCK,
     .says = "600 s behind"},
    {"late, correction off",
     {{&late, DONE}},
     .code = DDB_CLOCK,
     .no_correction = 1,
     .says = "600 s behind the server's (correction is off)"},
    {"late, no second attempt",
     {{&late, DONE}},
     .code = DDB_CLOCK,
     .max_attempts = 1,
     .ahead = 600,
     .retryable = 1},
    {"a wrong secret", {{&bad_signature, DONE}}, .code = DDB_CREDENTIALS},
    {"four minutes off may be why",
     {{&bad_signature_far, 0}, {&ok_far, DONE}},
     .code = DDB_OK,
     .ahead = -240},
    {"a little less is not",
     {{&bad_signature_near, DONE}},
     .code = DDB_CREDENTIALS,
     .ahead = -239},
    {"denied an hour off",
     {{&denied_far, 0}, {&denied_far, DONE}},
     .code = DDB_ACCESS_DENIED,
     .ahead = 3600},
    {"a condition is no matter of time",
     {{&condition_far, DONE}},
     .code = DDB_CONDITION_FAILED,
     .ahead = 290},
    {"success tells the time too",
     {{&ok_ahead, DONE}},
     .code = DDB_OK,
     .ahead = 2},
    {"a second is none", {{&ok_near, DONE}}, .code = DDB_OK},
    {"it may be behind", {{&ok_behind, DONE}}, .code = DDB_OK, .ahead = -100},
    {"a cache tells nothing", {{&ok_ahead_aged, DONE}}, .code = DDB_OK},
    {"nor who is not trusted", {{&ok_ahead_untrusted, DONE}}, .code = DDB_OK},
    {"nor when it is switched off",
     {{&ok_ahead, DONE}},
     .code = DDB_OK,
     .no_correction = 1},
    {"a slow answer is no difference", {{&ok_slow, DONE}}, .code = DDB_OK},
    {"beyond its slowness it is",
     {{&ok_slow_behind, DONE}},
     .code = DDB_OK,
     .ahead = -7},

    /* Credentials. */
    {"expired, refreshed",
     {{&expired, 0}, {&ok, DONE}},
     .code = DDB_OK,
     .refreshes = 1,
     .tokens = 100,
     .tokens_left = 101},
    {"expired, refreshed in vain",
     {{&expired, 0}, {&expired, DONE}},
     .code = DDB_CREDENTIALS,
     .refreshes = 1,
     .says = "it is old"},
    {"unknown, refreshed",
     {{&unrecognized, 0}, {&ok, DONE}},
     .code = DDB_OK,
     .refreshes = 1},
    {"expired, no others to be had",
     {{&expired, DONE}},
     .code = DDB_CREDENTIALS,
     .fixed_keys = 1},
    {"expired, no second attempt",
     {{&expired, DONE}},
     .code = DDB_CREDENTIALS,
     .max_attempts = 1},
    {"expired after a throttle",
     {{&throttled, 500}, {&expired, 0}, {&throttled, 1000}, {&ok, DONE}},
     .code = DDB_OK,
     .refreshes = 1},
};

/* ---- The driver --------------------------------------------------------- */

typedef struct {
    ddbi_call call;
    ddbi_call_common common;
    ddb_err err;
    ddbi_event e;
    ddbi_reply reply;
    char body[512];
} play;

static void set_reply(play *p, const said *s)
{
    ddbi_reply *r = &p->reply;
    size_t n;

    *r = (ddbi_reply){.code = s->code,
                      .retryable = s->code != DDB_OK && !s->final,
                      .not_sent = s->not_sent,
                      .stale = s->stale,
                      .status = s->status,
                      .date = s->no_date ? -1 : p->e.now / 1000 + s->ahead,
                      .has_age = s->has_age,
                      .trusted = !s->untrusted,
                      .retry_after = s->hint - 1,
                      .request_id = "REQUEST"};
    if (s->body != NULL)
        snprintf(p->body, sizeof p->body, "%s", s->body);
    else
        snprintf(p->body, sizeof p->body,
                 "{\"__type\":\"com.amazonaws#%s\",\"message\":\"%s\"}",
                 s->type, s->message);
    snprintf(r->message, sizeof r->message, "the wire broke");
    n = s->code == DDB_OK ? strlen(p->body) : 0;
    r->body.p = n > 0 ? p->body : NULL;
    r->body.n = n;
}

static void pass(play *p, int64_t ms)
{
    p->e.mono += ms;
    p->e.now += ms;
}

static void begin(play *p, const row *r)
{
    *p = (play){.e = {.kind = DDBI_EVENT_BEGIN,
                      .mono = 777000,
                      .now = NOW * 1000,
                      .random = HALF}};
    p->common = (ddbi_call_common){.max_attempts =
                                       r->max_attempts ? r->max_attempts : 4,
                                   .attempt_timeout_ms = 10000,
                                   .needs_keys = !r->no_keys,
                                   .no_clock_correction = r->no_correction};
    ddbi_bucket_init(&p->common.bucket);
    if (r->tokens > 0)
        ddbi_bucket_take(&p->common.bucket, DDBI_RETRY_TOKENS - r->tokens);
    p->call = (ddbi_call){.common = &p->common,
                          .err = &p->err,
                          .read = r->read,
                          .repeatable = r->repeatable,
                          .slow_throttle = r->slow,
                          .timeout_ms = r->timeout_ms ? r->timeout_ms : 15000};
}

static void come_to(play *p, const said *s, int64_t limit)
{
    if (s->silent) {
        pass(p, limit);
        p->e.kind = DDBI_EVENT_SILENCE;
        p->e.maybe_sent = !s->unsent;
    } else {
        pass(p, s->takes);
        p->e.kind = DDBI_EVENT_REPLY;
        set_reply(p, s);
        p->e.reply = &p->reply;
    }
}

/* Plays the row; returns the code.  Counts refreshes in *refreshes. */
static ddb_code run(play *p, const row *r, int *refreshes)
{
    int attempts = 0;
    ddbi_action a;

    for (;;) {
        a = ddbi_call_step(&p->call, &p->e);
        switch (a.kind) {
        case DDBI_DO_KEYS:
            ck_assert(!r->no_keys);
            *refreshes += a.refresh;
            p->e.kind = DDBI_EVENT_KEYS;
            p->e.refreshable = !r->fixed_keys;
            break;
        case DDBI_DO_SEND:
            ck_assert_msg(r->turns[attempts].said != NULL,
                          "%s: attempt %d is one too many", r->name,
                          attempts + 1);
            ck_assert_int_eq(p->err.code, DDB_OK);
            ck_assert_int_eq(
                a.now, ddbi_skew_now(&p->common.skew, p->e.now, p->e.mono));
            come_to(p, r->turns[attempts++].said, a.ms);
            break;
        case DDBI_DO_WAIT:
            ck_assert_msg(a.ms == r->turns[attempts - 1].wait,
                          "%s: waits %lld ms after attempt %d", r->name,
                          (long long)a.ms, attempts);
            ck_assert_int_ne(p->err.code, DDB_OK); /* for the log */
            pass(p, a.ms);
            p->e.kind = DDBI_EVENT_TIMER;
            break;
        case DDBI_DO_DONE:
            ck_assert_msg(r->turns[attempts - 1].wait == DONE,
                          "%s: ends after attempt %d with %s: %s", r->name,
                          attempts, ddb_code_name(a.code), p->err.message);
            ck_assert_int_eq(p->call.attempts, attempts);
            return a.code;
        }
    }
}

START_TEST(obeys_the_rules)
{
    const row *r = &rows[_i];
    int refreshes = 0;
    ddb_code code;
    int tokens = 0;
    play p;

    begin(&p, r);
    code = run(&p, r, &refreshes);
    ck_assert_msg(code == r->code, "%s: %s: %s", r->name, ddb_code_name(code),
                  p.err.message);
    ck_assert_int_eq(p.err.code, code);
    ck_assert_msg(p.call.maybe_applied == r->maybe, "%s: maybe applied",
                  r->name);
    ck_assert_int_eq(p.err.maybe_applied, code != DDB_OK && r->maybe);
    ck_assert_msg(p.err.retryable == r->retryable, "%s: retryable", r->name);
    ck_assert_msg(r->says == NULL || strstr(p.err.message, r->says) != NULL,
                  "%s: %s", r->name, p.err.message);
    ck_assert_msg(refreshes == r->refreshes, "%s: refreshes", r->name);
    ck_assert_int_le(p.e.mono - 777000, r->timeout_ms ? r->timeout_ms : 15000);
    while (ddbi_bucket_take(&p.common.bucket, 1))
        tokens++;
    ck_assert_msg(r->tokens_left == 0 || tokens == r->tokens_left,
                  "%s: %d tokens are left", r->name, tokens);
    ck_assert_msg(ddbi_skew_now(&p.common.skew, p.e.now, p.e.mono) ==
                      p.e.now / 1000 + r->ahead,
                  "%s: the clock", r->name);
}
END_TEST

START_TEST(tells_status_and_request_id_of_a_failure)
{
    const row r = {"", {{&invalid, DONE}}, .code = DDB_VALIDATION};
    int refreshes = 0;
    play p;

    begin(&p, &r);
    run(&p, &r, &refreshes);
    ck_assert_int_eq(p.err.http_status, 400);
    ck_assert_str_eq(p.err.request_id, "REQUEST");
    ck_assert_str_eq(p.err.type, "ValidationException");
}
END_TEST

START_TEST(tells_of_an_ambiguous_end_what_it_came_from)
{
    const row r = {"", {{&internal, DONE}}, .code = DDB_AMBIGUOUS};
    int refreshes = 0;
    play p;

    begin(&p, &r);
    run(&p, &r, &refreshes);
    ck_assert_int_eq(p.err.http_status, 500);
    ck_assert_str_eq(p.err.request_id, "REQUEST");
    ck_assert_str_eq(p.err.type, "InternalServerError");
}
END_TEST

START_TEST(an_attempt_has_its_own_limit)
{
    const row r = {
        "", {{0}}, .code = DDB_OK, .timeout_ms = 60000, .no_keys = 1};
    ddbi_action a;
    play p;

    begin(&p, &r);
    a = ddbi_call_step(&p.call, &p.e);
    ck_assert_int_eq(a.kind, DDBI_DO_SEND);
    ck_assert_int_eq(a.ms, 10000);
    ck_assert_int_eq(a.now, NOW);
}
END_TEST

START_TEST(credentials_may_take_all_the_time)
{
    const row r = {"", {{0}}, .code = DDB_OK, .timeout_ms = 1000};
    ddbi_action a;
    play p;

    begin(&p, &r);
    a = ddbi_call_step(&p.call, &p.e);
    ck_assert_int_eq(a.kind, DDBI_DO_KEYS);
    ck_assert_int_eq(a.ms, 1000);
    pass(&p, 1000);
    p.e.kind = DDBI_EVENT_KEYS;
    a = ddbi_call_step(&p.call, &p.e);
    ck_assert_int_eq(a.kind, DDBI_DO_DONE);
    ck_assert_int_eq(a.code, DDB_TIMEOUT);
    ck_assert_int_eq(p.err.maybe_applied, 0);
    ck_assert_int_eq(p.call.attempts, 0);
}
END_TEST

START_TEST(a_wait_that_took_too_long_ends_it)
{
    const row r = {"", {{0}}, .repeatable = 1, .timeout_ms = 1000};
    ddbi_action a;
    play p;

    begin(&p, &r);
    p.common.needs_keys = _i;
    a = ddbi_call_step(&p.call, &p.e);
    p.e.kind = DDBI_EVENT_KEYS;
    if (_i)
        a = ddbi_call_step(&p.call, &p.e);
    come_to(&p, &internal, a.ms);
    a = ddbi_call_step(&p.call, &p.e);
    ck_assert_int_eq(a.kind, DDBI_DO_WAIT);
    pass(&p, 1000); /* the machine was suspended, say */
    p.e.kind = DDBI_EVENT_TIMER;
    a = ddbi_call_step(&p.call, &p.e);
    ck_assert_int_eq(a.kind, DDBI_DO_DONE);
    ck_assert_int_eq(a.code, DDB_TIMEOUT);
    ck_assert_int_eq(p.err.maybe_applied, 1);
    ck_assert_str_eq(p.err.type, "");
}
END_TEST

START_TEST(failing_to_get_credentials_ends_it)
{
    const row r = {"", {{&internal, 12}}, .code = DDB_OK, .repeatable = 1};
    ddbi_action a;
    play p;

    begin(&p, &r);
    ddbi_call_step(&p.call, &p.e);
    p.e.kind = DDBI_EVENT_KEYS;
    a = ddbi_call_step(&p.call, &p.e);
    ck_assert_int_eq(a.kind, DDBI_DO_SEND);
    come_to(&p, &internal, a.ms);
    a = ddbi_call_step(&p.call, &p.e);
    ck_assert_int_eq(a.kind, DDBI_DO_WAIT);
    p.e.kind = DDBI_EVENT_TIMER;
    a = ddbi_call_step(&p.call, &p.e);
    ck_assert_int_eq(a.kind, DDBI_DO_KEYS);
    p.err = (ddb_err){.code = DDB_NO_CREDENTIALS};
    p.e.kind = DDBI_EVENT_FAILED;
    a = ddbi_call_step(&p.call, &p.e);
    ck_assert_int_eq(a.kind, DDBI_DO_DONE);
    ck_assert_int_eq(a.code, DDB_NO_CREDENTIALS);
    /* The first attempt may have been applied all the same. */
    ck_assert_int_eq(p.err.maybe_applied, 1);
}
END_TEST

START_TEST(a_date_after_a_quarter_of_an_hour_is_old)
{
    static const said old = {.status = 200, .body = "{}", .ahead = -1000};
    const row r = {
        "", {{0}}, .code = DDB_OK, .timeout_ms = 3600000, .no_keys = 1};
    play p;

    begin(&p, &r);
    p.common.attempt_timeout_ms = 3600000;
    ddbi_call_step(&p.call, &p.e);
    pass(&p, 900000);
    come_to(&p, &old, 0);
    ck_assert_int_eq(ddbi_call_step(&p.call, &p.e).kind, DDBI_DO_DONE);
    ck_assert_int_eq(ddbi_skew_now(&p.common.skew, p.e.now, p.e.mono),
                     p.e.now / 1000);
}
END_TEST

START_TEST(a_long_message_leaves_room_for_what_is_added)
{
    said long_one = {ERROR(400, "ThrottlingException", NULL)};
    const row r = {
        "", {{&long_one, DONE}}, .code = DDB_THROTTLED, .timeout_ms = 100};
    char message[301];
    int refreshes = 0;
    play p;

    memset(message, 'm', 300);
    message[300] = 0;
    long_one.message = message;
    begin(&p, &r);
    ck_assert_int_eq(run(&p, &r, &refreshes), DDB_THROTTLED);
    ck_assert_uint_le(strlen(p.err.message), sizeof p.err.message - 1);
}
END_TEST

Suite *suite_call(void)
{
    Suite *s = suite_create("call");
    TCase *t = tcase_create("call");

    tcase_add_loop_test(t, obeys_the_rules, 0,
                        (int)(sizeof rows / sizeof rows[0]));
    tcase_add_test(t, tells_status_and_request_id_of_a_failure);
    tcase_add_test(t, tells_of_an_ambiguous_end_what_it_came_from);
    tcase_add_test(t, an_attempt_has_its_own_limit);
    tcase_add_test(t, credentials_may_take_all_the_time);
    tcase_add_loop_test(t, a_wait_that_took_too_long_ends_it, 0, 2);
    tcase_add_test(t, failing_to_get_credentials_ends_it);
    tcase_add_test(t, a_date_after_a_quarter_of_an_hour_is_old);
    tcase_add_test(t, a_long_message_leaves_room_for_what_is_added);
    suite_add_tcase(s, t);
    return s;
}
