/* SPDX-License-Identifier: MIT */
/*
 * For suites of the typed operations: a client over a scripted transport,
 * and what it was asked, compared as JSON.  JSON is written here with single
 * quotes, which C does not need to escape: "{'k':{'S':'a'}}".
 */
#ifndef ASKED_H
#define ASKED_H

#include "fake.h"

#include <check.h>

/* Of the test that runs: checked fixtures. */
extern fake *fk;
extern ddb_client *client;
extern ddb_err err;
void asked_setup(void);
void asked_teardown(void);

/* Double quotes for single ones; lent until the eighth next call. */
const char *quoted(const char *json);
/* Append a 200 to the script. */
void answer(const char *json);
/* An item of DynamoDB JSON; ddb_item_free(). */
ddb_item *item(const char *json);
/* The i-th request was this action with this body, whatever the order of
 * its members. */
void asked(size_t i, const char *action, const char *json);
/* The item is this one, by value. */
void is_item(const ddb_item *it, const char *json);

/* Fail every allocation of an operation, one after another, alone and with
 * all that follow: each failure gives DDB_NOMEM, and nothing is leaked.  play, if not NULL, writes the
 * script anew each time; operation frees what it makes. */
void survives_nomem(void (*play)(void), ddb_code (*operation)(ddb_client *c));

/* A row of inputs that are refused before anything is sent. */
#define REFUSED(call, text)                                                    \
    do {                                                                       \
        ck_assert_int_eq(call, DDB_INVALID);                                   \
        ck_assert_int_eq(err.code, DDB_INVALID);                               \
        ck_assert_msg(strstr(err.message, text) != NULL, "%s", err.message);   \
        ck_assert_uint_eq(fake_count(fk), 0);                                  \
    } while (0)

#endif
