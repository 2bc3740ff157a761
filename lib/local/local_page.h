/* SPDX-License-Identifier: MIT */
/*
 * What Query and Scan share: a page of the rows of a table or index.  Each of
 * the two is a list of steps, run in the service's order of checks until one
 * refuses; the last of them reads the page and writes the answer.
 */
#ifndef DDBI_LOCAL_PAGE_H
#define DDBI_LOCAL_PAGE_H

#include "local/local_item.h"

/* Bytes of rows that end a page: the row that reaches them is its last.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html */
#define DDBI_PAGE_BYTES (1 << 20)

typedef struct {
    const ddbi_op *op;
    const ddbi_table *table;
    const ddbi_index *index; /* whose rows are read; &table->self: the items */
    int secondary;           /* it is a secondary index */
    int global;              /* a global one */
    int fetch; /* of a local one, but items are read for its rows */
    int descending;
    ddb_bytes partition; /* of a Query: its key's bytes */
    ddbi_buf from, to;   /* rows from `from` on and below `to` */
} ddbi_page;

typedef ddb_code ddbi_page_step(ddbi_ask *a, ddbi_page *p);

/* The steps, until one fails. */
ddb_code ddbi_page_run(ddbi_ask *a, ddbi_page_step *const *steps, size_t n);

/* ---- Before any data is seen (local_select.c) --------------------------- */

/* Members that we have not, what Select goes with, and names and values with
 * no expression to use them: a Query's or a Scan's. */
ddb_code ddbi_page_members(ddbi_ask *a, int query);
/* All expressions; a->checked becomes the ddbi_op. */
ddb_code ddbi_page_expressions(ddbi_ask *a);

/* ---- Steps (local_select.c) --------------------------------------------- */

/* Table and index, and whether they may be read consistently. */
ddbi_page_step ddbi_page_open;
/* Whether Select and the projection can be had of the index. */
ddbi_page_step ddbi_page_select, ddbi_page_projection;
/* Key attributes that the projection, or the filter, goes into. */
ddbi_page_step ddbi_page_projection_paths, ddbi_page_filter_paths;
/* ExclusiveStartKey, if it is there: the table's key in it. */
ddbi_page_step ddbi_page_start_key;

/* Has ExclusiveStartKey as many attributes as table's and index's keys
 * together? */
int ddbi_page_start_fits(const ddbi_ask *a, const ddbi_page *p);
/* An attribute of the index's key in it: there, and as the schema says. */
ddb_code ddbi_page_start_part(ddbi_ask *a, const ddbi_key_attribute *k,
                              int sort);

/* ---- Reading (local_page.c) --------------------------------------------- */

/* Is this place among the page's rows? */
int ddbi_page_holds(const ddbi_page *p, ddb_bytes place);
/* Where the start key stands. */
ddb_code ddbi_page_start_place(ddbi_ask *a, const ddbi_page *p, ddb_bytes *out);
/* Let the rows begin behind the start key, if there is one. */
ddbi_page_step ddbi_page_resume;
/* Read them, and write the answer. */
ddbi_page_step ddbi_page_answer;

#endif
