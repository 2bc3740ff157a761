/* SPDX-License-Identifier: MIT */
#include "kvfix.h"

/* ---- Names -------------------------------------------------------------- */

static char long_name[2050];

static const struct {
    const char *table;
    const char *name_space;
    ddb_code code;
} names[] = {
    {"tab", "n", DDB_OK},
    {"tab", "app/settings", DDB_OK},
    {"tab", "\xc3\xa4 \xf0\x9f\x98\x80", DDB_OK},
    {"tab", "#", DDB_OK},
    {"tab", "a#b#c", DDB_OK},
    {"tab", "a#000", DDB_OK},
    {"tab", "a#00000", DDB_OK},
    {"tab", "a0000", DDB_OK},
    {"tab", "0000", DDB_OK},
    {"tab", "a#000x", DDB_OK},
    {"arn:aws:dynamodb:us-east-1:123456789012:table/tab", "n", DDB_OK},
    {"tab", long_name, DDB_TOO_LARGE}, /* 2049 bytes */
    {"tab", long_name + 1, DDB_OK},
    {"tab", "", DDB_INVALID},
    {"tab", NULL, DDB_INVALID},
    {NULL, "n", DDB_INVALID},
    {"t", "n", DDB_INVALID},
    {"t b", "n", DDB_INVALID},
    {"tab", "a##b", DDB_INVALID},
    {"tab", "a##", DDB_INVALID},
    {"tab", "##meta", DDB_INVALID},
    {"tab", "a#0000", DDB_INVALID},
    {"tab", "#9999", DDB_INVALID},
    {"tab", "\xff", DDB_INVALID},
};

START_TEST(checks_names_without_a_call)
{
    const ddb_kv_options opt = {.table = names[_i].table,
                                .name_space = names[_i].name_space};
    ddb_kv *other;
    ddb_code code;

    memset(long_name, 'n', sizeof long_name - 1);
    code = ddb_kv_open(c, &opt, &other, &err);
    ck_assert_msg(code == names[_i].code, "%s %s: %s",
                  names[_i].table != NULL ? names[_i].table : "none",
                  names[_i].name_space != NULL ? names[_i].name_space : "none",
                  ddb_code_name(code));
    ck_assert_int_eq(other != NULL, code == DDB_OK);
    ck_assert_int_eq(err.code, code);
    ck_assert_uint_eq(fake_count(f), 0);
    ddb_kv_close(other);
    ck_assert_int_eq(ddb_kv_open(c, &opt, &other, NULL), code);
    ddb_kv_close(other);
}
END_TEST

START_TEST(options_are_needed)
{
    ddb_kv *other;

    ck_assert_int_eq(ddb_kv_open(c, NULL, &other, &err), DDB_INVALID);
    ck_assert_ptr_null(other);
    ddb_kv_close(NULL);
}
END_TEST

START_TEST(options_are_copied)
{
    char table[] = "tab";
    char name_space[] = "other";
    const ddb_kv_options opt = {.table = table, .name_space = name_space};
    ddb_kv *other;

    ck_assert_int_eq(ddb_kv_open(c, &opt, &other, &err), DDB_OK);
    memset(table, 'x', 3);
    memset(name_space, 'x', 5);
    fake_answer(f, "{}");
    ck_assert_int_eq(ddb_kv_has(other, ddb_str("k"), &err), DDB_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(fake_request(f, 0)->body, "\"tab\""));
    ck_assert_ptr_nonnull(strstr(fake_request(f, 0)->body, "\"other\""));
    ddb_kv_close(other);
}
END_TEST

static const struct {
    int64_t read_units;
    int64_t write_units;
} units[] = {{1, 0}, {0, 1}, {-1, -1}, {-1, 5}};

START_TEST(refuses_half_a_throughput)
{
    const ddb_kv_options opt = {.table = "tab",
                                .name_space = "n",
                                .create = 1,
                                .read_units = units[_i].read_units,
                                .write_units = units[_i].write_units};
    ddb_kv *other;

    ck_assert_int_eq(ddb_kv_open(c, &opt, &other, &err), DDB_INVALID);
    ck_assert_uint_eq(fake_count(f), 0);
}
END_TEST

START_TEST(refuses_a_negative_time)
{
    const ddb_kv_options opt = {.table = "tab",
                                .name_space = "n",
                                .create = 1,
                                .create_timeout_ms = -1};
    ddb_kv *other;

    ck_assert_int_eq(ddb_kv_open(c, &opt, &other, &err), DDB_INVALID);
    ck_assert_uint_eq(fake_count(f), 0);
}
END_TEST

/* ---- Tables ------------------------------------------------------------- */

/* Answers, played in this order. */
#define TABLE(status, keys, attributes)                                        \
    "{\"Table\":{\"TableName\":\"tab\",\"TableStatus\":\"" status              \
    "\",\"KeySchema\":[" keys "],\"AttributeDefinitions\":[" attributes "]}}"
#define HASH(name) "{\"AttributeName\":\"" name "\",\"KeyType\":\"HASH\"}"
#define RANGE(name) "{\"AttributeName\":\"" name "\",\"KeyType\":\"RANGE\"}"
#define ATTR(name, type)                                                       \
    "{\"AttributeName\":\"" name "\",\"AttributeType\":\"" type "\"}"
#define OURS(status)                                                           \
    TABLE(status, HASH("namespace") "," RANGE("key"),                          \
          ATTR("namespace", "S") "," ATTR("key", "S"))
#define CREATED                                                                \
    "{\"TableDescription\":{\"TableName\":\"tab\",\"TableStatus\":"            \
    "\"CREATING\"}}"
#define TTL(status, attribute)                                                 \
    "{\"TimeToLiveDescription\":{\"TimeToLiveStatus\":\"" status               \
    "\"" attribute "}}"
#define TTL_OF(name) ",\"AttributeName\":\"" name "\""
#define SWITCHED                                                               \
    "{\"TimeToLiveSpecification\":{\"AttributeName\":\"ttl\",\"Enabled\":"     \
    "true}}"

/* What does not begin with { is an error's type. */
static void play(const char *const *answers)
{
    for (; *answers != NULL; answers++) {
        if (**answers == '{')
            fake_answer(f, *answers);
        else
            fake_error(f, 400, *answers, "so it is");
    }
}

/* The first letters of the actions: C reateTable, D escribeTable,
 * T DescribeTimeToLive, U pdateTimeToLive. */
static void actions(char *out)
{
    for (size_t i = 0; i < fake_count(f); i++) {
        const char *action = fake_request(f, i)->action;

        *out++ = strcmp(action, "DescribeTimeToLive") == 0 ? 'T' : *action;
    }
    *out = '\0';
}

#define GONE "ResourceNotFoundException"
#define IN_USE "ResourceInUseException"
#define UNKNOWN "UnknownOperationException"
#define ON TTL("ENABLED", TTL_OF("ttl"))
#define OFF TTL("DISABLED", "")

static const struct {
    const char *name;
    int create; /* else check */
    int no_ttl;
    const char *answers[10];
    const char *actions;
    ddb_code code;
    const char *says; /* the message or the warning; NULL: neither */
} tables[] = {
    {"check: ours", 0, 0, {OURS("ACTIVE")}, "D", DDB_OK, NULL},
    {"check: missing", 0, 0, {GONE}, "D", DDB_NO_TABLE, "so it is"},
    {"check: no sort key",
     0,
     0,
     {TABLE("ACTIVE", HASH("key"), ATTR("key", "S"))},
     "D",
     DDB_INVALID,
     "\"key\" (S) alone"},
    {"check: other names",
     0,
     0,
     {TABLE("ACTIVE", HASH("user") "," RANGE("at"),
            ATTR("user", "S") "," ATTR("at", "N"))},
     "D",
     DDB_INVALID,
     "\"user\" (S) and \"at\" (N)"},
    {"check: other type",
     0,
     0,
     {TABLE("ACTIVE", HASH("namespace") "," RANGE("key"),
            ATTR("namespace", "S") "," ATTR("key", "B"))},
     "D",
     DDB_INVALID,
     "\"key\" (B)"},
    {"create: all is there", 1, 0, {OURS("ACTIVE"), ON}, "DT", DDB_OK, NULL},
    {"create: TTL is being switched on",
     1,
     0,
     {OURS("ACTIVE"), TTL("ENABLING", TTL_OF("ttl"))},
     "DT",
     DDB_OK,
     NULL},
    {"create: TTL is off",
     1,
     0,
     {OURS("ACTIVE"), OFF, SWITCHED},
     "DTU",
     DDB_OK,
     NULL},
    {"create: TTL is to be left alone",
     1,
     1,
     {OURS("ACTIVE")},
     "D",
     DDB_OK,
     NULL},
    {"create: TTL of another attribute",
     1,
     0,
     {OURS("ACTIVE"), TTL("ENABLED", TTL_OF("expires"))},
     "DT",
     DDB_INVALID,
     "\"expires\""},
    {"create: TTL is just being switched off",
     1,
     0,
     {OURS("ACTIVE"), TTL("DISABLING", TTL_OF("ttl"))},
     "DT",
     DDB_OK,
     "switched off"},
    {"create: no TTL operations at all",
     1,
     0,
     {OURS("ACTIVE"), UNKNOWN},
     "DT",
     DDB_OK,
     "no TTL"},
    {"create: TTL can be described, not switched",
     1,
     0,
     {OURS("ACTIVE"), OFF, UNKNOWN},
     "DTU",
     DDB_OK,
     "no TTL"},
    {"create: somebody else has switched it on",
     1,
     0,
     {OURS("ACTIVE"), OFF, "ValidationException",
      TTL("ENABLING", TTL_OF("ttl"))},
     "DTUT",
     DDB_OK,
     NULL},
    {"create: it was switched within the hour",
     1,
     0,
     {OURS("ACTIVE"), OFF, "ValidationException", OFF},
     "DTUT",
     DDB_VALIDATION,
     "so it is"},
    {"create: it was switched, and cannot be looked at again",
     1,
     0,
     {OURS("ACTIVE"), OFF, "ValidationException", "AccessDeniedException"},
     "DTUT",
     DDB_VALIDATION,
     "so it is"},
    {"create: no right to look at the TTL",
     1,
     0,
     {OURS("ACTIVE"), "AccessDeniedException"},
     "DT",
     DDB_ACCESS_DENIED,
     "so it is"},
    {"create: no right to switch it on",
     1,
     0,
     {OURS("ACTIVE"), OFF, "AccessDeniedException"},
     "DTU",
     DDB_ACCESS_DENIED,
     "so it is"},
    {"create: missing",
     1,
     0,
     {GONE, CREATED, OURS("CREATING"), OURS("ACTIVE"), OURS("ACTIVE"), OFF,
      SWITCHED},
     "DCDDDTU",
     DDB_OK,
     NULL},
    {"create: somebody else is faster",
     1,
     0,
     {GONE, IN_USE, OURS("ACTIVE"), OURS("ACTIVE"), ON},
     "DCDDT",
     DDB_OK,
     NULL},
    {"create: somebody else is faster with other keys",
     1,
     0,
     {GONE, IN_USE, OURS("ACTIVE"),
      TABLE("ACTIVE", HASH("id"), ATTR("id", "N"))},
     "DCDD",
     DDB_INVALID,
     "\"id\" (N)"},
    {"create: being created",
     1,
     0,
     {OURS("CREATING"), OURS("CREATING"), OURS("ACTIVE"), ON},
     "DDDT",
     DDB_OK,
     NULL},
    {"create: being deleted",
     1,
     0,
     {OURS("DELETING"), OURS("DELETING"), GONE, CREATED, OURS("ACTIVE"),
      OURS("ACTIVE"), ON},
     "DDDCDDT",
     DDB_OK,
     NULL},
    {"create: other keys",
     1,
     0,
     {TABLE("ACTIVE", HASH("key"), ATTR("key", "S"))},
     "D",
     DDB_INVALID,
     "\"key\" (S) alone"},
    {"create: no right to create",
     1,
     0,
     {GONE, "AccessDeniedException"},
     "DC",
     DDB_ACCESS_DENIED,
     "so it is"},
    {"create: no right to describe",
     1,
     0,
     {"AccessDeniedException"},
     "D",
     DDB_ACCESS_DENIED,
     "so it is"},
};

START_TEST(opens_table)
{
    const ddb_kv_options opt = {.table = "tab",
                                .name_space = "n",
                                .create = tables[_i].create,
                                .check = !tables[_i].create,
                                .no_ttl = tables[_i].no_ttl};
    const char *says = tables[_i].says;
    char got[32];
    ddb_kv *other;
    ddb_code code;

    play(tables[_i].answers);
    code = ddb_kv_open(c, &opt, &other, &err);
    actions(got);
    ck_assert_msg(code == tables[_i].code, "%s: %s: %s after %s",
                  tables[_i].name, ddb_code_name(code), err.message, got);
    ck_assert_msg(strcmp(got, tables[_i].actions) == 0, "%s: %s",
                  tables[_i].name, got);
    ck_assert_int_eq(err.code, code);
    ck_assert_int_eq(other != NULL, code == DDB_OK);
    if (code != DDB_OK) {
        ck_assert_msg(strstr(err.message, says) != NULL, "%s: %s",
                      tables[_i].name, err.message);
        return;
    }
    if (says != NULL)
        ck_assert_msg(ddb_kv_warning(other) != NULL &&
                          strstr(ddb_kv_warning(other), says) != NULL,
                      "%s", tables[_i].name);
    else
        ck_assert_ptr_null(ddb_kv_warning(other));
    ddb_kv_close(other);
    /* The same for who wants no error text. */
    fake_reset(f);
    play(tables[_i].answers);
    ck_assert_int_eq(ddb_kv_open(c, &opt, &other, NULL), code);
    ddb_kv_close(other);
}
END_TEST

START_TEST(creates_on_demand_by_default)
{
    static const char *const answers[] = {
        GONE, CREATED, OURS("ACTIVE"), OURS("ACTIVE"), OFF, SWITCHED, NULL};
    const ddb_kv_options opt = {.table = "tab", .name_space = "n", .create = 1};
    ddb_kv *other;

    play(answers);
    ck_assert_int_eq(ddb_kv_open(c, &opt, &other, &err), DDB_OK);
    kvfix_request(
        1, "CreateTable",
        "{\"TableName\":\"tab\",\"KeySchema\":[" HASH("namespace") "," RANGE(
            "key") "],\"AttributeDefinitions\":[" ATTR("namespace",
                                                       "S") "," ATTR("key",
                                                                     "S") "],\"BillingMode\":\"PAY_PER_REQUEST\"}");
    kvfix_request(5, "UpdateTimeToLive",
                  "{\"TableName\":\"tab\",\"TimeToLiveSpecification\":"
                  "{\"AttributeName\":\"ttl\",\"Enabled\":true}}");
    ddb_kv_close(other);
}
END_TEST

START_TEST(creates_provisioned_on_wish)
{
    static const char *const answers[] = {GONE, CREATED, OURS("ACTIVE"),
                                          OURS("ACTIVE"), NULL};
    const ddb_kv_options opt = {.table = "tab",
                                .name_space = "n",
                                .create = 1,
                                .no_ttl = 1,
                                .read_units = 3,
                                .write_units = 4};
    ddb_kv *other;

    play(answers);
    ck_assert_int_eq(ddb_kv_open(c, &opt, &other, &err), DDB_OK);
    ck_assert_ptr_nonnull(
        strstr(fake_request(f, 1)->body, "\"BillingMode\":\"PROVISIONED\""));
    ck_assert_ptr_nonnull(strstr(fake_request(f, 1)->body,
                                 "{\"ReadCapacityUnits\":3,"
                                 "\"WriteCapacityUnits\":4}"));
    ddb_kv_close(other);
}
END_TEST

static void still_creating(void *arg, const fake_request_info *request,
                           fake_step *step)
{
    (void)arg;
    (void)request;
    step->status = 200;
    step->body = OURS("CREATING");
}

START_TEST(does_not_wait_for_ever)
{
    const ddb_kv_options opt = {.table = "tab",
                                .name_space = "n",
                                .create = 1,
                                .create_timeout_ms = 20000};
    ddb_kv *other;

    f->respond = still_creating;
    ck_assert_int_eq(ddb_kv_open(c, &opt, &other, &err), DDB_TIMEOUT);
    ck_assert_ptr_null(other);
    ck_assert_int_le(f->mono, 20000);
    ck_assert_int_ge(f->mono, 10000);
}
END_TEST

static ddb_code open_and_close(void)
{
    const ddb_kv_options opt = {.table = "tab", .name_space = "n", .create = 1};
    ddb_kv *other;
    ddb_code code = ddb_kv_open(c, &opt, &other, &err);

    ck_assert_int_eq(other != NULL, code == DDB_OK);
    ddb_kv_close(other);
    return code;
}

static void create_all(void)
{
    static const char *const answers[] = {
        GONE, CREATED, OURS("ACTIVE"), OURS("ACTIVE"), OFF, SWITCHED, NULL};

    play(answers);
}

START_TEST(survives_every_failing_allocation)
{
    KVFIX_OOM(create_all(), open_and_close());
}
END_TEST

#define COUNT(table) ((int)(sizeof table / sizeof table[0]))

Suite *suite_kv_open(void)
{
    Suite *s = suite_create("kv_open");
    TCase *tc = tcase_create("names");

    tcase_add_checked_fixture(tc, kvfix_setup, kvfix_teardown);
    tcase_add_loop_test(tc, checks_names_without_a_call, 0, COUNT(names));
    tcase_add_test(tc, options_are_needed);
    tcase_add_test(tc, options_are_copied);
    tcase_add_loop_test(tc, refuses_half_a_throughput, 0, COUNT(units));
    tcase_add_test(tc, refuses_a_negative_time);
    suite_add_tcase(s, tc);
    tc = tcase_create("table");
    tcase_add_checked_fixture(tc, kvfix_setup, kvfix_teardown);
    tcase_add_loop_test(tc, opens_table, 0, COUNT(tables));
    tcase_add_test(tc, creates_on_demand_by_default);
    tcase_add_test(tc, creates_provisioned_on_wish);
    tcase_add_test(tc, does_not_wait_for_ever);
    tcase_add_test(tc, survives_every_failing_allocation);
    suite_add_tcase(s, tc);
    return s;
}
