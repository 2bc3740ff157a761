/* SPDX-License-Identifier: MIT */
/*
 * One request being answered: what every handler of an action works with.
 * Handlers return DDB_OK when out holds the answer's JSON, DDB_SERVICE when
 * they refused (ddbi_refuse), DDB_NOMEM or DDB_SYSTEM with err filled.  The
 * engine begins a transaction before a handler and commits or rolls back
 * after it.
 */
#ifndef DDBI_LOCAL_ASK_H
#define DDBI_LOCAL_ASK_H

#include "base/arena.h"
#include "local/local.h"
#include "local/local_in.h"
#include "wire/codec.h"

typedef struct {
    ddbi_store *store;
    ddbi_arena *arena; /* of the request */
    ddbi_in *in;
    ddbi_buf *out; /* the answer */
    int64_t now;   /* Unix milliseconds */
    const ddbi_local_options *options;
    struct ddbi_catalogue *catalogue; /* tables read before */
    const ddbi_clock *clock;
    void *checked;    /* what an action's check leaves for its answer */
    int status;       /* of the answer: 200, or a refusal's */
    ddbi_buf refusal; /* its JSON */
    ddb_err *err;
} ddbi_ask;

/* Refuse: __type is com.amazonaws.dynamodb.v20120810#TYPE with HTTP 400 (500
 * of InternalServerError), or as ddbi_refuse_coral() has it.  The message may
 * be of any length; %.*s with bytes that are no UTF-8 comes out with '?'.
 * Returns DDB_SERVICE, or DDB_NOMEM. */
ddb_code ddbi_refuse(ddbi_ask *a, const char *type, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same with the type com.amazon.coral.validate#ValidationException:
 * what the service calls most refusals of a request's content. */
ddb_code ddbi_refuse_invalid(ddbi_ask *a, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* com.amazon.coral.service#TYPE: SerializationException,
 * UnknownOperationException and so on; message NULL: none. */
ddb_code ddbi_refuse_coral(ddbi_ask *a, const char *type, const char *message);
/* One member more of the refusal's JSON, after one of the above: its raw
 * JSON, already written. */
void ddbi_refuse_member(ddbi_ask *a, const char *name, ddb_bytes json);

/* DDB_NOMEM into err. */
ddb_code ddbi_ask_nomem(ddbi_ask *a);

/* ---- Values (local_value.c) --------------------------------------------- */

/* By the service's rules for what is stored: exactly one type, numbers
 * (rewritten as the service does), sets, NULL, 32 levels, names.  Refuses
 * with the service's words. */
ddb_code ddbi_check_item(ddbi_ask *a, ddb_item *it);
/* The same of ExpressionAttributeValues ("ExpressionAttributeValues contains
 * invalid value: ... for key :v") and of ExclusiveStartKey ("The provided
 * starting key is invalid: ..."). */
ddb_code ddbi_check_values(ddbi_ask *a, ddb_item *values);
ddb_code ddbi_check_start(ddbi_ask *a, ddb_item *key);
/* As an error message shows a value: {S:text}, {N:1}, ...; and {name={N:1}}. */
void ddbi_show_value(ddbi_buf *b, const ddb_value *v);
void ddbi_show_item(ddbi_buf *b, const ddb_item *it);
/* Parse an item as it is stored, in the request's arena or in another. */
ddb_code ddbi_load_item(ddbi_ask *a, ddb_bytes body, ddb_item **out);
ddb_code ddbi_load_item_in(ddbi_ask *a, ddbi_arena *arena, ddb_bytes body,
                           ddb_item **out);

/* ---- Reading requests (local_read.c) ------------------------------------ */

/* The body into a->in, with SerializationException for what is of a wrong
 * type, and then the constraints of the action's members ("1 validation
 * error detected: ..."). */
struct ddbi_action;
ddb_code ddbi_read_request(ddbi_ask *a, const struct ddbi_action *action,
                           ddb_bytes body);

/* ---- Actions ------------------------------------------------------------ */

typedef ddb_code ddbi_handler(ddbi_ask *a);

typedef struct ddbi_action {
    const char *name;
    ddbi_handler *check;  /* what can be refused without looking at data,
                             before any transaction; NULL: nothing */
    ddbi_handler *answer; /* in a transaction */
    int write;            /* of which kind */
    const struct ddbi_member *members;
} ddbi_action;

/* NULL: the service has no such action, or we have not (local_members.c). */
const ddbi_action *ddbi_action_find(const char *name);
/* Has the service such an action that we have not (local_lacks.c)? */
int ddbi_action_lacks(const char *name);

/* local_create.c, local_alter.c, local_alter_check.c, local_tables.c,
 * local_tags.c, local_ttl.c */
ddbi_handler ddbi_do_create_table_check, ddbi_do_create_table,
    ddbi_do_describe_table, ddbi_do_delete_table, ddbi_do_list_tables,
    ddbi_do_update_table_check, ddbi_do_update_table, ddbi_do_update_ttl,
    ddbi_do_describe_ttl, ddbi_do_tag_check, ddbi_do_tag, ddbi_do_untag_check,
    ddbi_do_untag, ddbi_do_list_tags_check, ddbi_do_list_tags,
    ddbi_do_describe_limits, ddbi_do_describe_endpoints;
/* local_get.c, local_put.c */
ddbi_handler ddbi_do_get_check, ddbi_do_get, ddbi_do_put_check, ddbi_do_put,
    ddbi_do_delete_check, ddbi_do_delete, ddbi_do_update_check, ddbi_do_update;
/* local_query.c, local_scan.c */
ddbi_handler ddbi_do_query_check, ddbi_do_query, ddbi_do_scan_check,
    ddbi_do_scan;
/* local_batch_get.c, local_batch_write.c, local_transact.c,
 * local_transact_get.c */
ddbi_handler ddbi_do_batch_get_check, ddbi_do_batch_get,
    ddbi_do_batch_write_check, ddbi_do_batch_write, ddbi_do_transact_get_check,
    ddbi_do_transact_get, ddbi_do_transact_write_check, ddbi_do_transact_write;

#endif
