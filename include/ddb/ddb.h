/* SPDX-License-Identifier: MIT */
/*
 * libddb: Amazon DynamoDB from C.
 *
 * Three levels, each enough on its own: ddb_call() sends any action, JSON in
 * and JSON out; the typed operations speak ddb_item; <ddb/kv.h> is a
 * dict-like store.  Start with ddb(3).
 *
 * Rules that hold everywhere:
 *  - const inputs are borrowed for the call; what comes through **out is the
 *    caller's; what a getter returns is lent until its parent changes.
 *  - On failure every *out is NULL, with the exceptions told where they are.
 *  - err may be NULL.  Every in and options struct is filled with {0} first:
 *    zero means default.  Free and close functions take NULL.
 *  - Threads may share a ddb_client.  All else is for one thread at a time.
 *  - Text is UTF-8.  Sizes are bytes, times milliseconds unless they say
 *    otherwise.
 */
#ifndef DDB_DDB_H
#define DDB_DDB_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

#define DDB_VERSION_MAJOR 0
#define DDB_VERSION_MINOR 1
#define DDB_VERSION_PATCH 0
#define DDB_VERSION "0.1.0"

/* The version of the library that runs, as DDB_VERSION is of the header. */
const char *ddb_version(void);

/* ---- Results and errors: ddb_err(3) ------------------------------------- */

typedef enum {
    DDB_OK = 0,

    /* Expected outcomes. */
    DDB_NOT_FOUND = 1,        /* no such item or key; nothing more to iterate */
    DDB_CONDITION_FAILED = 2, /* the condition was false: nothing written */
    DDB_PARTIAL = 3,          /* a batch was not finished: see what is left */
    DDB_CONFLICT = 4,         /* another transaction held the item */
    DDB_BAD_VALUE = 5,        /* a stored value cannot be decoded */
    DDB_WRONG_KIND = 6,       /* the stored value is no number to add to */

    /* Found before anything was sent. */
    DDB_INVALID = 10,        /* an argument or input is wrong */
    DDB_TOO_LARGE = 11,      /* a limit of the service is passed */
    DDB_NOMEM = 12,          /* out of memory */
    DDB_NO_REGION = 13,      /* no region is configured */
    DDB_NO_CREDENTIALS = 14, /* no credentials could be had */
    DDB_FORKED = 15,         /* the client belongs to the parent process */
    DDB_UNSUPPORTED = 16,    /* this build of the library cannot do it */
    DDB_SYSTEM = 17,         /* the operating system failed us */
    DDB_UNORDERED = 18,      /* a key-only table has no order of keys */

    /* No usable answer. */
    DDB_TIMEOUT = 20,          /* the deadline passed */
    DDB_NETWORK = 21,          /* resolve, connect, reset, cut answer */
    DDB_TLS = 22,              /* the server could not be trusted */
    DDB_CLOCK = 23,            /* the system's clock is wrong */
    DDB_BAD_ANSWER = 24,       /* garbled: bad checksum, JSON or shape */
    DDB_ANSWER_TOO_LARGE = 25, /* longer than options.max_answer */
    DDB_AMBIGUOUS = 26,        /* may have been applied; not repeated */

    /* The service refused. */
    DDB_THROTTLED = 30,     /* too fast: table, partition or account */
    DDB_UNAVAILABLE = 31,   /* the service's own failure (HTTP 5xx) */
    DDB_CREDENTIALS = 32,   /* wrong, expired or unknown credentials */
    DDB_ACCESS_DENIED = 33, /* no permission */
    DDB_NO_TABLE = 34,      /* ResourceNotFoundException */
    DDB_IN_USE = 35,        /* ResourceInUseException */
    DDB_VALIDATION = 36,    /* the request is wrong, the service says */
    DDB_SERVICE = 37        /* any other error of the service: err->type */
} ddb_code;

typedef struct {
    ddb_code code;       /* the same as the returned value */
    int retryable;       /* the same call may succeed later */
    int maybe_applied;   /* the request may have taken effect */
    int http_status;     /* 0: there was no answer */
    char type[64];       /* "ConditionalCheckFailedException"; "": none */
    char request_id[64]; /* the service's id of the request; "": none */
    char message[256];   /* one line, no newline, no secret */
    int64_t reserved[4];
} ddb_err;

/* "DDB_NOT_FOUND" and so on; never NULL. */
const char *ddb_code_name(ddb_code code);

/* ---- Memory ------------------------------------------------------------- */

/* Bytes with a length; p may be NULL when n is 0. */
typedef struct {
    const void *p;
    size_t n;
} ddb_bytes;

/* The bytes of a C string, lent; NULL gives no bytes. */
ddb_bytes ddb_str(const char *text);

/* Free what a function of this library returned for ddb_free(). */
void ddb_free(void *p);

/* Replace malloc, realloc and free for the whole process; all three or, to
 * go back, all NULL.  Before the first other call, never while one runs. */
void ddb_set_allocator(void *(*malloc_fn)(size_t),
                       void *(*realloc_fn)(void *, size_t),
                       void (*free_fn)(void *));

/* ---- Values and items: ddb_value(3), ddb_item(3) ------------------------ */

/* The ten types of an attribute value. */
typedef enum {
    DDB_S = 1, /* string, UTF-8 */
    DDB_N,     /* number: decimal text, up to 38 digits */
    DDB_B,     /* binary */
    DDB_BOOL,  /* boolean */
    DDB_NULL,  /* null */
    DDB_M,     /* map */
    DDB_L,     /* list */
    DDB_SS,    /* string set */
    DDB_NS,    /* number set */
    DDB_BS     /* binary set */
} ddb_type;

typedef struct ddb_value ddb_value; /* one attribute value; part of an item */
typedef struct ddb_item ddb_item;   /* attributes by name; also a map */

/* A new, empty item; NULL: out of memory.  Owned: ddb_item_free(). */
ddb_item *ddb_item_new(void);
void ddb_item_free(ddb_item *it);

/* A deep copy, and comparison by value: numbers as numbers, maps and sets
 * without order.  Owned: ddb_item_free(); NULL: out of memory. */
ddb_item *ddb_item_copy(const ddb_item *it);
int ddb_item_equal(const ddb_item *a, const ddb_item *b);

/* Take away all attributes and any failure; memory is kept for reuse. */
void ddb_item_clear(ddb_item *it);

/* Set one attribute, replacing what is there; inputs are copied.  The first
 * failure (DDB_NOMEM, DDB_INVALID, DDB_TOO_LARGE) sticks: later setters do
 * nothing and return it, and so does every call that is given the item. */
ddb_code ddb_item_set_s(ddb_item *it, const char *name, const char *text);
ddb_code ddb_item_set_sn(ddb_item *it, const char *name, const void *p,
                         size_t n);
ddb_code ddb_item_set_n(ddb_item *it, const char *name, const char *number);
ddb_code ddb_item_set_i64(ddb_item *it, const char *name, int64_t number);
ddb_code ddb_item_set_b(ddb_item *it, const char *name, const void *p,
                        size_t n);
ddb_code ddb_item_set_bool(ddb_item *it, const char *name, int value);
ddb_code ddb_item_set_null(ddb_item *it, const char *name);
/* type is DDB_SS, DDB_NS or DDB_BS; at least one element, no duplicates. */
ddb_code ddb_item_set_set(ddb_item *it, const char *name, ddb_type type,
                          const ddb_bytes *elements, size_t n);
/* A copy of v, deep. */
ddb_code ddb_item_set_value(ddb_item *it, const char *name, const ddb_value *v);
/* An empty map or list to fill; lent; NULL: failed, which sticks and which
 * the functions that take it forgive. */
ddb_item *ddb_item_set_m(ddb_item *it, const char *name);
ddb_value *ddb_item_set_l(ddb_item *it, const char *name);

/* Append to a list. */
ddb_code ddb_list_add_s(ddb_value *list, const char *text);
ddb_code ddb_list_add_sn(ddb_value *list, const void *p, size_t n);
ddb_code ddb_list_add_n(ddb_value *list, const char *number);
ddb_code ddb_list_add_i64(ddb_value *list, int64_t number);
ddb_code ddb_list_add_b(ddb_value *list, const void *p, size_t n);
ddb_code ddb_list_add_bool(ddb_value *list, int value);
ddb_code ddb_list_add_null(ddb_value *list);
ddb_code ddb_list_add_set(ddb_value *list, ddb_type type,
                          const ddb_bytes *elements, size_t n);
ddb_code ddb_list_add_value(ddb_value *list, const ddb_value *v);
ddb_item *ddb_list_add_m(ddb_value *list);
ddb_value *ddb_list_add_l(ddb_value *list);

/* Take one attribute away; DDB_NOT_FOUND: it was not there. */
ddb_code ddb_item_unset(ddb_item *it, const char *name);

/* The first failure of a setter, DDB_OK when there was none. */
ddb_code ddb_item_status(const ddb_item *it);

/* Read.  Lent; NULL: no such attribute, or i is past the end. */
size_t ddb_item_count(const ddb_item *it);
const ddb_value *ddb_item_get(const ddb_item *it, const char *name);
const ddb_value *ddb_item_at(const ddb_item *it, size_t i, ddb_bytes *name);

/* Size as the service counts it against 400 KB: names and values. */
size_t ddb_item_size(const ddb_item *it);

ddb_type ddb_value_type(const ddb_value *v); /* 0: v is NULL */
/* The bytes of S, N or B, followed by a NUL that is not counted; of any
 * other type, or NULL, no bytes with p NULL. */
ddb_bytes ddb_value_bytes(const ddb_value *v);
/* N as an integer; DDB_INVALID: no N, not whole, or out of range. */
ddb_code ddb_value_i64(const ddb_value *v, int64_t *out);
int ddb_value_bool(const ddb_value *v);     /* 0 of any other type */
size_t ddb_value_count(const ddb_value *v); /* elements of L, SS, NS, BS;
                                                   attributes of M */
const ddb_value *ddb_value_at(const ddb_value *v, size_t i); /* L and sets */
const ddb_item *ddb_value_map(const ddb_value *v);           /* M, else NULL */
int ddb_value_equal(const ddb_value *a, const ddb_value *b);

/* DynamoDB JSON, {"name":{"S":"text"},...}.  The item or the text (with a
 * NUL after its n bytes) is the caller's: ddb_item_free(), ddb_free(). */
ddb_code ddb_item_parse(const char *json, size_t n, ddb_item **out,
                        ddb_err *err);
ddb_code ddb_item_format(const ddb_item *it, char **out, size_t *n,
                         ddb_err *err);

/* ---- Client: ddb_client(3), ddb_credentials(3) -------------------------- */

typedef struct ddb_client ddb_client; /* opaque; threads may share it */

typedef enum {
    DDB_LOG_ERROR = 1,
    DDB_LOG_WARN,
    DDB_LOG_INFO,
    DDB_LOG_DEBUG
} ddb_log_level;

/* One line, no newline; never a secret, a body or an item's value.  May be
 * called from any thread that uses the client. */
typedef void ddb_log_fn(void *arg, ddb_log_level level, const char *line);

/* What a credentials callback fills; the strings are copied at once. */
typedef struct {
    const char *access_key_id;
    const char *secret_access_key;
    const char *session_token; /* NULL or "": none */
    int64_t expires_at;        /* Unix seconds; 0: they do not expire */
    void *reserved[4];
} ddb_credentials;

/* Called when credentials are needed and before they expire; one thread at
 * a time.  May block, at most timeout_ms.  Anything but DDB_OK fails the
 * call that needed them. */
typedef ddb_code ddb_credentials_fn(void *arg, int timeout_ms,
                                    ddb_credentials *out, ddb_err *err);

/* What a write to a "sqlite:" endpoint survives: ddb_local(7). */
typedef enum {
    DDB_SYNC_FULL = 0,   /* loss of power */
    DDB_SYNC_NORMAL = 1, /* the end of the process; loss of power may take the
                            last writes, and nothing else */
    DDB_SYNC_OFF = 2     /* the end of the process; loss of power may damage
                            the file */
} ddb_sync;

/* All optional.  Strings are copied. */
typedef struct {
    const char *region;   /* NULL: AWS_REGION, then AWS_DEFAULT_REGION */
    const char *endpoint; /* URL, "sqlite:PATH" or "memory:"; NULL:
                             AWS_ENDPOINT_URL_DYNAMODB, then AWS_ENDPOINT_URL,
                             then the region's */
    /* Static credentials; NULL: the callback, then the environment. */
    const char *access_key_id;
    const char *secret_access_key;
    const char *session_token;
    ddb_credentials_fn *credentials;
    void *credentials_arg;

    const char *ca_file; /* PEM; NULL: AWS_CA_BUNDLE, then the system's */
    const char *ca_path; /* hashed directory (openssl rehash) */
    const char *proxy;   /* URL; NULL: HTTPS_PROXY and so on; "": none */

    int timeout_ms;          /* a call, all attempts and waits; 0: 15000 */
    int connect_timeout_ms;  /* 0: 5000 */
    int attempt_timeout_ms;  /* one attempt; 0: 10000 */
    int max_attempts;        /* 0: AWS_MAX_ATTEMPTS, then 4; 1: never retry, but
                                for a kept connection that had gone */
    size_t max_answer;       /* bytes of an answer; 0: 32 MB */
    int max_idle;            /* connections kept when idle; 0: 16 */
    int allow_http;          /* plain HTTP to hosts that are not local */
    int no_clock_correction; /* trust the system's clock alone */

    ddb_log_fn *log;
    void *log_arg;
    int64_t (*now)(void *arg); /* Unix seconds; NULL: the system's clock */
    void *now_arg;
    ddb_sync local_sync; /* of a "sqlite:" endpoint; 0: DDB_SYNC_FULL */
    void *reserved[15];
} ddb_options;

/* Open a client: no call is made, no credentials are fetched.  opt may be
 * NULL.  DDB_NO_REGION, DDB_INVALID; of an engine in this process DDB_SYSTEM
 * and DDB_UNSUPPORTED.  Owned: ddb_client_close(). */
ddb_code ddb_client_open(const ddb_options *opt, ddb_client **out,
                         ddb_err *err);

/* Close it when every call has come back; connections end. */
void ddb_client_close(ddb_client *c);

/* Lent until the client is closed. */
const char *ddb_client_region(const ddb_client *c);
const char *ddb_client_endpoint(const ddb_client *c);

/* Unix seconds by the server's clock, as far as answers have told it. */
int64_t ddb_client_now(ddb_client *c);

/* ---- Any action: ddb_call(3) -------------------------------------------- */

typedef struct {
    const char *action; /* "DescribeBackup" */
    const char *body;   /* JSON; NULL: {} */
    size_t body_n;      /* bytes; 0 with a body: strlen(body) */
    int repeatable;     /* applying it twice does no harm: repeat it after an
                           ambiguous failure.  Known reads always are. */
    int timeout_ms;     /* this call; 0: the client's */
    void *reserved[4];
} ddb_call_in;

/* Send it, signed, with retries.  *out: the answer's JSON, NUL-terminated,
 * also when the service refused (CancellationReasons are there), else NULL.
 * out_n may be NULL.  Owned: ddb_free(). */
ddb_code ddb_call(ddb_client *c, const ddb_call_in *in, char **out,
                  size_t *out_n, ddb_err *err);

/* ---- Items: ddb_get_item(3) --------------------------------------------- */

/* An expression attribute name; arrays end with {0}. */
typedef struct {
    const char *placeholder; /* "#k" */
    const char *attribute;   /* "key" */
} ddb_name;

/* Consumed capacity units.  A call that is given one adds to it. */
typedef struct {
    double units;       /* all of it */
    double table_units; /* of the table itself */
    double index_units; /* of its secondary indexes */
    double reserved[4];
} ddb_capacity;

typedef enum {
    DDB_RETURN_NONE = 0,
    DDB_RETURN_ALL_OLD,
    DDB_RETURN_UPDATED_OLD, /* UpdateItem only, as the two below */
    DDB_RETURN_ALL_NEW,
    DDB_RETURN_UPDATED_NEW
} ddb_return;

typedef struct {
    const char *table;   /* name or ARN */
    const ddb_item *key; /* partition key, and sort key if there is one */
    int consistent_read;
    const char *projection; /* projection expression; NULL: all of it */
    const ddb_name *names;
    ddb_capacity *consumed; /* out; NULL: do not ask */
    int timeout_ms;         /* this call; 0: the client's */
    void *reserved[4];
} ddb_get_item_in;

typedef struct {
    const char *table;
    const ddb_item *item;
    const char *condition; /* condition expression; NULL: none */
    const ddb_name *names;
    const ddb_item *values;   /* expression attribute values, ":v" and so on */
    ddb_return return_values; /* NONE or ALL_OLD */
    int return_blocking;      /* give the item that failed the condition */
    int repeatable;           /* repeat a conditional put after an ambiguous
                                 failure; an unconditional one always is */
    int dated;                /* it holds times, such as :now: when our clock
                                 proves wrong, DDB_CLOCK with err->retryable,
                                 and not the same request once more */
    ddb_capacity *consumed;
    int timeout_ms;
    void *reserved[4];
} ddb_put_item_in;

typedef struct {
    const char *table;
    const ddb_item *key;
    const char *condition;
    const ddb_name *names;
    const ddb_item *values;
    ddb_return return_values; /* NONE or ALL_OLD */
    int return_blocking;
    int repeatable; /* as in ddb_put_item_in */
    int dated;      /* the same */
    ddb_capacity *consumed;
    int timeout_ms;
    void *reserved[4];
} ddb_delete_item_in;

typedef struct {
    const char *table;
    const ddb_item *key;
    const char *update; /* update expression */
    const char *condition;
    const ddb_name *names;
    const ddb_item *values;
    ddb_return return_values;
    int return_blocking;
    int repeatable; /* 0: never repeated when it may have been applied */
    int dated;      /* as in ddb_put_item_in */
    ddb_capacity *consumed;
    int timeout_ms;
    void *reserved[4];
} ddb_update_item_in;

/* Read one item.  DDB_NOT_FOUND: no such item.  Owned: ddb_item_free(). */
ddb_code ddb_get_item(ddb_client *c, const ddb_get_item_in *in, ddb_item **out,
                      ddb_err *err);

/* Write, delete or update one item.  out may be NULL; *out is what
 * return_values asked for, NULL when there is nothing of it; with
 * DDB_CONDITION_FAILED and return_blocking the item that was in the way.
 * Owned: ddb_item_free(). */
ddb_code ddb_put_item(ddb_client *c, const ddb_put_item_in *in, ddb_item **out,
                      ddb_err *err);
ddb_code ddb_delete_item(ddb_client *c, const ddb_delete_item_in *in,
                         ddb_item **out, ddb_err *err);
ddb_code ddb_update_item(ddb_client *c, const ddb_update_item_in *in,
                         ddb_item **out, ddb_err *err);

/* ---- Query and Scan: ddb_query(3) --------------------------------------- */

typedef enum {
    DDB_SELECT_DEFAULT = 0, /* all, or what the projection names */
    DDB_SELECT_ALL_ATTRIBUTES,
    DDB_SELECT_ALL_PROJECTED, /* of an index */
    DDB_SELECT_COUNT          /* numbers only */
} ddb_select;

/* Query and Scan alike; each ignores nothing: what is not its own must be
 * left zero, else DDB_INVALID. */
typedef struct {
    const char *table;
    const char *index;         /* NULL: the table itself */
    const char *key_condition; /* Query: key condition expression */
    const char *filter;        /* filter expression, after reading */
    const char *projection;
    const ddb_name *names;
    const ddb_item *values;
    const ddb_item *exclusive_start_key; /* go on after this key */
    ddb_select select;
    int consistent_read;
    int backward;       /* Query: descending by sort key */
    int limit;          /* items evaluated a page; 0: up to 1 MB */
    int segment;        /* Scan: this one of total_segments, from 0 */
    int total_segments; /* Scan: 0: not in parallel */
    int64_t max_items;  /* pagers: end after so many; 0: no end */
    ddb_capacity *consumed;
    int timeout_ms; /* each page */
    int dated;      /* as in ddb_put_item_in */
    void *reserved[4];
} ddb_query_in;

typedef struct ddb_page ddb_page;   /* items of one answer */
typedef struct ddb_pager ddb_pager; /* all pages, one held at a time */

/* One page.  Owned: ddb_page_free(). */
ddb_code ddb_query(ddb_client *c, const ddb_query_in *in, ddb_page **out,
                   ddb_err *err);
ddb_code ddb_scan(ddb_client *c, const ddb_query_in *in, ddb_page **out,
                  ddb_err *err);
void ddb_page_free(ddb_page *page);

size_t ddb_page_count(const ddb_page *page);                   /* items held */
const ddb_item *ddb_page_item(const ddb_page *page, size_t i); /* lent */
int64_t ddb_page_matched(const ddb_page *page); /* Count, after the filter */
int64_t ddb_page_scanned(const ddb_page *page); /* ScannedCount, before it */
/* Start the next page here; NULL: this was the last.  An empty page may well
 * have one.  Lent. */
const ddb_item *ddb_page_last_key(const ddb_page *page);

/* Iterate over the items of all pages.  The in struct and what it points to
 * are copied, but for consumed.  No call is made before the first next. */
ddb_code ddb_query_open(ddb_client *c, const ddb_query_in *in, ddb_pager **out,
                        ddb_err *err);
ddb_code ddb_scan_open(ddb_client *c, const ddb_query_in *in, ddb_pager **out,
                       ddb_err *err);
/* *out is lent until the next call on the pager.  DDB_NOT_FOUND: the end.
 * After another failure the same call may be tried again: nothing is lost
 * and nothing comes twice. */
ddb_code ddb_pager_next(ddb_pager *p, const ddb_item **out, ddb_err *err);
void ddb_pager_close(ddb_pager *p);

/* COUNT over all pages. */
ddb_code ddb_query_count(ddb_client *c, const ddb_query_in *in, int64_t *out,
                         ddb_err *err);
ddb_code ddb_scan_count(ddb_client *c, const ddb_query_in *in, int64_t *out,
                        ddb_err *err);

/* ---- Batches: ddb_batch(3) ---------------------------------------------- */

/* The names of a table's key attributes. */
typedef struct {
    const char *table;
    const char *partition_key;
    const char *sort_key; /* NULL: none */
} ddb_table_key;

/* One write: a put or a delete. */
typedef struct {
    const char *table;
    const ddb_item *put;        /* the item, or NULL */
    const ddb_item *delete_key; /* the key, or NULL */
    int left;                   /* out: not known to be done */
} ddb_write;

typedef struct {
    ddb_write *writes; /* any number; the last one of a key wins */
    size_t n_writes;
    /* Key names of the tables that are put to, so that a key that comes
     * twice is seen; of a table not listed DescribeTable tells them, once a
     * call. */
    const ddb_table_key *keys;
    size_t n_keys;
    ddb_capacity *consumed;
    int timeout_ms; /* the whole of it; 0: the client's for each request */
    int dated;      /* as in ddb_put_item_in */
    void *reserved[4];
} ddb_batch_write_in;

typedef struct {
    const char *table;
    const ddb_item *key;
} ddb_read;

typedef struct {
    const ddb_read *reads; /* any number; a key may come twice */
    size_t n_reads;
    int consistent_read;
    const char *projection; /* of all tables; the keys always come along */
    const ddb_name *names;
    ddb_capacity *consumed;
    int timeout_ms; /* as in ddb_batch_write_in */
    void *reserved[4];
} ddb_batch_get_in;

/* Write them all, 25 a request, unprocessed ones again with backoff.
 * DDB_PARTIAL, or another failure: writes[i].left tells what is not known to
 * be done; all the others are stored. */
ddb_code ddb_batch_write_item(ddb_client *c, const ddb_batch_write_in *in,
                              ddb_err *err);

/* Read them all, 100 a request.  Item i of the page is that of reads[i],
 * NULL: no such item.  DDB_PARTIAL: *out is there, and ddb_page_left() tells
 * which could not be read.  Owned: ddb_page_free(). */
ddb_code ddb_batch_get_item(ddb_client *c, const ddb_batch_get_in *in,
                            ddb_page **out, ddb_err *err);
int ddb_page_left(const ddb_page *page, size_t i);

/* ---- Tables: ddb_table(3) ----------------------------------------------- */

typedef struct {
    const char *name; /* NULL: none */
    ddb_type type;    /* DDB_S, DDB_N or DDB_B */
} ddb_key_attribute;

typedef enum {
    DDB_PROJECT_ALL = 0,
    DDB_PROJECT_KEYS_ONLY,
    DDB_PROJECT_INCLUDE
} ddb_index_projection;

typedef struct {
    const char *name;
    int local; /* a local secondary index, else a global one */
    ddb_key_attribute partition_key; /* local: the table's, may be left out */
    ddb_key_attribute sort_key;
    ddb_index_projection projection;
    const char *const *include; /* attribute names, NULL at the end */
    int64_t read_units;         /* provisioned, global: as of the table */
    int64_t write_units;
    void *reserved[4];
} ddb_index;

typedef struct {
    const char *table;
    ddb_key_attribute partition_key;
    ddb_key_attribute sort_key;
    const ddb_index *indexes;
    size_t n_indexes;
    int64_t read_units; /* provisioned throughput; both 0: on-demand */
    int64_t write_units;
    int deletion_protection;
    int timeout_ms;
    void *reserved[8];
} ddb_create_table_in;

typedef enum {
    DDB_TABLE_OTHER = 0, /* see status_text */
    DDB_TABLE_CREATING,
    DDB_TABLE_UPDATING,
    DDB_TABLE_DELETING,
    DDB_TABLE_ACTIVE
} ddb_table_status;

/* What DescribeTable tells.  Yours, nothing to free. */
typedef struct {
    ddb_table_status status;
    char status_text[48]; /* "ACTIVE" */
    char partition_key[256];
    char sort_key[256]; /* "": none */
    ddb_type partition_type;
    ddb_type sort_type; /* 0: none */
    int on_demand;
    int64_t read_units; /* provisioned */
    int64_t write_units;
    int64_t item_count; /* refreshed every six hours or so */
    int64_t size_bytes;
    int64_t created_at; /* Unix seconds */
    int n_indexes;      /* secondary ones, global and local */
    char arn[1025];
    char reserved[255];
} ddb_table_info;

typedef enum {
    DDB_TTL_DISABLED = 0,
    DDB_TTL_ENABLING,
    DDB_TTL_ENABLED,
    DDB_TTL_DISABLING
} ddb_ttl_status;

typedef struct {
    ddb_ttl_status status;
    char attribute[256]; /* "": none */
    int64_t reserved[4];
} ddb_ttl_info;

/* One page of names, in one block: ddb_free(). */
typedef struct {
    const char *const *names;
    size_t n;
    const char *last_evaluated; /* start the next page here; NULL: the last */
} ddb_table_list;

/* Ask for a table.  It can be used once it is ACTIVE: see
 * ddb_wait_table_exists().  DDB_IN_USE: there is one of this name. */
ddb_code ddb_create_table(ddb_client *c, const ddb_create_table_in *in,
                          ddb_table_info *out, ddb_err *err);
/* DDB_NO_TABLE: no such table.  out may be NULL. */
ddb_code ddb_describe_table(ddb_client *c, const char *table,
                            ddb_table_info *out, ddb_err *err);
ddb_code ddb_delete_table(ddb_client *c, const char *table, ddb_table_info *out,
                          ddb_err *err);
/* limit 0: 100, the most.  start NULL: from the first. */
ddb_code ddb_list_tables(ddb_client *c, const char *start, int limit,
                         ddb_table_list **out, ddb_err *err);

/* Wait until it is ACTIVE, or gone; timeout_ms 0: 300000. */
ddb_code ddb_wait_table_exists(ddb_client *c, const char *table, int timeout_ms,
                               ddb_err *err);
ddb_code ddb_wait_table_not_exists(ddb_client *c, const char *table,
                                   int timeout_ms, ddb_err *err);

/* Expiry of items by a numeric attribute of Unix seconds. */
ddb_code ddb_update_time_to_live(ddb_client *c, const char *table,
                                 const char *attribute, int enabled,
                                 ddb_err *err);
ddb_code ddb_describe_time_to_live(ddb_client *c, const char *table,
                                   ddb_ttl_info *out, ddb_err *err);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
