/* SPDX-License-Identifier: MIT */
/* Why a transaction is cancelled: a reason for each of its actions. */
#ifndef DDBI_LOCAL_TRANSACT_H
#define DDBI_LOCAL_TRANSACT_H

#include "local/local_item.h"

typedef struct {
    const char *code;  /* "None", "ConditionalCheckFailed" and so on */
    ddb_bytes message; /* p NULL: none */
    ddb_bytes item;    /* JSON; p NULL: none */
} ddbi_reason;

typedef struct {
    uint32_t n;
    int any; /* there is one that is not None */
    ddbi_reason *p;
} ddbi_reasons;

ddb_code ddbi_reasons_begin(ddbi_ask *a, uint32_t n, ddbi_reasons *out);
/* Make the refusal of action i, if code tells of one, its reason; a refusal
 * that belongs to the whole request stays. */
ddb_code ddbi_reasons_take(ddbi_ask *a, ddb_code code, uint32_t i,
                           ddbi_reasons *r);
ddb_code ddbi_reasons_throttled(ddbi_ask *a, const ddbi_throttle *why,
                                uint32_t i, ddbi_reasons *r);
/* TransactionCanceledException */
ddb_code ddbi_reasons_refuse(ddbi_ask *a, const ddbi_reasons *r);
/* Refuses when two actions are on one item. */
ddb_code ddbi_transact_once(ddbi_ask *a, const ddb_bytes *places, uint32_t n);

#endif
