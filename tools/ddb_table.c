/* SPDX-License-Identifier: MIT */
/* ddb table, call: the table itself, and any operation. */
#include "ddb_commands.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define MAX_BODY ((size_t)16 << 20)

/* ---- table -------------------------------------------------------------- */

/* An existing table that fits is as good as a new one. */
static int create(cli *c)
{
    int provisioned =
        c->billing != NULL && strcmp(c->billing, "on-demand") != 0;

    if (provisioned && strcmp(c->billing, "provisioned") != 0)
        return cli_fail(c, CLI_USAGE,
                        "--billing is on-demand or provisioned, not \"%s\"",
                        c->billing);
    if (provisioned != (c->read_units != 0) ||
        provisioned != (c->write_units != 0))
        return cli_fail(c, CLI_USAGE,
                        "--billing provisioned, --rcu N and --wcu N belong "
                        "together");
    c->create = 1;
    return cli_open_kv(c);
}

static const char *type_letter(ddb_type type)
{
    return type == DDB_S ? "S" : type == DDB_N ? "N" : "B";
}

static void print_table(cli *c, const ddb_table_info *info)
{
    cli_print(c, "table: %s\nstatus: %s\n", c->table, info->status_text);
    cli_print(c, "partition key: %s (%s)\n", info->partition_key,
              type_letter(info->partition_type));
    if (info->sort_key[0] != '\0')
        cli_print(c, "sort key: %s (%s)\n", info->sort_key,
                  type_letter(info->sort_type));
    if (info->on_demand)
        cli_print(c, "billing: on-demand\n");
    else
        cli_print(c, "billing: provisioned, %lld read and %lld write units\n",
                  (long long)info->read_units, (long long)info->write_units);
    cli_print(c, "items: %lld\nbytes: %lld\n", (long long)info->item_count,
              (long long)info->size_bytes);
}

static void print_ttl(cli *c, const ddb_ttl_info *ttl)
{
    static const char *const names[] = {[DDB_TTL_DISABLED] = "off",
                                        [DDB_TTL_ENABLING] = "being enabled",
                                        [DDB_TTL_ENABLED] = "on",
                                        [DDB_TTL_DISABLING] =
                                            "being switched off"};

    cli_print(c, "ttl: %s%s%s\n", names[ttl->status],
              ttl->attribute[0] != '\0' ? ", attribute " : "", ttl->attribute);
}

static int describe(cli *c)
{
    ddb_table_info info;
    ddb_ttl_info ttl = {0};
    ddb_err err;
    int status = cli_open_client(c);

    if (status != CLI_DONE)
        return status;
    if (ddb_describe_table(c->client, c->table, &info, &err) != DDB_OK)
        return cli_fail_err(c, NULL, &err);
    print_table(c, &info);
    if (ddb_describe_time_to_live(c->client, c->table, &ttl, &err) == DDB_OK)
        print_ttl(c, &ttl);
    else if (strcmp(err.type, "UnknownOperationException") == 0)
        cli_print(c, "ttl: the server has none\n");
    else
        status = cli_fail_err(c, "ttl", &err);
    if (info.arn[0] != '\0')
        cli_print(c, "arn: %s\n", info.arn);
    return status;
}

/* It comes back when the name is free again. */
static int delete (cli *c)
{
    ddb_err err;
    int status = cli_open_client(c);

    if (status != CLI_DONE)
        return status;
    if (ddb_delete_table(c->client, c->table, NULL, &err) == DDB_OK &&
        ddb_wait_table_not_exists(c->client, c->table, 0, &err) == DDB_OK)
        return CLI_DONE;
    return cli_fail_err(c, NULL, &err);
}

static int wait(cli *c)
{
    ddb_err err;
    int status = cli_open_client(c);

    if (status != CLI_DONE)
        return status;
    if (ddb_wait_table_exists(c->client, c->table, 0, &err) == DDB_OK)
        return CLI_DONE;
    return cli_fail_err(c, NULL, &err);
}

int ddb_run_table(cli *c)
{
    static const struct {
        const char *name;
        int (*run)(cli *c);
    } verbs[] = {{"create", create},
                 {"describe", describe},
                 {"delete", delete},
                 {"wait", wait}};
    const char *verb = c->operands[0];
    size_t i = 0;

    while (i < sizeof verbs / sizeof verbs[0] &&
           strcmp(verbs[i].name, verb) != 0)
        i++;
    if (i == sizeof verbs / sizeof verbs[0])
        return cli_fail(c, CLI_USAGE,
                        "it is create, describe, delete or wait, not \"%s\"",
                        verb);
    if (verbs[i].run != create && (c->billing != NULL || c->read_units != 0 ||
                                   c->write_units != 0 || c->no_ttl))
        return cli_fail(c, CLI_USAGE,
                        "--billing, --rcu, --wcu and --no-ttl are of \"ddb "
                        "table create\"");
    return verbs[i].run(c);
}

/* ---- call --------------------------------------------------------------- */

/* The body that the second operand gives; *content is to be freed. */
static int find_body(const cli *c, ddb_bytes *body, char **content)
{
    const char *operand = c->n_operands == 2 ? c->operands[1] : "{}";
    json_error_t wrong;
    json_t *json;
    int status = CLI_DONE;

    *body = ddb_str(operand);
    if (strcmp(operand, "-") == 0 || operand[0] == '@') {
        status = cli_read(c, operand[0] == '@' ? operand + 1 : operand,
                          MAX_BODY, content, &body->n);
        body->p = *content;
    }
    if (status != CLI_DONE)
        return status;
    json = json_loadb(body->p, body->n, JSON_ALLOW_NUL, &wrong);
    if (json == NULL)
        status = cli_fail(c, CLI_USAGE,
                          "the input is no JSON object: line %d, column %d: %s",
                          wrong.line, wrong.column, wrong.text);
    else if (!json_is_object(json))
        status = cli_fail(c, CLI_USAGE, "the input is no JSON object");
    json_decref(json);
    return status;
}

int ddb_run_call(cli *c)
{
    ddb_call_in in = {.action = c->operands[0]};
    ddb_bytes body = {0};
    char *content = NULL;
    char *out = NULL;
    size_t n = 0;
    ddb_err err;
    int status = find_body(c, &body, &content);

    if (status == CLI_DONE)
        status = cli_open_client(c);
    if (status == CLI_DONE) {
        in.body = body.p;
        in.body_n = body.n;
        if (ddb_call(c->client, &in, &out, &n, &err) != DDB_OK)
            status = cli_fail_err(c, in.action, &err);
    }
    if (out != NULL) {
        cli_write(c, out, n);
        cli_write(c, "\n", 1);
    }
    ddb_free(out);
    free(content);
    return status;
}
