/* SPDX-License-Identifier: MIT */
/* GetItem, PutItem, DeleteItem, UpdateItem over a scripted transport. */
#include "asked.h"
#include "tests.h"

#include <stdio.h>
#include <string.h>

#define KEY "{'id':{'S':'a'}}"

static ddb_item *key;

static void setup(void)
{
    asked_setup();
    key = item(KEY);
}

static void teardown(void)
{
    ddb_item_free(key);
    asked_teardown();
}

/* ---- GetItem ------------------------------------------------------------ */

START_TEST(gets_an_item)
{
    ddb_item *it = NULL;

    answer("{'Item':{'id':{'S':'a'},'n':{'N':'1'}}}");
    ck_assert_int_eq(
        ddb_get_item(client, &(ddb_get_item_in){.table = "users", .key = key},
                     &it, &err),
        DDB_OK);
    ck_assert_int_eq(err.code, DDB_OK);
    asked(0, "GetItem", "{'TableName':'users','Key':" KEY "}");
    is_item(it, "{'id':{'S':'a'},'n':{'N':'1'}}");
    ddb_item_free(it);
}
END_TEST

START_TEST(gets_with_all_options)
{
    static const ddb_name names[] = {{"#v", "value"}, {0}};
    ddb_capacity used = {.units = 1};
    ddb_item *it = NULL;

    answer("{'ConsumedCapacity':{'TableName':'users','CapacityUnits':0.5},"
           "'Item':{'value':{'S':'x'}},'News':[{'a':[1,2]}]}");
    ck_assert_int_eq(ddb_get_item(client,
                                  &(ddb_get_item_in){.table = "users",
                                                     .key = key,
                                                     .consistent_read = 1,
                                                     .projection = "#v",
                                                     .names = names,
                                                     .consumed = &used},
                                  &it, &err),
                     DDB_OK);
    asked(0, "GetItem",
          "{'TableName':'users','Key':" KEY ",'ConsistentRead':true,"
          "'ProjectionExpression':'#v',"
          "'ExpressionAttributeNames':{'#v':'value'},"
          "'ReturnConsumedCapacity':'INDEXES'}");
    ck_assert_double_eq(used.units, 1.5);
    is_item(it, "{'value':{'S':'x'}}");
    ddb_item_free(it);
}
END_TEST

START_TEST(tells_that_there_is_no_item)
{
    ddb_item *it = key;

    answer("{}");
    ck_assert_int_eq(
        ddb_get_item(client, &(ddb_get_item_in){.table = "users", .key = key},
                     &it, &err),
        DDB_NOT_FOUND);
    ck_assert_int_eq(err.code, DDB_NOT_FOUND);
    ck_assert_ptr_null(it);
    answer("{'Item':null}");
    ck_assert_int_eq(
        ddb_get_item(client, &(ddb_get_item_in){.table = "users", .key = key},
                     &it, NULL),
        DDB_NOT_FOUND);
}
END_TEST

START_TEST(an_empty_item_is_an_item)
{
    ddb_item *it = NULL;

    /* A projection that none of its attributes fits. */
    answer("{'Item':{}}");
    ck_assert_int_eq(ddb_get_item(client,
                                  &(ddb_get_item_in){.table = "users",
                                                     .key = key,
                                                     .projection = "nothing"},
                                  &it, &err),
                     DDB_OK);
    ck_assert_uint_eq(ddb_item_count(it), 0);
    ddb_item_free(it);
}
END_TEST

START_TEST(repeats_a_read)
{
    ddb_item *it = NULL;

    fake_failure(fk, DDB_NETWORK);
    answer("{'Item':" KEY "}");
    ck_assert_int_eq(
        ddb_get_item(client, &(ddb_get_item_in){.table = "users", .key = key},
                     &it, &err),
        DDB_OK);
    ck_assert_uint_eq(fake_count(fk), 2);
    ck_assert_int_eq(err.maybe_applied, 0);
    ddb_item_free(it);
}
END_TEST

static const char *const garbled[] = {
    "{'Item':5}",
    "{'Item':{'id':{'S':'a'}}",
    "[]",
    "{'Item':{'id':{'X':'a'}}}",
    "{'Item':{'id':{'S':'a','N':'1'}}}",
    "{'Item':{'id':{'S':5}}}",
    "{}{}",
    "{'ConsumedCapacity':7}",
};

START_TEST(refuses_a_garbled_answer)
{
    ddb_item *it = NULL;

    /* Four times: whether it is sent again is the client's affair. */
    for (int i = 0; i < 4; i++)
        answer(garbled[_i]);
    ck_assert_int_eq(
        ddb_get_item(client, &(ddb_get_item_in){.table = "users", .key = key},
                     &it, &err),
        DDB_BAD_ANSWER);
    ck_assert_int_eq(err.code, DDB_BAD_ANSWER);
    ck_assert_ptr_null(it);
}
END_TEST

START_TEST(get_refuses_what_does_not_fit)
{
    static const ddb_name names[] = {{"#v", "value"}, {0}};
    ddb_item *it = NULL;

    REFUSED(ddb_get_item(client, &(ddb_get_item_in){.key = key}, &it, &err),
            "able");
    REFUSED(
        ddb_get_item(client, &(ddb_get_item_in){.table = "users"}, &it, &err),
        "ey");
    REFUSED(ddb_get_item(client,
                         &(ddb_get_item_in){
                             .table = "users", .key = key, .names = names},
                         &it, &err),
            "names");
    REFUSED(ddb_get_item(client,
                         &(ddb_get_item_in){
                             .table = "users", .key = key, .projection = ""},
                         &it, &err),
            "ProjectionExpression");
    REFUSED(ddb_get_item(client,
                         &(ddb_get_item_in){
                             .table = "users", .key = key, .timeout_ms = -1},
                         &it, &err),
            "timeout_ms");
    REFUSED(ddb_get_item(client,
                         &(ddb_get_item_in){.table = "no spaces", .key = key},
                         &it, &err),
            "able");
}
END_TEST

/* ---- Writes ------------------------------------------------------------- */

START_TEST(puts_an_item)
{
    answer("{}");
    ck_assert_int_eq(
        ddb_put_item(client, &(ddb_put_item_in){.table = "users", .item = key},
                     NULL, &err),
        DDB_OK);
    asked(0, "PutItem", "{'TableName':'users','Item':" KEY "}");
    ck_assert_int_eq(err.maybe_applied, 0);
}
END_TEST

START_TEST(puts_with_all_options)
{
    static const ddb_name names[] = {{"#v", "version"}, {0}};
    ddb_item *values = item("{':v':{'N':'3'}}");
    ddb_capacity used = {0};
    ddb_item *old = NULL;

    answer("{'Attributes':{'id':{'S':'a'},'version':{'N':'2'}},"
           "'ConsumedCapacity':{'CapacityUnits':2}}");
    ck_assert_int_eq(
        ddb_put_item(client,
                     &(ddb_put_item_in){.table = "users",
                                        .item = key,
                                        .condition = "#v < :v",
                                        .names = names,
                                        .values = values,
                                        .return_values = DDB_RETURN_ALL_OLD,
                                        .return_blocking = 1,
                                        .consumed = &used},
                     &old, &err),
        DDB_OK);
    asked(0, "PutItem",
          "{'TableName':'users','Item':" KEY ","
          "'ConditionExpression':'#v < :v',"
          "'ExpressionAttributeNames':{'#v':'version'},"
          "'ExpressionAttributeValues':{':v':{'N':'3'}},"
          "'ReturnValues':'ALL_OLD',"
          "'ReturnValuesOnConditionCheckFailure':'ALL_OLD',"
          "'ReturnConsumedCapacity':'INDEXES'}");
    ck_assert_double_eq(used.units, 2);
    is_item(old, "{'id':{'S':'a'},'version':{'N':'2'}}");
    ddb_item_free(old);
    ddb_item_free(values);
}
END_TEST

START_TEST(deletes_with_all_options)
{
    ddb_item *values = item("{':v':{'N':'3'}}");
    ddb_item *old = key;

    answer("{}");
    ck_assert_int_eq(ddb_delete_item(client,
                                     &(ddb_delete_item_in){
                                         .table = "users",
                                         .key = key,
                                         .condition = "v < :v",
                                         .values = values,
                                         .return_values = DDB_RETURN_ALL_OLD,
                                         .return_blocking = 1},
                                     &old, &err),
                     DDB_OK);
    asked(0, "DeleteItem",
          "{'TableName':'users','Key':" KEY ",'ConditionExpression':'v < :v',"
          "'ExpressionAttributeValues':{':v':{'N':'3'}},"
          "'ReturnValues':'ALL_OLD',"
          "'ReturnValuesOnConditionCheckFailure':'ALL_OLD'}");
    ck_assert_ptr_null(old); /* there was none */
    ddb_item_free(values);
}
END_TEST

static const struct {
    ddb_return which;
    const char *text;
} returns[] = {
    {DDB_RETURN_ALL_OLD, "ALL_OLD"},
    {DDB_RETURN_UPDATED_OLD, "UPDATED_OLD"},
    {DDB_RETURN_ALL_NEW, "ALL_NEW"},
    {DDB_RETURN_UPDATED_NEW, "UPDATED_NEW"},
};

START_TEST(updates_and_returns)
{
    static const ddb_name names[] = {{"#c", "count"}, {0}};
    ddb_item *values = item("{':one':{'N':'1'}}");
    ddb_item *out = NULL;
    char body[512];

    answer("{'Attributes':{'count':{'N':'7'}}}");
    ck_assert_int_eq(ddb_update_item(client,
                                     &(ddb_update_item_in){
                                         .table = "users",
                                         .key = key,
                                         .update = "ADD #c :one",
                                         .names = names,
                                         .values = values,
                                         .return_values = returns[_i].which},
                                     &out, &err),
                     DDB_OK);
    snprintf(body, sizeof body,
             "{'TableName':'users','Key':" KEY
             ",'UpdateExpression':'ADD #c :one',"
             "'ExpressionAttributeNames':{'#c':'count'},"
             "'ExpressionAttributeValues':{':one':{'N':'1'}},"
             "'ReturnValues':'%s'}",
             returns[_i].text);
    asked(0, "UpdateItem", body);
    is_item(out, "{'count':{'N':'7'}}");
    ddb_item_free(out);
    ddb_item_free(values);
}
END_TEST

START_TEST(updates_nothing_but_the_key)
{
    answer("{}");
    ck_assert_int_eq(
        ddb_update_item(client,
                        &(ddb_update_item_in){.table = "users", .key = key},
                        NULL, &err),
        DDB_OK);
    asked(0, "UpdateItem", "{'TableName':'users','Key':" KEY "}");
}
END_TEST

/* ---- Conditions that fail ----------------------------------------------- */

#define FAILED                                                                 \
    "{'__type':'com.amazonaws.dynamodb.v20120810#"                             \
    "ConditionalCheckFailedException',"                                        \
    "'message':'The conditional request failed'"

static ddb_code put_if_absent(ddb_client *c, int return_blocking,
                              ddb_item **out)
{
    return ddb_put_item(
        c,
        &(ddb_put_item_in){.table = "users",
                           .item = key,
                           .condition = "attribute_not_exists(id)",
                           .return_blocking = return_blocking},
        out, &err);
}

START_TEST(gives_the_blocking_item)
{
    ddb_item *it = NULL;

    fake_add(fk, &(fake_step){.status = 400,
                              .body = quoted(FAILED ",'Item':{'id':{'S':'a'},"
                                                    "'by':{'S':'other'}}}")});
    ck_assert_int_eq(put_if_absent(client, 1, &it), DDB_CONDITION_FAILED);
    ck_assert_int_eq(err.code, DDB_CONDITION_FAILED);
    ck_assert_str_eq(err.type, "ConditionalCheckFailedException");
    ck_assert_int_eq(err.http_status, 400);
    is_item(it, "{'id':{'S':'a'},'by':{'S':'other'}}");
    ddb_item_free(it);
}
END_TEST

START_TEST(gives_none_when_there_is_none)
{
    ddb_item *it = key;

    fake_add(fk, &(fake_step){.status = 400, .body = quoted(FAILED "}")});
    ck_assert_int_eq(put_if_absent(client, 1, &it), DDB_CONDITION_FAILED);
    ck_assert_ptr_null(it);
}
END_TEST

START_TEST(gives_none_unasked)
{
    ddb_item *it = key;

    fake_add(fk, &(fake_step){.status = 400,
                              .body = quoted(FAILED ",'Item':" KEY "}")});
    ck_assert_int_eq(put_if_absent(client, 0, &it), DDB_CONDITION_FAILED);
    ck_assert_ptr_null(it);
}
END_TEST

START_TEST(a_garbled_blocking_item_is_no_absent_one)
{
    ddb_item *it = key;

    fake_add(fk, &(fake_step){.status = 400,
                              .body = quoted(FAILED ",'Item':{'id':7}}")});
    ck_assert_int_eq(put_if_absent(client, 1, &it), DDB_BAD_ANSWER);
    ck_assert_int_eq(err.code, DDB_BAD_ANSWER);
    ck_assert_ptr_null(it);
}
END_TEST

/* ---- Lost answers ------------------------------------------------------- */

static ddb_code put_plain(void)
{
    return ddb_put_item(
        client, &(ddb_put_item_in){.table = "users", .item = key}, NULL, &err);
}

static ddb_code put_conditional(void)
{
    return put_if_absent(client, 0, NULL);
}

static ddb_code put_repeatable(void)
{
    return ddb_put_item(
        client,
        &(ddb_put_item_in){.table = "users",
                           .item = key,
                           .condition = "attribute_not_exists(id)",
                           .repeatable = 1},
        NULL, &err);
}

static ddb_code delete_plain(void)
{
    return ddb_delete_item(client,
                           &(ddb_delete_item_in){.table = "users", .key = key},
                           NULL, &err);
}

static ddb_code delete_conditional(void)
{
    return ddb_delete_item(
        client,
        &(ddb_delete_item_in){
            .table = "users", .key = key, .condition = "attribute_exists(id)"},
        NULL, &err);
}

static ddb_code update_plain(void)
{
    return ddb_update_item(client,
                           &(ddb_update_item_in){.table = "users",
                                                 .key = key,
                                                 .update = "REMOVE x"},
                           NULL, &err);
}

static ddb_code update_repeatable(void)
{
    return ddb_update_item(client,
                           &(ddb_update_item_in){.table = "users",
                                                 .key = key,
                                                 .update = "REMOVE x",
                                                 .repeatable = 1},
                           NULL, &err);
}

static const struct {
    const char *name;
    ddb_code (*write)(void);
    int repeated;
} writes[] = {
    {"put", put_plain, 1},
    {"conditional put", put_conditional, 0},
    {"conditional put, repeatable", put_repeatable, 1},
    {"delete", delete_plain, 1},
    {"conditional delete", delete_conditional, 0},
    {"update", update_plain, 0},
    {"update, repeatable", update_repeatable, 1},
};

START_TEST(repeats_what_may_be_repeated)
{
    ddb_code code;

    fake_failure(fk, DDB_NETWORK);
    answer("{}");
    code = writes[_i].write();
    ck_assert_msg(code == (writes[_i].repeated ? DDB_OK : DDB_AMBIGUOUS),
                  "%s: %s", writes[_i].name, ddb_code_name(code));
    ck_assert_int_eq(err.code, code);
    ck_assert_uint_eq(fake_count(fk), writes[_i].repeated ? 2 : 1);
    /* Which of the two attempts did it nobody knows. */
    ck_assert_int_eq(err.maybe_applied, 1);
}
END_TEST

START_TEST(repeats_what_was_not_applied)
{
    fake_error(fk, 400, "ProvisionedThroughputExceededException", "slow down");
    answer("{}");
    ck_assert_int_eq(writes[_i].write(), DDB_OK);
    ck_assert_uint_eq(fake_count(fk), 2);
    ck_assert_int_eq(err.maybe_applied, 0);
}
END_TEST

START_TEST(a_write_without_readable_answer_was_applied)
{
    ddb_item *old = NULL;
    ddb_code code;

    for (int i = 0; i < 4; i++)
        answer("{'Attributes':[]}");
    code = ddb_put_item(client,
                        &(ddb_put_item_in){.table = "users",
                                           .item = key,
                                           .return_values = DDB_RETURN_ALL_OLD},
                        &old, &err);
    ck_assert_int_eq(code, DDB_BAD_ANSWER);
    ck_assert_int_eq(err.maybe_applied, 1);
    ck_assert_ptr_null(old);
}
END_TEST

/* ---- Refusals ----------------------------------------------------------- */

START_TEST(writes_refuse_what_does_not_fit)
{
    static const ddb_name names[] = {{"#v", "value"}, {0}};
    ddb_item *values = item("{':v':{'N':'3'}}");
    ddb_item *out = NULL;

    REFUSED(
        ddb_put_item(client, &(ddb_put_item_in){.table = "users"}, NULL, &err),
        "Item");
    REFUSED(ddb_put_item(client,
                         &(ddb_put_item_in){
                             .table = "users", .item = key, .values = values},
                         NULL, &err),
            "values");
    REFUSED(ddb_put_item(client,
                         &(ddb_put_item_in){
                             .table = "users", .item = key, .names = names},
                         NULL, &err),
            "names");
    REFUSED(
        ddb_put_item(client,
                     &(ddb_put_item_in){.table = "users",
                                        .item = key,
                                        .return_values = DDB_RETURN_ALL_NEW},
                     &out, &err),
        "PutItem");
    REFUSED(
        ddb_put_item(client,
                     &(ddb_put_item_in){.table = "users",
                                        .item = key,
                                        .return_values = DDB_RETURN_ALL_OLD},
                     NULL, &err),
        "out is NULL");
    REFUSED(
        ddb_delete_item(client,
                        &(ddb_delete_item_in){.table = "users",
                                              .key = key,
                                              .return_values = (ddb_return)99},
                        &out, &err),
        "DeleteItem");
    REFUSED(ddb_delete_item(client,
                            &(ddb_delete_item_in){.table = "users",
                                                  .key = key,
                                                  .return_blocking = 1},
                            &out, &err),
            "condition");
    REFUSED(ddb_delete_item(client, &(ddb_delete_item_in){.table = "users"},
                            NULL, &err),
            "ey");
    REFUSED(ddb_update_item(client,
                            &(ddb_update_item_in){
                                .table = "users", .key = key, .update = ""},
                            NULL, &err),
            "UpdateExpression");
    REFUSED(ddb_update_item(client,
                            &(ddb_update_item_in){.table = "users",
                                                  .key = key,
                                                  .update = "REMOVE x",
                                                  .timeout_ms = -5},
                            NULL, &err),
            "timeout_ms");
    ddb_item_free(values);
}
END_TEST

START_TEST(a_failed_item_fails_the_call)
{
    ddb_item *bad = ddb_item_new();

    ddb_item_set_n(bad, "n", "1x");
    ck_assert_int_eq(
        ddb_put_item(client, &(ddb_put_item_in){.table = "users", .item = bad},
                     NULL, &err),
        DDB_INVALID);
    ck_assert_uint_eq(fake_count(fk), 0);
    ddb_item_free(bad);
}
END_TEST

START_TEST(an_item_of_more_than_400_kb_is_not_sent)
{
    static char text[400 * 1024];
    ddb_item *big = ddb_item_new();

    memset(text, 'x', sizeof text);
    ddb_item_set_sn(big, "id", text, sizeof text);
    ck_assert_int_eq(
        ddb_put_item(client, &(ddb_put_item_in){.table = "users", .item = big},
                     NULL, &err),
        DDB_TOO_LARGE);
    ck_assert_uint_eq(fake_count(fk), 0);
    ddb_item_free(big);
}
END_TEST

/* ---- Out of memory ------------------------------------------------------ */

static void play_item(void)
{
    answer("{'Item':{'id':{'S':'a'},'l':{'L':[{'N':'1'},{'SS':['a','b']}]}}}");
}

static ddb_code get(ddb_client *c)
{
    ddb_item *it = NULL;
    ddb_code code = ddb_get_item(
        c, &(ddb_get_item_in){.table = "users", .key = key}, &it, NULL);

    ck_assert((it != NULL) == (code == DDB_OK));
    ddb_item_free(it);
    return code;
}

START_TEST(get_survives_nomem)
{
    survives_nomem(play_item, get);
}
END_TEST

static void play_attributes(void)
{
    answer("{'Attributes':{'id':{'S':'a'},'m':{'M':{'x':{'B':'AAE='}}}}}");
}

static ddb_code put(ddb_client *c)
{
    ddb_item *it = NULL;
    ddb_code code = ddb_put_item(
        c,
        &(ddb_put_item_in){
            .table = "users", .item = key, .return_values = DDB_RETURN_ALL_OLD},
        &it, NULL);

    ck_assert((it != NULL) == (code == DDB_OK));
    ddb_item_free(it);
    return code;
}

static ddb_code update(ddb_client *c)
{
    ddb_item *it = NULL;
    ddb_code code = ddb_update_item(
        c,
        &(ddb_update_item_in){.table = "users",
                              .key = key,
                              .update = "REMOVE x",
                              .return_values = DDB_RETURN_ALL_NEW},
        &it, NULL);

    ck_assert((it != NULL) == (code == DDB_OK));
    ddb_item_free(it);
    return code;
}

START_TEST(writes_survive_nomem)
{
    survives_nomem(play_attributes, put);
    survives_nomem(play_attributes, update);
}
END_TEST

static void play_blocking(void)
{
    fake_add(fk, &(fake_step){.status = 400,
                              .body = quoted(FAILED ",'Item':" KEY "}")});
}

/* As a success, for the loop. */
static ddb_code blocked(ddb_client *c)
{
    ddb_item *it = NULL;
    ddb_code code = put_if_absent(c, 1, &it);

    ck_assert((it != NULL) == (code == DDB_CONDITION_FAILED));
    ddb_item_free(it);
    return code == DDB_CONDITION_FAILED ? DDB_OK : code;
}

START_TEST(a_blocked_write_survives_nomem)
{
    survives_nomem(play_blocking, blocked);
}
END_TEST

Suite *suite_op_item(void)
{
    Suite *s = suite_create("op_item");
    TCase *t = tcase_create("get");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, gets_an_item);
    tcase_add_test(t, gets_with_all_options);
    tcase_add_test(t, tells_that_there_is_no_item);
    tcase_add_test(t, an_empty_item_is_an_item);
    tcase_add_test(t, repeats_a_read);
    tcase_add_loop_test(t, refuses_a_garbled_answer, 0, ROWS(garbled));
    tcase_add_test(t, get_refuses_what_does_not_fit);
    suite_add_tcase(s, t);

    t = tcase_create("write");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, puts_an_item);
    tcase_add_test(t, puts_with_all_options);
    tcase_add_test(t, deletes_with_all_options);
    tcase_add_loop_test(t, updates_and_returns, 0, ROWS(returns));
    tcase_add_test(t, updates_nothing_but_the_key);
    tcase_add_test(t, writes_refuse_what_does_not_fit);
    tcase_add_test(t, a_failed_item_fails_the_call);
    tcase_add_test(t, an_item_of_more_than_400_kb_is_not_sent);
    suite_add_tcase(s, t);

    t = tcase_create("condition");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, gives_the_blocking_item);
    tcase_add_test(t, gives_none_when_there_is_none);
    tcase_add_test(t, gives_none_unasked);
    tcase_add_test(t, a_garbled_blocking_item_is_no_absent_one);
    suite_add_tcase(s, t);

    t = tcase_create("lost answer");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, repeats_what_may_be_repeated, 0, ROWS(writes));
    tcase_add_loop_test(t, repeats_what_was_not_applied, 0, ROWS(writes));
    tcase_add_test(t, a_write_without_readable_answer_was_applied);
    suite_add_tcase(s, t);

    t = tcase_create("memory");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, get_survives_nomem);
    tcase_add_test(t, writes_survive_nomem);
    tcase_add_test(t, a_blocked_write_survives_nomem);
    suite_add_tcase(s, t);
    return s;
}
