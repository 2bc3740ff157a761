/* SPDX-License-Identifier: MIT */
/* ddb: the table of the commands, and main().  See ddb(1). */
#include "ddb_commands.h"
#include "standard_files.h"

#include <stdio.h>

static const cli_command commands[] = {
    {"get", "KEY [-o FILE]",
     "Write the value of a key to standard output, byte for byte, with nothing "
     "added.",
     ddb_run_get, CLI_OUTPUT, 1, 1},
    {"put", "KEY [VALUE | -i FILE | -]",
     "Store a value under a key, in the place of what is there.  VALUE is kept "
     "as\n"
     "text.  What comes from a file or from standard input (-) is kept as text "
     "if\n"
     "it is UTF-8, else as bytes.",
     ddb_run_put, CLI_INPUT | CLI_TTL | CLI_IF_ABSENT | CLI_BINARY | CLI_CREATE,
     1, 2},
    {"del", "KEY...",
     "Delete keys.  Exit status 1: one of them was not there; the others are\n"
     "deleted.",
     ddb_run_del, CLI_CREATE, 1, -1},
    {"has", "KEY",
     "Exit status 0 if there is such a key, 1 if there is none.  Nothing is "
     "written.",
     ddb_run_has, 0, 1, 1},
    {"pop", "KEY [-o FILE]",
     "Write the value of a key as get does, and then delete the key.  Exit "
     "status 1:\n"
     "there is none, or another has taken or changed it meanwhile.",
     ddb_run_pop, CLI_OUTPUT | CLI_CREATE, 1, 1},
    {"incr", "KEY [BY]",
     "Add BY, which is 1 without it and may be negative, to a number, and "
     "write the\n"
     "sum.  A key that is not there starts anew with BY, and expires as --ttl "
     "says;\n"
     "one that is there keeps its expiry.",
     ddb_run_incr, CLI_TTL | CLI_CREATE | CLI_SIGNED, 1, 2},
    {"touch", "KEY --ttl SECONDS",
     "Let a key expire after so long from now on; 0: never.", ddb_run_touch,
     CLI_TTL | CLI_TTL_NEEDED | CLI_CREATE, 1, 1},
    {"ttl", "KEY",
     "Write the seconds that a key has left, or \"never\" if it does not "
     "expire.",
     ddb_run_ttl, 0, 1, 1},
    {"count", "[--prefix PREFIX]", "Write how many keys there are.",
     ddb_run_count, CLI_PREFIX, 0, 0},
    {"keys", "[--prefix P] [--limit N] [--reverse] [--cursor FILE]",
     "Write the keys in the order of their bytes, one a line.  With --cursor "
     "begin\n"
     "behind the last key of the run before; FILE is empty when there are no "
     "more.",
     ddb_run_keys, CLI_PREFIX | CLI_LIMIT | CLI_REVERSE | CLI_NULL | CLI_CURSOR,
     0, 0},
    {"export", "> FILE",
     "Write all entries of the namespace as JSON Lines, one an entry:\n"
     "  {\"key\":\"k\",\"value\":\"text\"}, "
     "{\"key\":\"k\",\"base64\":\"AAE=\"} "
     "or\n"
     "  {\"key\":\"k\",\"number\":\"3\"}, with \"ttl\" in Unix seconds if it "
     "expires.",
     ddb_run_export, 0, 0, 0},
    {"import", "< FILE",
     "Store what export has written.  Other keys stay as they are.  An import "
     "that\n"
     "was cut off can be run again.",
     ddb_run_import, CLI_CREATE, 0, 0},
    {"clear", "[--expired] [--yes]",
     "Delete all entries of the namespace.  Asks first when there is a "
     "terminal,\n"
     "else wants --yes.",
     ddb_run_clear, CLI_EXPIRED | CLI_YES | CLI_CREATE, 0, 0},
    {"namespaces", "[-0]",
     "Write the namespaces that the table has, in no order, one a line.",
     ddb_run_namespaces, CLI_NULL, 0, 0},
    {"table", "create|describe|delete|wait",
     "create: make the table, switch its TTL on and wait until it can be used; "
     "one\n"
     "that is there and fits will do.  describe: tell of it.  delete: delete "
     "it with\n"
     "all its namespaces, without asking.  wait: until it can be used.",
     ddb_run_table, CLI_BILLING | CLI_UNITS | CLI_NO_TTL, 1, 1},
    {"call", "OPERATION [JSON | @FILE | -]",
     "Send any operation of DynamoDB, such as ListTables, with this input, and "
     "write\n"
     "the JSON answer.",
     ddb_run_call, 0, 1, 2},
    {0}};

static int run(cli *c)
{
    if (c->version)
        cli_print(c, "ddb %s\n", ddb_version());
    else if (c->help)
        cli_help(c, commands, stdout);
    else
        return c->command->run(c);
    return CLI_DONE;
}

int main(int argc, char **argv)
{
    cli c;
    int status;

    hold_standard_files();
    status = cli_parse(&c, commands, argc, argv);
    if (status == CLI_DONE)
        status = run(&c);
    cli_close(&c);
    if (status == CLI_DONE)
        status = cli_flush(&c);
    if (fclose(stdout) != 0 && status == CLI_DONE)
        status = cli_fail(&c, CLI_INTERNAL, "cannot write to standard output");
    return status;
}
