/* SPDX-License-Identifier: MIT */
/*
 * The command line of ddb, and how it talks: see cli.h and ddb(1).
 *
 * Options may stand anywhere, before and behind operands and the command, as
 * in "ddb get k -t users".  So all of them are collected first, and only then
 * is looked whether the command takes them.  "--" ends them; a lone "-" is an
 * operand.  Long options are not abbreviated: a script would break on the
 * next option that begins alike.
 */
#include "cli.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* ---- Options ------------------------------------------------------------ */

typedef enum { FLAG, TEXT, NUMBER, NUMBER_OR_0 } option_kind;

typedef struct {
    char letter; /* 0: none */
    const char *name;
    const char *argument; /* for the help; NULL: a flag */
    unsigned bit;         /* 0: every command takes it */
    option_kind kind;
    size_t offset; /* in struct cli */
    const char *help;
} option;

#define AT(member) offsetof(cli, member)

static const option options[] = {
    {'e', "endpoint", "ENDPOINT", 0, TEXT, AT(endpoint),
     "a URL, or sqlite:PATH for a file (DDB_ENDPOINT)"},
    {'r', "region", "REGION", 0, TEXT, AT(region), "AWS region (AWS_REGION)"},
    {'p', "profile", "PROFILE", 0, TEXT, AT(profile), "not in this version"},
    {'t', "table", "TABLE", 0, TEXT, AT(table), "table (DDB_TABLE; ddb)"},
    {'n', "namespace", "NAMESPACE", 0, TEXT, AT(name_space),
     "namespace (DDB_NAMESPACE; default)"},
    {0, "shards", "N", 0, NUMBER, AT(shards),
     "partitions the namespace is split over"},
    {0, "large", NULL, 0, FLAG, AT(large), "store values of up to 16 MB"},
    {0, "compress", NULL, 0, FLAG, AT(compress),
     "compress what is stored where that saves"},
    {0, "allow-http", NULL, 0, FLAG, AT(allow_http),
     "plain HTTP to other machines (DDB_ALLOW_HTTP=1)"},
    {'h', "help", NULL, 0, FLAG, AT(help), "this help"},
    {0, "version", NULL, 0, FLAG, AT(version), "the version"},
    {'o', "output", "FILE", CLI_OUTPUT, TEXT, AT(output),
     "write the value there"},
    {'i', "input", "FILE", CLI_INPUT, TEXT, AT(input),
     "read the value from there"},
    {0, "ttl", "SECONDS", CLI_TTL, NUMBER_OR_0, AT(ttl),
     "expire after so long"},
    {0, "if-absent", NULL, CLI_IF_ABSENT, FLAG, AT(if_absent),
     "only if there is no such key"},
    {0, "binary", NULL, CLI_BINARY, FLAG, AT(binary),
     "keep it as bytes even if it is text"},
    {0, "prefix", "PREFIX", CLI_PREFIX, TEXT, AT(prefix),
     "only keys that begin so"},
    {0, "limit", "N", CLI_LIMIT, NUMBER, AT(limit), "so many at most"},
    {0, "reverse", NULL, CLI_REVERSE, FLAG, AT(reverse), "the last key first"},
    {'0', "null", NULL, CLI_NULL, FLAG, AT(null),
     "end each line with a NUL, not a newline"},
    {0, "cursor", "FILE", CLI_CURSOR, TEXT, AT(cursor),
     "begin where FILE says, keep there where it ends"},
    {0, "expired", NULL, CLI_EXPIRED, FLAG, AT(expired),
     "only what has expired, without asking"},
    {0, "yes", NULL, CLI_YES, FLAG, AT(yes), "do not ask"},
    {0, "billing", "MODE", CLI_BILLING, TEXT, AT(billing),
     "on-demand (default) or provisioned"},
    {0, "rcu", "N", CLI_UNITS, NUMBER, AT(read_units),
     "provisioned read capacity units"},
    {0, "wcu", "N", CLI_UNITS, NUMBER, AT(write_units),
     "provisioned write capacity units"},
    {0, "no-ttl", NULL, CLI_NO_TTL, FLAG, AT(no_ttl),
     "leave the table's TTL as it is"},
    {0, "create", NULL, CLI_CREATE, FLAG, AT(create),
     "create the table if it is missing"},
};

#define N_OPTIONS (sizeof options / sizeof options[0])

static const option *find_letter(char letter)
{
    for (size_t i = 0; i < N_OPTIONS; i++)
        if (options[i].letter == letter && letter != 0)
            return &options[i];
    return NULL;
}

static const option *find_name(const char *name, size_t n)
{
    for (size_t i = 0; i < N_OPTIONS; i++)
        if (strncmp(options[i].name, name, n) == 0 &&
            options[i].name[n] == '\0')
            return &options[i];
    return NULL;
}

/* A whole number, without a sign. */
static int read_number(const char *text, int64_t least, int64_t *out)
{
    char *end;

    if (*text < '0' || *text > '9')
        return -1;
    errno = 0;
    *out = strtoll(text, &end, 10);
    return errno == 0 && *end == '\0' && *out >= least ? 0 : -1;
}

static int set_option(cli *c, const option *o, const char *argument)
{
    char *at = (char *)c + o->offset;
    int least = o->kind == NUMBER_OR_0 ? 0 : 1;

    switch (o->kind) {
    case FLAG:
        *(int *)(void *)at = 1;
        break;
    case TEXT:
        *(const char **)(void *)at = argument;
        break;
    case NUMBER:
    case NUMBER_OR_0:
        if (read_number(argument, least, (int64_t *)(void *)at) != 0)
            return cli_fail(c, CLI_USAGE,
                            "--%s takes a whole number from %d on, not \"%s\"",
                            o->name, least, argument);
        break;
    }
    return CLI_DONE;
}

/* What is being read of the command line. */
typedef struct {
    cli *c;
    const cli_command *commands;
    char **argv;
    int argc;
    int i;          /* the word in hand */
    unsigned given; /* bits of the options seen */
} parser;

/* The option of the word in hand; attached is what follows it there, NULL:
 * nothing does. */
static int take_option(parser *p, const option *o, const char *attached)
{
    p->given |= o->bit;
    if (o->kind == FLAG && attached != NULL)
        return cli_fail(p->c, CLI_USAGE, "--%s takes no argument", o->name);
    if (o->kind == FLAG || attached != NULL)
        return set_option(p->c, o, attached);
    if (p->i + 1 >= p->argc)
        return cli_fail(p->c, CLI_USAGE, "--%s needs an argument: %s", o->name,
                        o->argument);
    return set_option(p->c, o, p->argv[++p->i]);
}

static int unknown_option(const parser *p, const char *word)
{
    return cli_fail(p->c, CLI_USAGE,
                    "there is no option %s (an operand that begins with - "
                    "goes behind --)",
                    word);
}

static int parse_long(parser *p)
{
    const char *word = p->argv[p->i];
    size_t n = strcspn(word + 2, "=");
    const option *o = find_name(word + 2, n);

    if (o == NULL)
        return unknown_option(p, word);
    return take_option(p, o, word[2 + n] == '=' ? word + 2 + n + 1 : NULL);
}

static int parse_letters(parser *p)
{
    const char *word = p->argv[p->i];
    int status = CLI_DONE;

    for (size_t j = 1; word[j] != '\0' && status == CLI_DONE; j++) {
        const option *o = find_letter(word[j]);

        if (o == NULL)
            return unknown_option(p, word);
        if (o->kind != FLAG)
            return take_option(p, o, word[j + 1] != '\0' ? word + j + 1 : NULL);
        status = take_option(p, o, NULL);
    }
    return status;
}

static const cli_command *find_command(const cli_command *commands,
                                       const char *name)
{
    for (; commands->name != NULL; commands++)
        if (strcmp(commands->name, name) == 0)
            return commands;
    return NULL;
}

static int is_operand(const parser *p, const char *word)
{
    const cli_command *command = p->c->command;

    if (word[0] != '-' || word[1] == '\0')
        return 1;
    return command != NULL && (command->options & CLI_SIGNED) != 0 &&
           word[1] >= '0' && word[1] <= '9';
}

/* Options are taken, operands are gathered at the front of argv, and the
 * first of them is the command. */
static int parse_words(parser *p, int *n_operands)
{
    int ended = 0;
    int n = 0;
    int status = CLI_DONE;

    for (p->i = 1; p->i < p->argc && status == CLI_DONE; p->i++) {
        char *word = p->argv[p->i];

        if (ended || is_operand(p, word)) {
            if (n == 0)
                p->c->command = find_command(p->commands, word);
            p->argv[n++] = word;
        } else if (strcmp(word, "--") == 0)
            ended = 1;
        else if (word[1] == '-')
            status = parse_long(p);
        else
            status = parse_letters(p);
    }
    *n_operands = n;
    return status;
}

/* An empty variable counts as none. */
static const char *from_env(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && value[0] != '\0' ? value : NULL;
}

static int apply_environment(cli *c)
{
    const char *http = from_env("DDB_ALLOW_HTTP");

    if (c->endpoint == NULL)
        c->endpoint = from_env("DDB_ENDPOINT");
    if (c->table == NULL)
        c->table = from_env("DDB_TABLE");
    if (c->table == NULL)
        c->table = "ddb";
    if (c->name_space == NULL)
        c->name_space = from_env("DDB_NAMESPACE");
    if (c->name_space == NULL)
        c->name_space = "default";
    if (http != NULL && strcmp(http, "0") != 0) {
        if (strcmp(http, "1") != 0)
            return cli_fail(c, CLI_USAGE,
                            "DDB_ALLOW_HTTP is \"%s\": set it to "
                            "0 or 1",
                            http);
        c->allow_http = 1;
    }
    return CLI_DONE;
}

static int check_command(const cli *c, unsigned given)
{
    const cli_command *command = c->command;
    int needs_ttl = (command->options & CLI_TTL_NEEDED) != 0;
    int has_ttl = (given & CLI_TTL) != 0;

    for (size_t i = 0; i < N_OPTIONS; i++)
        if ((options[i].bit & given & ~command->options) != 0)
            return cli_fail(c, CLI_USAGE,
                            "does not take --%s: see \"ddb %s --help\"",
                            options[i].name, command->name);
    if (has_ttl && !needs_ttl && c->ttl == 0)
        return cli_fail(c, CLI_USAGE,
                        "--ttl takes a whole number from 1 on, not \"0\"");
    if ((needs_ttl && !has_ttl) || c->n_operands < command->least ||
        (command->most >= 0 && c->n_operands > command->most))
        return cli_fail(c, CLI_USAGE, "usage: ddb %s %s", command->name,
                        command->operands);
    return CLI_DONE;
}

int cli_parse(cli *c, const cli_command *commands, int argc, char **argv)
{
    parser p = {.c = c, .commands = commands, .argv = argv, .argc = argc};
    int status;

    memset(c, 0, sizeof *c);
    if ((status = parse_words(&p, &c->n_operands)) != CLI_DONE)
        return status;
    if ((status = apply_environment(c)) != CLI_DONE)
        return status;
    if (c->profile != NULL)
        return cli_fail(c, CLI_USAGE,
                        "profiles are not in this version: put the "
                        "credentials into AWS_ACCESS_KEY_ID and "
                        "AWS_SECRET_ACCESS_KEY");
    c->operands = argv;
    if (c->n_operands == 0) {
        if (c->help || c->version)
            return CLI_DONE;
        return cli_fail(c, CLI_USAGE, "no command: see \"ddb --help\"");
    }
    if (c->command == NULL)
        return cli_fail(c, CLI_USAGE,
                        "there is no command \"%s\": see \"ddb --help\"",
                        argv[0]);
    c->operands++;
    c->n_operands--;
    return c->help || c->version ? CLI_DONE : check_command(c, p.given);
}

/* ---- Help --------------------------------------------------------------- */

static void help_options(unsigned bits, int global, FILE *out)
{
    for (size_t i = 0; i < N_OPTIONS; i++) {
        const option *o = &options[i];
        char left[40];

        if (global ? o->bit != 0 : (o->bit & bits) == 0)
            continue;
        snprintf(left, sizeof left, "%c%c%s --%s%s%s", o->letter ? '-' : ' ',
                 o->letter ? o->letter : ' ', o->letter ? "," : " ", o->name,
                 o->argument != NULL ? " " : "",
                 o->argument != NULL ? o->argument : "");
        fprintf(out, "  %-27s %s\n", left, o->help);
    }
}

void cli_help(const cli *c, const cli_command *commands, FILE *out)
{
    if (c->command != NULL) {
        fprintf(out, "usage: ddb [OPTION]... %s %s\n\n%s\n", c->command->name,
                c->command->operands, c->command->help);
        if (c->command->options != 0)
            fputs("\nOptions of this command:\n", out);
        help_options(c->command->options, 0, out);
    } else {
        fputs("usage: ddb [OPTION]... COMMAND [OPERAND]...\n\n"
              "A dict in DynamoDB: keys and values of one namespace in one "
              "table.\n\nCommands:\n",
              out);
        for (; commands->name != NULL; commands++)
            fprintf(out, "  %-10s %s\n", commands->name, commands->operands);
        fputs("\n\"ddb COMMAND --help\" tells more of one.\n", out);
    }
    fputs("\nOptions of all commands:\n", out);
    help_options(0, 1, out);
    fputs("\nCredentials: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, "
          "AWS_SESSION_TOKEN.\n"
          "Exit status: 0 done, 1 no such key or condition failed, 2 wrong "
          "usage or input,\n3 the service refused, 4 no usable answer, 5 no "
          "credentials or region,\n6 internal.\n",
          out);
}
