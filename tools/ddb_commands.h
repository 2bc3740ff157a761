/* SPDX-License-Identifier: MIT */
/* The commands, each one's run function; ddb.c has the table of them. */
#ifndef DDB_COMMANDS_H
#define DDB_COMMANDS_H

#include "cli.h"

/* ddb_item.c: one key */
int ddb_run_get(cli *c);
int ddb_run_put(cli *c);
int ddb_run_del(cli *c);
int ddb_run_has(cli *c);
int ddb_run_pop(cli *c);
int ddb_run_incr(cli *c);
int ddb_run_touch(cli *c);
int ddb_run_ttl(cli *c);

/* ddb_list.c: many keys */
int ddb_run_count(cli *c);
int ddb_run_keys(cli *c);
int ddb_run_clear(cli *c);
int ddb_run_namespaces(cli *c);

/* ddb_export.c, ddb_import.c: JSON Lines */
int ddb_run_export(cli *c);
int ddb_run_import(cli *c);

/* ddb_table.c */
int ddb_run_table(cli *c);
int ddb_run_call(cli *c);

#endif
