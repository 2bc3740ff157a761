/* SPDX-License-Identifier: MIT */
/*
 * For suites of the local engine: one in memory, asked in JSON.  JSON is
 * written here with single quotes, which C does not need to escape:
 * "{'k':{'S':'a'}}".
 */
#ifndef ENGINE_H
#define ENGINE_H

#include "local/local.h"

#include <jansson.h>

/* Of the test that runs: checked fixtures. */
extern ddbi_local *engine;
void engine_setup(void);
void engine_teardown(void);
/* A table: hash, on demand, whose key is a of S. */
void engine_make_hash(void);

/* The answer of this status: json_decref().  Any other status fails. */
json_t *engine_ask(int status, const char *action, const char *json);
/* The same with a body that is made by jansson, which is freed. */
json_t *engine_ask_tree(int status, const char *action, json_t *body);
/* It is done, whatever the answer. */
void engine_does(const char *action, const char *json);
/* The answer is this, whatever the order of its members. */
void engine_answers(const char *action, const char *json, const char *want);
/* It is refused: the type without what is before '#'. */
void engine_refuses(const char *action, const char *json, const char *type,
                    const char *message);
/* The same of a ValidationException. */
void engine_invalid(const char *action, const char *json, const char *message);

/* Fail every allocation of a request, one after another: each failure is
 * DDB_NOMEM.  What leaks is for the address sanitizer to find, as the engine
 * keeps some memory from request to request. */
void engine_survives_nomem(const char *action, const char *json);
/* All that there is: the items of each table and each index. */
json_t *engine_everything(void);
/* The same as survives_nomem, and after each failure all is as it was. */
void engine_keeps_all(const char *action, const char *json);

#endif
