/* SPDX-License-Identifier: MIT */
/* What the typed operations share: a page of items, and the rules that hold
 * for expressions everywhere. */
#ifndef DDBI_OPS_H
#define DDBI_OPS_H

#include "client/client.h"
#include "wire/reply.h"
#include "wire/request.h"

/* The items of one answer, or of one batch: all in one arena, freed at
 * once. */
struct ddb_page {
    ddbi_arena arena;
    ddb_item **items; /* a slot may be NULL: a batch read found nothing */
    size_t n;
    size_t cap;
    ddb_item *last_key; /* NULL: no page follows */
    int64_t matched;
    int64_t scanned;
    unsigned char *left; /* of a batch: slots not read; NULL: none */
};

ddb_page *ddbi_page_new(void); /* NULL: no memory */
/* Empty it; memory is kept for the next answer. */
void ddbi_page_reset(ddb_page *page);
/* Bytes of memory that it holds. */
size_t ddbi_page_size(const ddb_page *page);
/* A new, empty item at the end; NULL: no memory. */
ddb_item *ddbi_page_add(ddb_page *page);

/* Refuse what no operation takes: a negative timeout; names that no
 * expression can use, values that only a condition or an update could. */
void ddbi_req_check(ddbi_req *q, int timeout_ms, const ddb_name *names,
                    int has_expression, const ddb_item *values,
                    int has_condition);

/* The end of a call that was answered, with the code that reading the answer
 * gave.  err learns which request it was when it failed, and maybe_applied:
 * an attempt of unknown fate came before, or it wrote and cannot tell what
 * came of it. */
ddb_code ddbi_done(const ddbi_job *j, int wrote, ddb_code code, ddb_err *err);

/* All members of CreateTable. */
void ddbi_req_create_table(ddbi_req *q, const ddb_create_table_in *in);
/* ddb_describe_table() with a time of its own; 0: the client's. */
ddb_code ddbi_describe_table(ddb_client *c, const char *table, int timeout_ms,
                             ddb_table_info *out, ddb_err *err);

#endif
