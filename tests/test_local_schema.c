/* SPDX-License-Identifier: MIT */
/* Tables as the catalogue keeps them, and those that were read before. */
#include "local/local_table.h"

#include "oom.h"
#include "tests.h"

#include "base/alloc.h"
#include "base/enc.h"

#include <stdio.h>
#include <string.h>

#define UUID "01234567-89ab-4def-8123-456789abcdef"

static ddb_bytes included[] = {{"a", 1}, {"\"b\\", 3}};
static ddbi_tag_in tags[] = {{{"key", 3}, {"value", 5}}, {{"k", 1}, {"", 0}}};

static ddbi_index indexes[] = {
    {.id = 17,
     .name = {"near", 4},
     .pk = {{"k", 1}, DDB_S},
     .sk = {{"x", 1}, DDB_B},
     .local = 1,
     .projected = DDBI_KEYS_ONLY},
    {.id = 4294967295u,
     .name = {"far", 3},
     .pk = {{"x", 1}, DDB_B},
     .projected = DDBI_INCLUDE,
     .n_included = 2,
     .included = included,
     .rcu = 3,
     .wcu = 1000000000000,
     .decreases = 2,
     .decreased_ms = 1700000000001,
     .increased_ms = 1700000000002,
     .warm_read = 12000,
     .warm_write = 4000},
};

static const ddbi_table full = {
    .name = {"tab", 3},
    .uuid = UUID,
    .created_ms = 1700000000123,
    .self = {.id = 16, .pk = {{"k", 1}, DDB_S}, .sk = {{"r", 1}, DDB_N}},
    .n_indexes = 2,
    .indexes = indexes,
    .on_demand = 1,
    .on_demand_ms = 1700000000000,
    .table_class = {"STANDARD", 8},
    .class_ms = 1700000000005,
    .protected = 1,
    .ttl = {"ttl", 3},
    .ttl_id = 18,
    .n_tags = 2,
    .tags = tags,
};

static const ddbi_table plain = {
    .name = {"tab", 3},
    .uuid = UUID,
    .created_ms = 1,
    .self = {.id = 16, .pk = {{"\xc3\xa9", 2}, DDB_N}},
};

static void same_key(const ddbi_key_attribute *a, const ddbi_key_attribute *b)
{
    ck_assert(ddbi_equal(a->name, b->name));
    ck_assert_int_eq(a->type, b->type);
}

static void same_index(const ddbi_index *a, const ddbi_index *b)
{
    ck_assert_uint_eq(a->id, b->id);
    ck_assert(ddbi_equal(a->name, b->name));
    same_key(&a->pk, &b->pk);
    same_key(&a->sk, &b->sk);
    ck_assert_int_eq(a->local, b->local);
    ck_assert_int_eq(a->projected, b->projected);
    ck_assert_uint_eq(a->n_included, b->n_included);
    for (uint32_t i = 0; i < a->n_included; i++)
        ck_assert(ddbi_equal(a->included[i], b->included[i]));
    ck_assert_int_eq(a->rcu, b->rcu);
    ck_assert_int_eq(a->wcu, b->wcu);
    ck_assert_int_eq(a->decreases, b->decreases);
    ck_assert_int_eq(a->decreased_ms, b->decreased_ms);
    ck_assert_int_eq(a->increased_ms, b->increased_ms);
    ck_assert_int_eq(a->warm_read, b->warm_read);
    ck_assert_int_eq(a->warm_write, b->warm_write);
}

static void same_table(const ddbi_table *a, const ddbi_table *b)
{
    ck_assert(ddbi_equal(a->name, b->name));
    ck_assert_str_eq(a->uuid, b->uuid);
    ck_assert_int_eq(a->created_ms, b->created_ms);
    same_index(&a->self, &b->self);
    ck_assert_uint_eq(a->n_indexes, b->n_indexes);
    for (uint32_t i = 0; i < a->n_indexes; i++)
        same_index(&a->indexes[i], &b->indexes[i]);
    ck_assert_int_eq(a->on_demand, b->on_demand);
    ck_assert_int_eq(a->on_demand_ms, b->on_demand_ms);
    ck_assert(ddbi_equal(a->table_class, b->table_class));
    ck_assert_int_eq(a->class_ms, b->class_ms);
    ck_assert_int_eq(a->protected, b->protected);
    ck_assert(ddbi_equal(a->ttl, b->ttl));
    ck_assert_uint_eq(a->ttl_id, b->ttl_id);
    ck_assert_uint_eq(a->n_tags, b->n_tags);
    for (uint32_t i = 0; i < a->n_tags; i++) {
        ck_assert(ddbi_equal(a->tags[i].key, b->tags[i].key));
        ck_assert(ddbi_equal(a->tags[i].value, b->tags[i].value));
    }
}

START_TEST(reads_what_it_writes)
{
    const ddbi_table *t = _i ? &full : &plain;
    ddbi_arena arena = {0};
    ddbi_buf json = {0};
    ddbi_table got;

    ddbi_table_write(&json, t);
    ck_assert_int_eq(json.failed, DDB_OK);
    ck_assert_int_eq(
        ddbi_table_read(&arena, (ddb_bytes){json.p, json.n}, &got, NULL),
        DDB_OK);
    same_table(&got, t);
    ddbi_buf_free(&json);
    ddbi_arena_free(&arena);
}
END_TEST

#define BEGIN "{\"name\":\"t\",\"uuid\":\"" UUID "\",\"self\":"
#define SELF "{\"id\":16,\"pk\":\"k\",\"pk_type\":\"S\"}"

static const char *const damaged[] = {
    "",
    "[]",
    "{}",
    BEGIN SELF,
    BEGIN SELF "}x",
    BEGIN SELF ",\"new\":1}",
    BEGIN "{\"id\":15,\"pk\":\"k\",\"pk_type\":\"S\"}}",
    BEGIN "{\"id\":4294967296,\"pk\":\"k\",\"pk_type\":\"S\"}}",
    BEGIN "{\"id\":-16,\"pk\":\"k\",\"pk_type\":\"S\"}}",
    BEGIN "{\"id\":16,\"pk\":\"k\"}}",
    BEGIN "{\"id\":16,\"pk_type\":\"S\"}}",
    BEGIN "{\"id\":16,\"pk\":\"k\",\"pk_type\":\"BOOL\"}}",
    BEGIN "{\"id\":16,\"pk\":\"k\",\"pk_type\":\"S\",\"sk\":\"r\"}}",
    BEGIN "{\"id\":16,\"pk\":5,\"pk_type\":\"S\"}}",
    BEGIN "{\"id\":16,\"pk\":\"k\",\"pk_type\":\"S\",\"included\":[1]}}",
    BEGIN "{\"id\":16,\"pk\":\"k\",\"pk_type\":\"S\",\"included\":{}}}",
    BEGIN "{\"id\":16,\"pk\":\"k\",\"pk_type\":\"S\",\"local\":1}}",
    BEGIN "{\"id\":16,\"pk\":\"k\",\"pk_type\":\"S\",\"projected\":\"\"}}",
    BEGIN "16}",
    BEGIN SELF ",\"indexes\":[" SELF "]}",
    BEGIN SELF ",\"indexes\":[1]}",
    BEGIN SELF ",\"indexes\":1}",
    BEGIN SELF ",\"ttl\":\"t\"}",
    BEGIN SELF ",\"tags\":[\"a\"]}",
    BEGIN SELF ",\"tags\":[\"a\",",
    BEGIN SELF ",\"tags\":1}",
    "{\"name\":\"t\",\"uuid\":\"short\",\"self\":" SELF "}",
    "{\"uuid\":\"" UUID "\",\"self\":" SELF "}",
    "{\"name\":\"t\",\"self\":" SELF "}",
};

START_TEST(refuses_what_is_no_table)
{
    ddbi_arena arena = {0};
    ddb_err err = {0};
    ddbi_table got;

    ck_assert_int_eq(ddbi_table_read(&arena, ddb_str(damaged[_i]), &got, &err),
                     DDB_SYSTEM);
    ck_assert_str_eq(err.message, "the database is damaged: the description "
                                  "of a table cannot be read");
    ddbi_arena_free(&arena);
}
END_TEST

START_TEST(reads_the_least)
{
    ddbi_arena arena = {0};
    ddbi_table got;

    ck_assert_int_eq(
        ddbi_table_read(&arena, ddb_str(BEGIN SELF "}"), &got, NULL), DDB_OK);
    ddbi_arena_free(&arena);
}
END_TEST

START_TEST(survives_no_memory)
{
    for (long n = 0;; n++) {
        ddbi_arena arena = {0};
        ddb_code code = DDB_NOMEM;
        ddbi_buf json = {0};
        ddbi_table got;

        oom_begin(n);
        ddbi_table_write(&json, &full);
        if (json.failed == DDB_OK)
            code = ddbi_table_read(&arena, (ddb_bytes){json.p, json.n}, &got,
                                   NULL);
        ddbi_buf_free(&json);
        ddbi_arena_free(&arena);
        if (!oom_end()) {
            ck_assert_int_eq(code, DDB_OK);
            break;
        }
        ck_assert_int_eq(code, DDB_NOMEM);
        ck_assert_int_eq(oom_live(), 0);
    }
}
END_TEST

/* ---- Tables read before ------------------------------------------------- */

#define NAMED(name, id)                                                        \
    "{\"name\":\"" name "\",\"uuid\":\"" UUID "\",\"self\":{\"id\":" id        \
    ",\"pk\":\"k\",\"pk_type\":\"S\"}}"

static const ddbi_table *look(struct ddbi_catalogue *c, const char *name,
                              const char *json)
{
    const ddbi_table *t = NULL;

    ck_assert_int_eq(
        ddbi_catalogue_table(c, ddb_str(name), ddb_str(json), &t, NULL),
        DDB_OK);
    return t;
}

START_TEST(parses_a_table_once)
{
    struct ddbi_catalogue *c = ddbi_catalogue_new();
    const ddbi_table *t = look(c, "tab", NAMED("tab", "16"));

    ck_assert_ptr_ne(t, look(c, "bat", NAMED("bat", "17")));
    ddbi_catalogue_trim(c);
    ck_assert_ptr_eq(t, look(c, "tab", NAMED("tab", "16")));
    ddbi_catalogue_free(c);
}
END_TEST

START_TEST(notices_another_text)
{
    struct ddbi_catalogue *c = ddbi_catalogue_new();
    const ddbi_table *old = look(c, "tab", NAMED("tab", "16"));
    const ddbi_table *t = look(c, "tab", NAMED("tab", "17"));

    /* Both, until the next trim. */
    ck_assert_uint_eq(old->self.id, 16);
    ck_assert_uint_eq(t->self.id, 17);
    ddbi_catalogue_trim(c);
    ck_assert_ptr_eq(t, look(c, "tab", NAMED("tab", "17")));
    ddbi_catalogue_free(c);
}
END_TEST

START_TEST(refuses_a_table_at_anothers_place)
{
    struct ddbi_catalogue *c = ddbi_catalogue_new();
    const ddbi_table *t;
    ddb_err err = {0};

    ck_assert_int_eq(ddbi_catalogue_table(c, ddb_str("bat"),
                                          ddb_str(NAMED("tab", "16")), &t,
                                          &err),
                     DDB_SYSTEM);
    ck_assert_str_eq(err.message, "the database is damaged: a table's "
                                  "description is at another's place");
    ddbi_catalogue_free(c);
}
END_TEST

START_TEST(keeps_many_tables_and_forgets_too_many)
{
    struct ddbi_catalogue *c = ddbi_catalogue_new();
    const ddbi_table *first = NULL;

    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 2000; i++) {
            char name[16], json[256];
            const ddbi_table *t;

            snprintf(name, sizeof name, "t%d", i);
            snprintf(json, sizeof json,
                     "{\"name\":\"%s\",\"uuid\":\"" UUID "\",\"self\":" SELF
                     "}",
                     name);
            t = look(c, name, json);
            if (i == 0)
                first = t;
        }
        ck_assert(ddbi_equal_text(first->name, "t0"));
        ddbi_catalogue_trim(c);
    }
    ddbi_catalogue_free(c);
    ddbi_catalogue_free(NULL);
}
END_TEST

START_TEST(catalogue_survives_no_memory)
{
    for (long n = 0;; n++) {
        struct ddbi_catalogue *c;
        const ddbi_table *t;
        ddb_code code = DDB_NOMEM;

        oom_begin(n);
        c = ddbi_catalogue_new();
        for (int i = 0; c && i < 2; i++) {
            code = ddbi_catalogue_table(
                c, ddb_str("tab"),
                ddb_str(i ? NAMED("tab", "16") : NAMED("tab", "17")), &t, NULL);
            if (code != DDB_OK)
                break;
        }
        ddbi_catalogue_free(c);
        if (!oom_end()) {
            ck_assert_int_eq(code, DDB_OK);
            break;
        }
        ck_assert_int_eq(code, DDB_NOMEM);
        ck_assert_int_eq(oom_live(), 0);
    }
}
END_TEST

Suite *suite_local_schema(void)
{
    Suite *s = suite_create("local_schema");
    TCase *t = tcase_create("json");

    tcase_add_loop_test(t, reads_what_it_writes, 0, 2);
    tcase_add_loop_test(t, refuses_what_is_no_table, 0, ROWS(damaged));
    tcase_add_test(t, reads_the_least);
    tcase_add_test(t, survives_no_memory);
    suite_add_tcase(s, t);

    t = tcase_create("catalogue");
    tcase_add_test(t, parses_a_table_once);
    tcase_add_test(t, notices_another_text);
    tcase_add_test(t, refuses_a_table_at_anothers_place);
    tcase_add_test(t, keeps_many_tables_and_forgets_too_many);
    tcase_add_test(t, catalogue_survives_no_memory);
    suite_add_tcase(s, t);
    return s;
}
