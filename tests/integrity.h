/* SPDX-License-Identifier: MIT */
/* SQLite itself as the second pair of eyes on a file of the local engine. */
#ifndef INTEGRITY_H
#define INTEGRITY_H

#include <check.h>
#include <sqlite3.h>

/* A file that SQLite finds whole, where each large body has its one row. */
static inline void expect_integrity(const char *where)
{
    static const char *const questions[] = {
        "PRAGMA integrity_check",
        "SELECT CASE count(*) WHEN 0 THEN 'ok' ELSE 'dangling' END FROM map "
        "WHERE typeof(body) = 'integer' "
        "AND body NOT IN (SELECT id FROM large)",
        "SELECT CASE (SELECT count(*) FROM large) "
        "WHEN (SELECT count(DISTINCT body) FROM map "
        "WHERE typeof(body) = 'integer') THEN 'ok' ELSE 'orphans' END",
    };
    sqlite3 *db;

    ck_assert_int_eq(sqlite3_open(where, &db), SQLITE_OK);
    for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++) {
        sqlite3_stmt *st;

        ck_assert_msg(sqlite3_prepare_v2(db, questions[i], -1, &st, NULL) ==
                          SQLITE_OK,
                      "%s", sqlite3_errmsg(db));
        ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
        ck_assert_str_eq((const char *)sqlite3_column_text(st, 0), "ok");
        sqlite3_finalize(st);
    }
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

#endif
