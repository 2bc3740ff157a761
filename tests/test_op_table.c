/* SPDX-License-Identifier: MIT */
/* Tables and their time to live over a scripted transport. */
#include "asked.h"
#include "tests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACTIVE                                                                 \
    "{'AttributeDefinitions':[{'AttributeName':'at','AttributeType':'N'},"     \
    "{'AttributeName':'who','AttributeType':'S'},"                             \
    "{'AttributeName':'blob','AttributeType':'B'}],"                           \
    "'TableName':'logs','TableStatus':'ACTIVE',"                               \
    "'KeySchema':[{'AttributeName':'who','KeyType':'HASH'},"                   \
    "{'AttributeName':'at','KeyType':'RANGE'}],"                               \
    "'CreationDateTime':1767323045.678,"                                       \
    "'ProvisionedThroughput':{'ReadCapacityUnits':5,'WriteCapacityUnits':2,"   \
    "'NumberOfDecreasesToday':0},'TableSizeBytes':5000000000,"                 \
    "'ItemCount':123456,'TableArn':"                                           \
    "'arn:aws:dynamodb:us-east-1:123456789012:table/logs',"                    \
    "'GlobalSecondaryIndexes':[{'IndexName':'a'},{'IndexName':'b'}],"          \
    "'LocalSecondaryIndexes':[{'IndexName':'c'}],"                             \
    "'SomethingNew':{'x':[1,{'y':null}]}}"

/* ---- Create ------------------------------------------------------------- */

static const char *const included[] = {"name", "size", NULL};

static const ddb_index indexes[] = {
    {.name = "by_size",
     .local = 1,
     .sort_key = {"size", DDB_N},
     .projection = DDB_PROJECT_KEYS_ONLY},
    {.name = "by_name",
     .partition_key = {"name", DDB_S},
     .sort_key = {"at", DDB_N},
     .read_units = 7,
     .write_units = 8},
    {.name = "by_hash",
     .partition_key = {"hash", DDB_B},
     .projection = DDB_PROJECT_INCLUDE,
     .include = included},
};

static const struct {
    ddb_create_table_in in;
    const char *body;
} tables[] = {
    {{.table = "users", .partition_key = {"id", DDB_S}},
     "{'TableName':'users','AttributeDefinitions':["
     "{'AttributeName':'id','AttributeType':'S'}],"
     "'KeySchema':[{'AttributeName':'id','KeyType':'HASH'}],"
     "'BillingMode':'PAY_PER_REQUEST'}"},
    {{.table = "logs",
      .partition_key = {"who", DDB_B},
      .sort_key = {"at", DDB_N},
      .read_units = 5,
      .write_units = 2,
      .deletion_protection = 1},
     "{'TableName':'logs','AttributeDefinitions':["
     "{'AttributeName':'who','AttributeType':'B'},"
     "{'AttributeName':'at','AttributeType':'N'}],"
     "'KeySchema':[{'AttributeName':'who','KeyType':'HASH'},"
     "{'AttributeName':'at','KeyType':'RANGE'}],"
     "'BillingMode':'PROVISIONED','ProvisionedThroughput':"
     "{'ReadCapacityUnits':5,'WriteCapacityUnits':2},"
     "'DeletionProtectionEnabled':true}"},
    {{.table = "files",
      .partition_key = {"who", DDB_S},
      .sort_key = {"at", DDB_N},
      .indexes = indexes,
      .n_indexes = 3,
      .read_units = 5,
      .write_units = 2},
     "{'TableName':'files','AttributeDefinitions':["
     "{'AttributeName':'who','AttributeType':'S'},"
     "{'AttributeName':'at','AttributeType':'N'},"
     "{'AttributeName':'size','AttributeType':'N'},"
     "{'AttributeName':'name','AttributeType':'S'},"
     "{'AttributeName':'hash','AttributeType':'B'}],"
     "'KeySchema':[{'AttributeName':'who','KeyType':'HASH'},"
     "{'AttributeName':'at','KeyType':'RANGE'}],"
     "'LocalSecondaryIndexes':[{'IndexName':'by_size','KeySchema':["
     "{'AttributeName':'who','KeyType':'HASH'},"
     "{'AttributeName':'size','KeyType':'RANGE'}],"
     "'Projection':{'ProjectionType':'KEYS_ONLY'}}],"
     "'GlobalSecondaryIndexes':[{'IndexName':'by_name','KeySchema':["
     "{'AttributeName':'name','KeyType':'HASH'},"
     "{'AttributeName':'at','KeyType':'RANGE'}],"
     "'Projection':{'ProjectionType':'ALL'},'ProvisionedThroughput':"
     "{'ReadCapacityUnits':7,'WriteCapacityUnits':8}},"
     "{'IndexName':'by_hash','KeySchema':["
     "{'AttributeName':'hash','KeyType':'HASH'}],"
     "'Projection':{'ProjectionType':'INCLUDE',"
     "'NonKeyAttributes':['name','size']},'ProvisionedThroughput':"
     "{'ReadCapacityUnits':5,'WriteCapacityUnits':2}}],"
     "'BillingMode':'PROVISIONED','ProvisionedThroughput':"
     "{'ReadCapacityUnits':5,'WriteCapacityUnits':2}}"},
    {{.table = "files",
      .partition_key = {"who", DDB_S},
      .indexes = &indexes[2],
      .n_indexes = 1},
     "{'TableName':'files','AttributeDefinitions':["
     "{'AttributeName':'who','AttributeType':'S'},"
     "{'AttributeName':'hash','AttributeType':'B'}],"
     "'KeySchema':[{'AttributeName':'who','KeyType':'HASH'}],"
     "'GlobalSecondaryIndexes':[{'IndexName':'by_hash','KeySchema':["
     "{'AttributeName':'hash','KeyType':'HASH'}],"
     "'Projection':{'ProjectionType':'INCLUDE',"
     "'NonKeyAttributes':['name','size']}}],"
     "'BillingMode':'PAY_PER_REQUEST'}"},
};

START_TEST(creates_a_table)
{
    ddb_table_info info;

    answer("{'TableDescription':{'TableStatus':'CREATING'}}");
    ck_assert_int_eq(ddb_create_table(client, &tables[_i].in, &info, &err),
                     DDB_OK);
    asked(0, "CreateTable", tables[_i].body);
    ck_assert_int_eq(info.status, DDB_TABLE_CREATING);
}
END_TEST

START_TEST(tells_of_a_table_that_is_there)
{
    fake_error(fk, 400, "ResourceInUseException", "Table already exists");
    ck_assert_int_eq(ddb_create_table(client, &tables[0].in, NULL, &err),
                     DDB_IN_USE);
    ck_assert_int_eq(err.maybe_applied, 0);
}
END_TEST

START_TEST(tells_that_it_may_be_ours)
{
    fake_failure(fk, DDB_NETWORK);
    fake_error(fk, 400, "ResourceInUseException", "Table already exists");
    ck_assert_int_eq(ddb_create_table(client, &tables[0].in, NULL, &err),
                     DDB_IN_USE);
    ck_assert_int_eq(err.maybe_applied, 1);
}
END_TEST

START_TEST(waits_seconds_for_a_limit_of_tables)
{
    fake_error(fk, 400, "LimitExceededException", "too many at once");
    answer("{'TableDescription':{}}");
    fk->random_byte = 0xff;
    ck_assert_int_eq(ddb_create_table(client, &tables[0].in, NULL, &err),
                     DDB_OK);
    ck_assert_uint_eq(fk->n_waits, 1);
    ck_assert_int_ge(fk->waits[0], 1000);
}
END_TEST

#define TABLE .table = "users", .partition_key = {"id", DDB_S}

static const ddb_index bad_indexes[] = {
    {.partition_key = {"a", DDB_S}},
    {.name = "by", .local = 1},
    {.name = "by",
     .local = 1,
     .partition_key = {"a", DDB_S},
     .sort_key = {"b", DDB_S}},
    {.name = "by"},
    {.name = "by",
     .partition_key = {"a", DDB_S},
     .read_units = 1,
     .write_units = 1},
    {.name = "by",
     .partition_key = {"a", DDB_S},
     .projection = DDB_PROJECT_INCLUDE},
    {.name = "by", .partition_key = {"a", DDB_S}, .include = included},
    {.name = "by",
     .partition_key = {"a", DDB_S},
     .projection = (ddb_index_projection)7},
    {.name = "by", .partition_key = {"id", DDB_N}},
    {.name = "by", .partition_key = {"a", DDB_S}, .read_units = 3},
};

static const struct {
    const char *why;
    ddb_create_table_in in;
} bad_tables[] = {
    {"partition_key", {.table = "users"}},
    {"able", {.partition_key = {"id", DDB_S}}},
    {"users!", {.table = "users!", .partition_key = {"id", DDB_S}}},
    {"type", {.table = "users", .partition_key = {"id", DDB_M}}},
    {"type", {.table = "users", .partition_key = {"id", (ddb_type)0}}},
    {"1 to 255", {.table = "users", .partition_key = {"", DDB_S}}},
    {"two types", {TABLE, .sort_key = {"id", DDB_N}}},
    {"both", {TABLE, .read_units = 1}},
    {"both", {TABLE, .read_units = -1, .write_units = -1}},
    {"timeout_ms", {TABLE, .timeout_ms = -1}},
    {"name", {TABLE, .indexes = &bad_indexes[0], .n_indexes = 1}},
    {"sort_key", {TABLE, .indexes = &bad_indexes[1], .n_indexes = 1}},
    {"the table's", {TABLE, .indexes = &bad_indexes[2], .n_indexes = 1}},
    {"partition_key", {TABLE, .indexes = &bad_indexes[3], .n_indexes = 1}},
    {"provisioned", {TABLE, .indexes = &bad_indexes[4], .n_indexes = 1}},
    {"include", {TABLE, .indexes = &bad_indexes[5], .n_indexes = 1}},
    {"include", {TABLE, .indexes = &bad_indexes[6], .n_indexes = 1}},
    {"projection", {TABLE, .indexes = &bad_indexes[7], .n_indexes = 1}},
    {"two types", {TABLE, .indexes = &bad_indexes[8], .n_indexes = 1}},
    {"both",
     {TABLE, .read_units = 1, .write_units = 1, .indexes = &bad_indexes[9],
      .n_indexes = 1}},
};

START_TEST(refuses_what_is_no_table)
{
    REFUSED(ddb_create_table(client, &bad_tables[_i].in, NULL, &err),
            bad_tables[_i].why);
}
END_TEST

/* ---- Describe and delete ------------------------------------------------ */

START_TEST(describes_a_table)
{
    ddb_table_info info;

    answer("{'Table':" ACTIVE "}");
    ck_assert_int_eq(ddb_describe_table(client, "logs", &info, &err), DDB_OK);
    asked(0, "DescribeTable", "{'TableName':'logs'}");
    ck_assert_int_eq(info.status, DDB_TABLE_ACTIVE);
    ck_assert_str_eq(info.status_text, "ACTIVE");
    ck_assert_str_eq(info.partition_key, "who");
    ck_assert_int_eq(info.partition_type, DDB_S);
    ck_assert_str_eq(info.sort_key, "at");
    ck_assert_int_eq(info.sort_type, DDB_N);
    ck_assert_int_eq(info.on_demand, 0);
    ck_assert_int_eq(info.read_units, 5);
    ck_assert_int_eq(info.write_units, 2);
    ck_assert_int_eq(info.item_count, 123456);
    ck_assert_int_eq(info.size_bytes, INT64_C(5000000000));
    ck_assert_int_eq(info.created_at, 1767323045);
    ck_assert_int_eq(info.n_indexes, 3);
    ck_assert_str_eq(info.arn,
                     "arn:aws:dynamodb:us-east-1:123456789012:table/logs");
}
END_TEST

static const struct {
    const char *description;
    ddb_table_status status;
    const char *text;
    int on_demand;
} states[] = {
    {"{'TableStatus':'CREATING','BillingModeSummary':"
     "{'BillingMode':'PAY_PER_REQUEST','LastUpdate':1.5}}",
     DDB_TABLE_CREATING, "CREATING", 1},
    {"{'TableStatus':'UPDATING','ProvisionedThroughput':"
     "{'ReadCapacityUnits':0,'WriteCapacityUnits':0}}",
     DDB_TABLE_UPDATING, "UPDATING", 1},
    {"{'TableStatus':'DELETING','ProvisionedThroughput':"
     "{'ReadCapacityUnits':1,'WriteCapacityUnits':1}}",
     DDB_TABLE_DELETING, "DELETING", 0},
    {"{'TableStatus':'INACCESSIBLE_ENCRYPTION_CREDENTIALS',"
     "'BillingModeSummary':{'BillingMode':'PROVISIONED'}}",
     DDB_TABLE_OTHER, "INACCESSIBLE_ENCRYPTION_CREDENTIALS", 0},
};

START_TEST(tells_states_and_billing)
{
    ddb_table_info info;
    char body[512];

    snprintf(body, sizeof body, "{'Table':%s}", states[_i].description);
    answer(body);
    ck_assert_int_eq(ddb_describe_table(client, "logs", &info, &err), DDB_OK);
    ck_assert_int_eq(info.status, states[_i].status);
    ck_assert_str_eq(info.status_text, states[_i].text);
    ck_assert_int_eq(info.on_demand, states[_i].on_demand);
    ck_assert_str_eq(info.sort_key, "");
    ck_assert_int_eq(info.sort_type, 0);
}
END_TEST

static const char *const garbled[] = {
    "{}",
    "{'Table':null}",
    "{'Table':[]}",
    "{'Table':{'KeySchema':{}}}",
    "{'Table':{'KeySchema':[[]]}}",
    "{'Table':{'ItemCount':'many'}}",
    "{'Table':{'AttributeDefinitions':5}}",
    "{'Table':{'AttributeDefinitions':[5]}}",
    "{'Table':{'ProvisionedThroughput':[]}}",
    "{'Table':{'BillingModeSummary':5}}",
    "{'Table':{'GlobalSecondaryIndexes':{}}}",
    "{'Table':{'TableStatus':'ACTIVE'}",
};

START_TEST(refuses_a_garbled_description)
{
    ddb_table_info info = {.item_count = 42};

    for (int i = 0; i < 4; i++)
        answer(garbled[_i]);
    ck_assert_int_eq(ddb_describe_table(client, "logs", &info, &err),
                     DDB_BAD_ANSWER);
    ck_assert_int_eq(info.item_count, 42);
}
END_TEST

START_TEST(tells_of_no_table)
{
    fake_error(fk, 400, "ResourceNotFoundException", "not found");
    ck_assert_int_eq(ddb_describe_table(client, "logs", NULL, &err),
                     DDB_NO_TABLE);
    fake_error(fk, 400, "ResourceNotFoundException", "not found");
    ck_assert_int_eq(ddb_delete_table(client, "logs", NULL, &err),
                     DDB_NO_TABLE);
    asked(1, "DeleteTable", "{'TableName':'logs'}");
}
END_TEST

START_TEST(deletes_a_table)
{
    ddb_table_info info;

    fake_error(fk, 500, "InternalServerError", "");
    answer("{'TableDescription':{'TableStatus':'DELETING'}}");
    ck_assert_int_eq(ddb_delete_table(client, "logs", &info, &err), DDB_OK);
    ck_assert_int_eq(info.status, DDB_TABLE_DELETING);
    ck_assert_int_eq(err.maybe_applied, 1);
}
END_TEST

START_TEST(names_are_checked)
{
    ddb_ttl_info ttl;

    REFUSED(ddb_describe_table(client, NULL, NULL, &err), "able");
    REFUSED(ddb_delete_table(client, "a b c", NULL, &err), "able");
    REFUSED(ddb_wait_table_exists(client, "", 0, &err), "able");
    REFUSED(ddb_wait_table_not_exists(client, "logs", -1, &err), "timeout_ms");
    REFUSED(ddb_describe_time_to_live(client, "x", &ttl, &err), "able");
    REFUSED(ddb_update_time_to_live(client, "logs", NULL, 1, &err), "TTL");
    REFUSED(ddb_update_time_to_live(client, "logs", "", 1, &err), "TTL");
}
END_TEST

/* ---- List --------------------------------------------------------------- */

START_TEST(lists_tables)
{
    ddb_table_list *list = NULL;

    answer("{'TableNames':['a','logs','users'],"
           "'LastEvaluatedTableName':'users'}");
    ck_assert_int_eq(ddb_list_tables(client, NULL, 0, &list, &err), DDB_OK);
    asked(0, "ListTables", "{}");
    ck_assert_uint_eq(list->n, 3);
    ck_assert_str_eq(list->names[0], "a");
    ck_assert_str_eq(list->names[1], "logs");
    ck_assert_str_eq(list->names[2], "users");
    ck_assert_ptr_null(list->names[3]);
    ck_assert_str_eq(list->last_evaluated, "users");
    answer("{'TableNames':[]}");
    ddb_free(list);
    ck_assert_int_eq(ddb_list_tables(client, "users", 7, &list, &err), DDB_OK);
    asked(1, "ListTables", "{'ExclusiveStartTableName':'users','Limit':7}");
    ck_assert_uint_eq(list->n, 0);
    ck_assert_ptr_null(list->last_evaluated);
    ddb_free(list);
}
END_TEST

START_TEST(a_list_is_a_list)
{
    ddb_table_list *list = NULL;

    for (int i = 0; i < 4; i++)
        answer("{'TableNames':[5]}");
    ck_assert_int_eq(ddb_list_tables(client, NULL, 0, &list, &err),
                     DDB_BAD_ANSWER);
    ck_assert_ptr_null(list);
    fake_reset(fk);
    answer("{}");
    answer("{'TableNames':{}}");
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(ddb_list_tables(client, NULL, 0, &list, &err),
                         DDB_BAD_ANSWER);
    fake_reset(fk);
    REFUSED(ddb_list_tables(client, NULL, 101, &list, &err), "limit");
    REFUSED(ddb_list_tables(client, NULL, -1, &list, &err), "limit");
}
END_TEST

/* ---- Wait --------------------------------------------------------------- */

static void play_status(const char *status)
{
    char body[128];

    snprintf(body, sizeof body, "{'Table':{'TableStatus':'%s'}}", status);
    answer(body);
}

static void play_absent(void)
{
    fake_error(fk, 400, "ResourceNotFoundException", "not found");
}

START_TEST(waits_until_it_is_active)
{
    play_absent();
    play_status("CREATING");
    play_status("UPDATING");
    play_status("ACTIVE");
    ck_assert_int_eq(ddb_wait_table_exists(client, "logs", 0, &err), DDB_OK);
    ck_assert_int_eq(err.code, DDB_OK);
    ck_assert_str_eq(err.type, "");
    ck_assert_uint_eq(fk->n_waits, 3);
    ck_assert_int_eq(fk->waits[0], 500);
    ck_assert_int_eq(fk->waits[1], 750);
    ck_assert_int_eq(fk->waits[2], 1125);
}
END_TEST

START_TEST(waits_until_it_is_gone)
{
    play_status("ACTIVE");
    play_status("DELETING");
    play_absent();
    ck_assert_int_eq(ddb_wait_table_not_exists(client, "logs", 0, &err),
                     DDB_OK);
    ck_assert_int_eq(err.code, DDB_OK);
    ck_assert_str_eq(err.message, "");
    ck_assert_uint_eq(fk->n_waits, 2);
}
END_TEST

static void for_ever(void *arg, const fake_request_info *request,
                     fake_step *step)
{
    (void)request;
    step->status = 200;
    step->body = arg;
    step->takes = 10;
}

START_TEST(waits_five_minutes_at_most)
{
    static char body[] = "{\"Table\":{\"TableStatus\":\"CREATING\"}}";

    fk->respond = for_ever;
    fk->respond_arg = body;
    ck_assert_int_eq(ddb_wait_table_exists(client, "logs", 0, &err),
                     DDB_TIMEOUT);
    ck_assert_int_eq(err.code, DDB_TIMEOUT);
    ck_assert_msg(strstr(err.message, "CREATING") != NULL, "%s", err.message);
    ck_assert_int_le(fk->mono, 300000);
    ck_assert_int_ge(fk->mono, 294000);
    ck_assert_int_eq(fk->waits[20], 5000);
}
END_TEST

START_TEST(waits_no_longer_than_told)
{
    static char body[] = "{\"Table\":{\"TableStatus\":\"ACTIVE\"}}";

    for (int i = 0; i < 8; i++)
        play_absent();
    ck_assert_int_eq(ddb_wait_table_exists(client, "logs", 2000, &err),
                     DDB_TIMEOUT);
    ck_assert_str_eq(err.type, "");
    ck_assert_int_le(fk->mono, 2000);
    fake_reset(fk);
    fk->respond = for_ever;
    fk->respond_arg = body;
    ck_assert_int_eq(ddb_wait_table_not_exists(client, "logs", 2000, &err),
                     DDB_TIMEOUT);
}
END_TEST

/* As on a busy machine, and after a suspend. */
START_TEST(a_sleep_beyond_the_end_is_a_timeout)
{
    static char body[] = "{\"Table\":{\"TableStatus\":\"CREATING\"}}";

    fk->respond = for_ever;
    fk->respond_arg = body;
    fk->oversleeps = 100;
    ck_assert_int_eq(ddb_wait_table_exists(client, "logs", 550, &err),
                     DDB_TIMEOUT);
    ck_assert_int_eq(err.code, DDB_TIMEOUT);
    ck_assert_int_lt(fk->mono, 700);
}
END_TEST

START_TEST(a_silent_server_ends_the_wait)
{
    for (int i = 0; i < 4; i++)
        fake_add(fk, &(fake_step){.silent = 1});
    ck_assert_int_eq(ddb_wait_table_exists(client, "logs", 3000, &err),
                     DDB_TIMEOUT);
    ck_assert_int_le(fk->mono, 3000);
}
END_TEST

START_TEST(a_refusal_ends_the_wait)
{
    fake_error(fk, 400, "AccessDeniedException", "no");
    ck_assert_int_eq(ddb_wait_table_exists(client, "logs", 0, &err),
                     DDB_ACCESS_DENIED);
    ck_assert_uint_eq(fk->n_waits, 0);
}
END_TEST

/* ---- Time to live ------------------------------------------------------- */

START_TEST(switches_time_to_live)
{
    answer("{'TimeToLiveSpecification':{'AttributeName':'ttl',"
           "'Enabled':true}}");
    ck_assert_int_eq(ddb_update_time_to_live(client, "logs", "ttl", 1, &err),
                     DDB_OK);
    asked(0, "UpdateTimeToLive",
          "{'TableName':'logs','TimeToLiveSpecification':"
          "{'AttributeName':'ttl','Enabled':true}}");
    answer("{}");
    ck_assert_int_eq(ddb_update_time_to_live(client, "logs", "ttl", 0, &err),
                     DDB_OK);
    asked(1, "UpdateTimeToLive",
          "{'TableName':'logs','TimeToLiveSpecification':"
          "{'AttributeName':'ttl','Enabled':false}}");
}
END_TEST

START_TEST(a_server_without_time_to_live_says_so)
{
    fake_error(fk, 400, "UnknownOperationException", "");
    ck_assert_int_eq(ddb_update_time_to_live(client, "logs", "ttl", 1, &err),
                     DDB_VALIDATION);
    ck_assert_str_eq(err.type, "UnknownOperationException");
}
END_TEST

static const struct {
    const char *text;
    ddb_ttl_status status;
    const char *attribute;
} ttls[] = {
    {"{'TimeToLiveStatus':'DISABLED'}", DDB_TTL_DISABLED, ""},
    {"{'TimeToLiveStatus':'ENABLING','AttributeName':'ttl'}", DDB_TTL_ENABLING,
     "ttl"},
    {"{'AttributeName':'expires','TimeToLiveStatus':'ENABLED'}",
     DDB_TTL_ENABLED, "expires"},
    {"{'TimeToLiveStatus':'DISABLING','AttributeName':'ttl'}",
     DDB_TTL_DISABLING, "ttl"},
};

START_TEST(describes_time_to_live)
{
    ddb_ttl_info info;
    char body[256];

    snprintf(body, sizeof body, "{'TimeToLiveDescription':%s}", ttls[_i].text);
    answer(body);
    ck_assert_int_eq(ddb_describe_time_to_live(client, "logs", &info, &err),
                     DDB_OK);
    asked(0, "DescribeTimeToLive", "{'TableName':'logs'}");
    ck_assert_int_eq(info.status, ttls[_i].status);
    ck_assert_str_eq(info.attribute, ttls[_i].attribute);
}
END_TEST

static const char *const bad_ttls[] = {
    "{}",
    "{'TimeToLiveDescription':{}}",
    "{'TimeToLiveDescription':{'TimeToLiveStatus':'SLEEPING'}}",
    "{'TimeToLiveDescription':[]}",
};

START_TEST(refuses_garbled_time_to_live)
{
    ddb_ttl_info info;

    for (int i = 0; i < 4; i++)
        answer(bad_ttls[_i]);
    ck_assert_int_eq(ddb_describe_time_to_live(client, "logs", &info, &err),
                     DDB_BAD_ANSWER);
}
END_TEST

/* ---- Out of memory ------------------------------------------------------ */

static void play_table(void)
{
    answer("{'Table':" ACTIVE "}");
}

static void play_list(void)
{
    answer("{'TableNames':['a','b','c'],'LastEvaluatedTableName':'c'}");
}

static void play_ttl(void)
{
    answer("{'TimeToLiveDescription':{'TimeToLiveStatus':'DISABLED'}}");
}

static void play_wait(void)
{
    play_absent();
    play_status("ACTIVE");
}

static void play_waited(void)
{
    play_status("DELETING");
    play_absent();
}

static ddb_code create(ddb_client *c)
{
    ddb_table_info info;

    return ddb_create_table(c, &tables[2].in, &info, NULL);
}

static ddb_code describe(ddb_client *c)
{
    return ddb_describe_table(c, "logs", NULL, NULL);
}

static ddb_code delete_it(ddb_client *c)
{
    return ddb_delete_table(c, "logs", NULL, NULL);
}

static ddb_code list(ddb_client *c)
{
    ddb_table_list *out = NULL;
    ddb_code code = ddb_list_tables(c, NULL, 0, &out, NULL);

    ck_assert((out != NULL) == (code == DDB_OK));
    ddb_free(out);
    return code;
}

static ddb_code wait_for_it(ddb_client *c)
{
    return ddb_wait_table_exists(c, "logs", 0, NULL);
}

static ddb_code wait_for_its_end(ddb_client *c)
{
    return ddb_wait_table_not_exists(c, "logs", 0, NULL);
}

static ddb_code switch_ttl(ddb_client *c)
{
    return ddb_update_time_to_live(c, "logs", "ttl", 1, NULL);
}

static ddb_code describe_ttl(ddb_client *c)
{
    ddb_ttl_info info;

    return ddb_describe_time_to_live(c, "logs", &info, NULL);
}

static const struct {
    void (*play)(void);
    ddb_code (*operation)(ddb_client *c);
} operations[] = {
    {play_table, create},     {play_table, describe},
    {play_table, delete_it},  {play_list, list},
    {play_wait, wait_for_it}, {play_waited, wait_for_its_end},
    {play_ttl, switch_ttl},   {play_ttl, describe_ttl},
};

START_TEST(survive_nomem)
{
    survives_nomem(operations[_i].play, operations[_i].operation);
}
END_TEST

Suite *suite_op_table(void)
{
    Suite *s = suite_create("op_table");
    TCase *t = tcase_create("create");

    tcase_add_checked_fixture(t, asked_setup, asked_teardown);
    tcase_add_loop_test(t, creates_a_table, 0, ROWS(tables));
    tcase_add_test(t, tells_of_a_table_that_is_there);
    tcase_add_test(t, tells_that_it_may_be_ours);
    tcase_add_test(t, waits_seconds_for_a_limit_of_tables);
    tcase_add_loop_test(t, refuses_what_is_no_table, 0, ROWS(bad_tables));
    suite_add_tcase(s, t);

    t = tcase_create("describe");
    tcase_add_checked_fixture(t, asked_setup, asked_teardown);
    tcase_add_test(t, describes_a_table);
    tcase_add_loop_test(t, tells_states_and_billing, 0, ROWS(states));
    tcase_add_loop_test(t, refuses_a_garbled_description, 0, ROWS(garbled));
    tcase_add_test(t, tells_of_no_table);
    tcase_add_test(t, deletes_a_table);
    tcase_add_test(t, names_are_checked);
    tcase_add_test(t, lists_tables);
    tcase_add_test(t, a_list_is_a_list);
    suite_add_tcase(s, t);

    t = tcase_create("wait");
    tcase_add_checked_fixture(t, asked_setup, asked_teardown);
    tcase_add_test(t, waits_until_it_is_active);
    tcase_add_test(t, waits_until_it_is_gone);
    tcase_add_test(t, waits_five_minutes_at_most);
    tcase_add_test(t, waits_no_longer_than_told);
    tcase_add_test(t, a_sleep_beyond_the_end_is_a_timeout);
    tcase_add_test(t, a_silent_server_ends_the_wait);
    tcase_add_test(t, a_refusal_ends_the_wait);
    suite_add_tcase(s, t);

    t = tcase_create("time to live");
    tcase_add_checked_fixture(t, asked_setup, asked_teardown);
    tcase_add_test(t, switches_time_to_live);
    tcase_add_test(t, a_server_without_time_to_live_says_so);
    tcase_add_loop_test(t, describes_time_to_live, 0, ROWS(ttls));
    tcase_add_loop_test(t, refuses_garbled_time_to_live, 0, ROWS(bad_ttls));
    suite_add_tcase(s, t);

    t = tcase_create("memory");
    tcase_add_checked_fixture(t, asked_setup, asked_teardown);
    tcase_add_loop_test(t, survive_nomem, 0, ROWS(operations));
    suite_add_tcase(s, t);
    return s;
}
