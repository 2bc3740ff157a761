/* SPDX-License-Identifier: MIT */
/*
 * What the commands of ddb have in common: the command line, the client and
 * the store that it asks for, input, output, errors and exit codes.
 *
 * A command returns its exit code and never exits itself.
 */
#ifndef CLI_H
#define CLI_H

#include <ddb/kv.h>

#include <stdio.h>

/* Exit status, ddb(1). */
enum {
    CLI_DONE = 0,
    CLI_ABSENT = 1,  /* no such key, or a condition failed */
    CLI_USAGE = 2,   /* wrong usage or input */
    CLI_REFUSED = 3, /* the service refused */
    CLI_ANSWER = 4,  /* no usable answer */
    CLI_SETUP = 5,   /* no credentials or region */
    CLI_INTERNAL = 6 /* memory, disk */
};

/* Options that not every command takes, one bit each. */
enum {
    CLI_OUTPUT = 1 << 0,
    CLI_INPUT = 1 << 1,
    CLI_TTL = 1 << 2,
    CLI_IF_ABSENT = 1 << 3,
    CLI_BINARY = 1 << 4,
    CLI_PREFIX = 1 << 5,
    CLI_LIMIT = 1 << 6,
    CLI_REVERSE = 1 << 7,
    CLI_NULL = 1 << 8,
    CLI_YES = 1 << 9,
    CLI_BILLING = 1 << 10,
    CLI_UNITS = 1 << 11,
    CLI_NO_TTL = 1 << 12,
    CLI_CREATE = 1 << 13,
    CLI_TTL_NEEDED = 1 << 14, /* no option: --ttl must be there, 0 is never */
    CLI_EXPIRED = 1 << 15,
    CLI_CURSOR = 1 << 16,
    CLI_SIGNED = 1 << 17 /* no option: operands may be numbers below 0 */
};

typedef struct cli cli;

typedef struct {
    const char *name;
    const char *operands; /* for the usage line */
    const char *help;     /* what it does, in lines of 78 */
    int (*run)(cli *c);
    unsigned options; /* bits of those it takes */
    int least;        /* operands */
    int most;         /* -1: any number */
} cli_command;

struct cli {
    const cli_command *command; /* NULL: none was given */
    char **operands;            /* without the command */
    int n_operands;

    /* Options; NULL and 0: not given. */
    const char *endpoint;
    const char *region;
    const char *profile;
    const char *table;      /* after cli_parse(): never NULL */
    const char *name_space; /* the same */
    int64_t shards;
    int large;
    int compress;
    int allow_http;
    int help;
    int version;
    const char *output;
    const char *input;
    int64_t ttl;
    int if_absent;
    int binary;
    const char *prefix;
    int64_t limit;
    int reverse;
    int null;
    const char *cursor;
    int yes;
    int expired;
    const char *billing;
    int64_t read_units;
    int64_t write_units;
    int no_ttl;
    int create;

    int write_error;    /* errno of the first failed write to stdout */
    ddb_client *client; /* after cli_open_client() */
    ddb_kv *kv;         /* after cli_open_kv() */
};

/* Read the command line; the environment stands in for what is not given.
 * commands end with a name of NULL.  argv is put in another order.  Not
 * CLI_DONE: it is wrong and the error has been written. */
int cli_parse(cli *c, const cli_command *commands, int argc, char **argv);
/* Write the help of the command, or of the tool when there is none. */
void cli_help(const cli *c, const cli_command *commands, FILE *out);

/* What the commands work with.  Errors are written. */
int cli_open_client(cli *c);
int cli_open_kv(cli *c); /* and the client */
void cli_close(cli *c);

/* Write "ddb: COMMAND: ..." as one line to stderr; returns status. */
int cli_fail(const cli *c, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Write what failed, why and what to do about it; returns the exit status
 * that belongs to the error.  what may be NULL. */
int cli_fail_err(const cli *c, const char *what, const ddb_err *err);
int cli_status(ddb_code code);

/* All of a file, "-" for standard input; at most max bytes, CLI_USAGE if it
 * has more.  Owned: free(). */
int cli_read(const cli *c, const char *path, size_t max, char **out, size_t *n);
/* One line without its newline into *line, which grows and is freed by the
 * caller.  1: there is one; 0: the end; -1: more than max bytes; -2: it
 * cannot be read; -3: no memory. */
int cli_read_line(FILE *in, size_t max, char **line, size_t *room, size_t *n);
/* Write to stdout; a failure is remembered and makes later writes do
 * nothing. */
void cli_write(cli *c, const void *p, size_t n);
void cli_print(cli *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Has what was written got there? */
int cli_is_written(cli *c);
/* The same as an exit status; if it has not the error is written. */
int cli_flush(cli *c);
/* Is it UTF-8?  -1: no memory. */
int cli_is_text(const void *p, size_t n);

#endif
