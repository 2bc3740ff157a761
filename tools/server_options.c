/* SPDX-License-Identifier: MIT */
/*
 * The command line of ddb-local: options alone, no operands.  "--name value"
 * and "--name=value" are the same; names are not abbreviated.  What --throttle
 * takes may be left out.
 */
#include "server_options.h"

#include "base/enc.h"
#include "base/err.h"

#include <stddef.h>
#include <string.h>

#define DAY_SECONDS 86400
#define HOUR_MS (3600 * 1000)

typedef enum {
    FLAG,
    TEXT,
    REGION,
    NUMBER,  /* least to most */
    OFFSET,  /* a number that may be below zero */
    SIZE,    /* bytes, or with K or M behind it */
    SEED,    /* a number, and that there is one */
    RATE,    /* 0 to 1, or with % behind it */
    LATENCY, /* MS or MS-MS */
    CAPACITY,
    IDLE, /* MS or MS,late */
    SYNC
} option_kind;

typedef struct {
    const char *name;
    const char *argument; /* NULL: a flag */
    option_kind kind;
    size_t offset; /* in server_options */
    uint64_t least, most;
    const char *help;
} option;

#define AT(member) offsetof(server_options, member)

static const option options[] = {
    {"port", "PORT", NUMBER, AT(port), 0, 65535,
     "listen there (8000); 0: any free one"},
    {"bind", "ADDRESS", TEXT, AT(bind), 0, 0,
     "listen on this address (127.0.0.1)"},
    {"memory", NULL, FLAG, AT(memory), 0, 0,
     "keep everything in memory (default)"},
    {"file", "PATH", TEXT, AT(file), 0, 0, "keep everything in this file"},
    {"sync", "MODE", SYNC, AT(sync), 0, 0,
     "what survives: full (default), normal, off"},
    {"region", "REGION", REGION, AT(region), 0, 0, "in ARNs (local)"},
    {"tls-cert", "FILE", TEXT, AT(tls_cert), 0, 0,
     "speak TLS with this certificate (PEM)"},
    {"tls-key", "FILE", TEXT, AT(tls_key), 0, 0, "its private key (PEM)"},
    {"credentials", "FILE", TEXT, AT(credentials), 0, 0,
     "verify signatures with the keys of this file"},
    {"access-log", "FILE", TEXT, AT(access_log), 0, 0,
     "a line there for each request; -: standard output"},
    {"max-request", "BYTES", SIZE, AT(max_request), 1024, 64 << 20,
     "the largest request, also 64K or 1M (16M)"},
    {"threads", "N", NUMBER, AT(threads), 1, 100000,
     "so many connections at once, a thread each (1000)"},
    {"quiet", NULL, FLAG, AT(quiet), 0, 0, "no warnings on standard error"},
    {"latency", "MS[-MS]", LATENCY, AT(latency), 0, HOUR_MS, "answer later"},
    {"fail-rate", "P", RATE, AT(fail_rate), 0, 0,
     "fail so many with 500 or 503, half of them when done"},
    {"throttle", "[LIST]", CAPACITY, AT(throttle), 0, 0,
     "throttle; wcu=N,rcu=N of a partition, burst=SECONDS"},
    {"unprocessed-rate", "P", RATE, AT(unprocessed_rate), 0, 0,
     "leave so many of a batch's items unprocessed"},
    {"clock-offset", "SECS", OFFSET, AT(clock_offset), 0,
     UINT64_C(200) * 366 * DAY_SECONDS, "a clock that is wrong by so much"},
    {"close-idle", "MS[,late]", IDLE, AT(close_idle), 1, HOUR_MS,
     "close idle connections; late: under the next request"},
    {"seed", "N", SEED, AT(seed), 0, INT64_MAX, "meet the same faults again"},
    {"help", NULL, FLAG, AT(help), 0, 0, "this help"},
    {"version", NULL, FLAG, AT(version), 0, 0, "the version"},
};

#define N_OPTIONS (sizeof options / sizeof options[0])
#define FIRST_BAD_DAY "latency"
#define LAST_BAD_DAY "seed"

/* ---- Arguments ---------------------------------------------------------- */

/* A whole number in the option's range; 0 when it is one. */
static int read_number(const option *o, const char *p, size_t n, int64_t *out)
{
    uint64_t v;

    if (ddbi_parse_u64(p, n, o->most, &v) != 0 || v < o->least)
        return -1;
    *out = (int64_t)v;
    return 0;
}

static int read_offset(const option *o, const char *text, int64_t *out)
{
    int negative = *text == '-';

    text += negative || *text == '+';
    if (read_number(o, text, strlen(text), out) != 0)
        return -1;
    if (negative)
        *out = -*out;
    return 0;
}

static int read_size(const option *o, const char *text, int64_t *out)
{
    size_t n = strlen(text);
    uint64_t unit = 1, v;

    if (n > 0 && (text[n - 1] == 'K' || text[n - 1] == 'M'))
        unit = text[--n] == 'K' ? 1 << 10 : 1 << 20;
    if (ddbi_parse_u64(text, n, o->most / unit, &v) != 0 || v * unit < o->least)
        return -1;
    *out = (int64_t)(v * unit);
    return 0;
}

/* Digits, perhaps with a fraction. */
static int read_decimal(const char *p, size_t n, double *out)
{
    double v = 0, unit = 1;
    size_t i = 0, digits = 0;

    for (; i < n && ddbi_is_digit(p[i]) && digits < 15; i++, digits++)
        v = v * 10 + (p[i] - '0');
    if (i < n && p[i] == '.') {
        for (i++; i < n && ddbi_is_digit(p[i]) && digits < 15; i++, digits++)
            v += (p[i] - '0') * (unit /= 10);
    }
    *out = v;
    return i == n && digits > 0 ? 0 : -1;
}

static int read_rate(const char *text, double *out)
{
    size_t n = strlen(text);
    int percent = n > 0 && text[n - 1] == '%';

    if (read_decimal(text, n - (size_t)percent, out) != 0)
        return -1;
    if (percent)
        *out /= 100;
    return *out <= 1 ? 0 : -1;
}

static int read_latency(const option *o, const char *text, server_range *out)
{
    size_t n = strcspn(text, "-");

    if (read_number(o, text, n, &out->least) != 0)
        return -1;
    out->most = out->least;
    if (text[n] == '\0')
        return 0;
    text += n + 1;
    return read_number(o, text, strlen(text), &out->most) == 0 &&
                   out->most >= out->least
               ? 0
               : -1;
}

static int read_idle(const option *o, const char *text, server_options *out)
{
    size_t n = strcspn(text, ",");

    out->close_late = strcmp(text + n, ",late") == 0;
    if (text[n] != '\0' && !out->close_late)
        return -1;
    return read_number(o, text, n, &out->close_idle);
}

/* text NULL: the usual ones. */
static int read_capacity(const char *text, server_capacity *out)
{
    const char *p = text != NULL ? text : "";

    out->on = 1;
    while (*p != '\0') {
        size_t n = strcspn(p, ",");
        double *to = n > 4 && memcmp(p, "wcu=", 4) == 0     ? &out->wcu
                     : n > 4 && memcmp(p, "rcu=", 4) == 0   ? &out->rcu
                     : n > 6 && memcmp(p, "burst=", 6) == 0 ? &out->burst
                                                            : NULL;
        size_t skip = to == &out->burst ? 6 : 4;

        if (to == NULL || read_decimal(p + skip, n - skip, to) != 0 ||
            (*to == 0 && to != &out->burst) || p[n + (p[n] == ',')] == ',')
            return -1;
        p += n;
        p += *p == ',';
    }
    return 0;
}

static int read_sync(const char *text, ddbi_sync *out)
{
    static const char *const names[] = {
        [DDBI_SYNC_FULL] = "full",
        [DDBI_SYNC_NORMAL] = "normal",
        [DDBI_SYNC_OFF] = "off",
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(text, names[i]) == 0) {
            *out = (ddbi_sync)i;
            return 0;
        }
    }
    return -1;
}

/* It goes into ARNs as it is. */
static int is_region(const char *text)
{
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

    return n > 0 && n <= 63 && text[n] == '\0';
}

static int set_option(server_options *s, const option *o, const char *argument)
{
    void *at = (char *)s + o->offset;

    switch (o->kind) {
    case FLAG:
        *(int *)at = 1;
        return 0;
    case TEXT:
        *(const char **)at = argument;
        return *argument != '\0' ? 0 : -1;
    case REGION:
        *(const char **)at = argument;
        return is_region(argument) ? 0 : -1;
    case SEED:
        s->has_seed = 1;
        return read_number(o, argument, strlen(argument), at);
    case NUMBER:
        return read_number(o, argument, strlen(argument), at);
    case OFFSET:
        return read_offset(o, argument, at);
    case SIZE:
        return read_size(o, argument, at);
    case RATE:
        return read_rate(argument, at);
    case LATENCY:
        return read_latency(o, argument, at);
    case CAPACITY:
        return read_capacity(argument, at);
    case IDLE:
        return read_idle(o, argument, s);
    case SYNC:
        return read_sync(argument, at);
    }
    return -1;
}

/* ---- Words -------------------------------------------------------------- */

static const option *find_option(const char *name, size_t n)
{
    if (n == 1 && *name == 'h')
        name = "help", n = 4;
    for (size_t i = 0; i < N_OPTIONS; i++)
        if (strncmp(options[i].name, name, n) == 0 &&
            options[i].name[n] == '\0')
            return &options[i];
    return NULL;
}

/* The option of argv[*i], with what follows it. */
static ddb_code take_option(server_options *s, int argc, char **argv, int *i,
                            ddb_err *err)
{
    const char *word = argv[*i];
    const char *name = word + 1 + (word[1] == '-');
    size_t n = strcspn(name, "=");
    const option *o = find_option(name, n);
    const char *argument = name[n] == '=' ? name + n + 1 : NULL;

    if (word[0] != '-' || word[1] == '\0')
        return ddbi_fail(err, DDB_INVALID,
                         "takes no operands, as %s: see \"ddb-local --help\"",
                         word);
    if (o == NULL || (word[1] != '-' && name[1] != '\0'))
        return ddbi_fail(err, DDB_INVALID,
                         "there is no option %s: see \"ddb-local --help\"",
                         word);
    if (o->kind == FLAG && argument != NULL)
        return ddbi_fail(err, DDB_INVALID, "--%s takes no argument", o->name);
    if (o->kind == CAPACITY && argument == NULL && *i + 1 < argc &&
        argv[*i + 1][0] != '-')
        argument = argv[++*i];
    if (o->kind != FLAG && o->kind != CAPACITY && argument == NULL) {
        if (*i + 1 >= argc)
            return ddbi_fail(err, DDB_INVALID, "--%s needs an argument: %s",
                             o->name, o->argument);
        argument = argv[++*i];
    }
    if (set_option(s, o, argument) != 0)
        return ddbi_fail(err, DDB_INVALID,
                         "--%s cannot be \"%s\": see \"ddb-local --help\"",
                         o->name, argument != NULL ? argument : "");
    return DDB_OK;
}

static ddb_code check_together(const server_options *o, ddb_err *err)
{
    if (o->memory && o->file != NULL)
        return ddbi_fail(err, DDB_INVALID,
                         "either --memory or --file, not both");
    if ((o->tls_cert == NULL) != (o->tls_key == NULL))
        return ddbi_fail(err, DDB_INVALID,
                         "--tls-cert and --tls-key go together");
    return DDB_OK;
}

ddb_code server_options_parse(server_options *o, int argc, char **argv,
                              ddb_err *err)
{
    *o = (server_options){
        .bind = "127.0.0.1",
        .port = 8000,
        .region = "local",
        .max_request = 16 << 20,
        .threads = 1000,
        .throttle = {.wcu = 1000, .rcu = 3000},
    };
    for (int i = 1; i < argc; i++) {
        ddb_code code = take_option(o, argc, argv, &i, err);

        if (code != DDB_OK)
            return code;
    }
    return o->help || o->version ? DDB_OK : check_together(o, err);
}

/* ---- Help --------------------------------------------------------------- */

void server_options_help(FILE *out)
{
    fputs("usage: ddb-local [OPTION]...\n\n"
          "A DynamoDB-compatible server for one machine.  Once it listens it "
          "writes its\naddress, such as http://127.0.0.1:8000, as one line to "
          "standard output.\n\n",
          out);
    for (size_t i = 0; i < N_OPTIONS; i++) {
        const option *o = &options[i];
        char left[40];

        if (strcmp(o->name, FIRST_BAD_DAY) == 0)
            fputs("\nA bad day, for tests:\n", out);
        snprintf(left, sizeof left, "--%s%s%s", o->name,
                 o->argument != NULL ? " " : "",
                 o->argument != NULL ? o->argument : "");
        fprintf(out, "  %-21s %s\n", left, o->help);
        if (strcmp(o->name, LAST_BAD_DAY) == 0)
            fputs("\n", out);
    }
    fputs("\nExit status: 0 ended by SIGTERM or SIGINT, 2 wrong usage or "
          "input, 4 it cannot\nlisten there, 5 no credentials in their file, "
          "6 internal (memory, disk).\n",
          out);
}
