/* SPDX-License-Identifier: MIT */
/* Pages: their ends by size, what they cost, what is read for a local index;
 * and a model, a plain array of rows, that random queries of a table and its
 * indexes are held against, page by page. */
#include "engine.h"
#include "rng.h"
#include "tests.h"

#include "base/enc.h"

#include <stdlib.h>
#include <string.h>

/* ---- The end of a page by size ------------------------------------------ */

#define EIGHTH (1024 * 1024 / 8)

static void create_table(void)
{
    engine_does("CreateTable",
                "{'TableName':'table','BillingMode':'PAY_PER_REQUEST',"
                "'AttributeDefinitions':["
                "{'AttributeName':'a','AttributeType':'S'},"
                "{'AttributeName':'b','AttributeType':'S'},"
                "{'AttributeName':'c','AttributeType':'S'}],"
                "'KeySchema':[{'AttributeName':'a','KeyType':'HASH'},"
                "{'AttributeName':'b','KeyType':'RANGE'}],"
                "'LocalSecondaryIndexes':[{'IndexName':'local',"
                "'Projection':{'ProjectionType':'KEYS_ONLY'},"
                "'KeySchema':[{'AttributeName':'a','KeyType':'HASH'},"
                "{'AttributeName':'c','KeyType':'RANGE'}]}],"
                "'GlobalSecondaryIndexes':[{'IndexName':'global',"
                "'Projection':{'ProjectionType':'ALL'},"
                "'KeySchema':[{'AttributeName':'c','KeyType':'HASH'}]}]}");
}

static void create_simple(void)
{
    engine_setup();
    create_table();
}

/* {a: "x", b: one letter, v: as much as makes it of this size}. */
static void put_sized(char b, size_t size)
{
    size_t n = size - 5;
    char *text = malloc(n);

    memset(text, 'v', n);
    json_decref(
        engine_ask_tree(200, "PutItem",
                        json_pack("{s:s,s:{s:{s:s},s:{s:s#},s:{s:s#}}}",
                                  "TableName", "table", "Item", "a", "S", "x",
                                  "b", "S", &b, 1, "v", "S", text, (int)n)));
    free(text);
}

#define COUNT_X                                                                \
    "{'TableName':'table','Select':'COUNT','KeyConditionExpression':'a=:a',"   \
    "'ExpressionAttributeValues':{':a':{'S':'x'}}"

START_TEST(ends_with_the_row_that_reaches_the_size)
{
    for (char b = 'a'; b < 'i'; b++)
        put_sized(b, EIGHTH);
    engine_answers("Query", COUNT_X "}",
                   "{'Count':8,'ScannedCount':8,"
                   "'LastEvaluatedKey':{'a':{'S':'x'},'b':{'S':'h'}}}");
    engine_answers("Query",
                   COUNT_X ",'ExclusiveStartKey':{'a':{'S':'x'},"
                           "'b':{'S':'h'}}}",
                   "{'Count':0,'ScannedCount':0}");

    put_sized('a', EIGHTH - 1);
    engine_answers("Query", COUNT_X "}", "{'Count':8,'ScannedCount':8}");

    put_sized('i', EIGHTH);
    put_sized('j', EIGHTH);
    engine_answers("Query", COUNT_X "}",
                   "{'Count':9,'ScannedCount':9,"
                   "'LastEvaluatedKey':{'a':{'S':'x'},'b':{'S':'i'}}}");
    engine_answers("Query", COUNT_X ",'Limit':9}",
                   "{'Count':9,'ScannedCount':9,"
                   "'LastEvaluatedKey':{'a':{'S':'x'},'b':{'S':'i'}}}");
    engine_answers("Query", COUNT_X ",'Limit':8}",
                   "{'Count':8,'ScannedCount':8,"
                   "'LastEvaluatedKey':{'a':{'S':'x'},'b':{'S':'h'}}}");
    engine_answers("Query", COUNT_X ",'ScanIndexForward':false}",
                   "{'Count':8,'ScannedCount':8,"
                   "'LastEvaluatedKey':{'a':{'S':'x'},'b':{'S':'c'}}}");
}
END_TEST

START_TEST(ends_before_the_filter_has_seen_it)
{
    for (char b = 'a'; b < 'k'; b++)
        put_sized(b, EIGHTH);
    engine_answers("Query",
                   COUNT_X ",'FilterExpression':'attribute_exists(z)'}",
                   "{'Count':0,'ScannedCount':8,"
                   "'LastEvaluatedKey':{'a':{'S':'x'},'b':{'S':'h'}}}");
    engine_answers("Scan",
                   "{'TableName':'table','ProjectionExpression':'b',"
                   "'FilterExpression':'b>=:b',"
                   "'ExpressionAttributeValues':{':b':{'S':'h'}}}",
                   "{'Items':[{'b':{'S':'h'}}],'Count':1,'ScannedCount':8,"
                   "'LastEvaluatedKey':{'a':{'S':'x'},'b':{'S':'h'}}}");
}
END_TEST

/* ---- Capacity ----------------------------------------------------------- */

#define CAPACITY "'ReturnConsumedCapacity':'INDEXES'"
#define KEY_X                                                                  \
    "'KeyConditionExpression':'a=:x',"                                         \
    "'ExpressionAttributeValues':{':x':{'S':'x'}}"
#define KEY_C                                                                  \
    "'KeyConditionExpression':'c=:x',"                                         \
    "'ExpressionAttributeValues':{':x':{'S':'x'}}"

static const struct {
    const char *members; /* of a Query */
    double all, table, local, global;
} costs[] = {
    /* Three items of 3,000 bytes: 9,000 are three units, or one and a half. */
    {KEY_X, 1.5, 1.5, 0, 0},
    {KEY_X ",'ConsistentRead':true", 3, 3, 0, 0},
    {KEY_X ",'Select':'COUNT'", 1.5, 1.5, 0, 0},
    {KEY_X ",'FilterExpression':'attribute_exists(z)'", 1.5, 1.5, 0, 0},
    {KEY_X ",'ProjectionExpression':'b'", 1.5, 1.5, 0, 0},
    {KEY_X ",'Limit':1", 0.5, 0.5, 0, 0},
    {KEY_X ",'Limit':2", 1, 1, 0, 0},
    {KEY_C ",'IndexName':'global'", 1.5, 0, 0, 1.5},
    /* What finds nothing costs as if it had found something small. */
    {KEY_X ",'ExclusiveStartKey':{'a':{'S':'x'},'b':{'S':'z'}}", 0.5, 0.5, 0,
     0},
    /* Three small rows, and three items rounded up each. */
    {KEY_X ",'IndexName':'local'", 0.5, 0, 0.5, 0},
    {KEY_X ",'IndexName':'local','Select':'ALL_ATTRIBUTES'", 2, 1.5, 0.5, 0},
    {KEY_X ",'IndexName':'local','ProjectionExpression':'v'", 2, 1.5, 0.5, 0},
    {KEY_X ",'IndexName':'local','ProjectionExpression':'b,c'", 0.5, 0, 0.5, 0},
    {KEY_X ",'IndexName':'local','Select':'ALL_ATTRIBUTES',"
           "'ConsistentRead':true",
     4, 3, 1, 0},
};

static double units_of(const json_t *cost, const char *kind, const char *index)
{
    if (kind)
        cost = json_object_get(cost, kind);
    if (index)
        cost = json_object_get(cost, index);
    return json_number_value(json_object_get(cost, "CapacityUnits"));
}

static void put_three(void)
{
    char *text = malloc(2990);

    memset(text, 'v', 2990);
    for (char b = 'a'; b < 'd'; b++)
        json_decref(engine_ask_tree(
            200, "PutItem",
            json_pack("{s:s,s:{s:{s:s},s:{s:s#},s:{s:s},s:{s:s#}}}",
                      "TableName", "table", "Item", "a", "S", "x", "b", "S", &b,
                      1, "c", "S", "x", "v", "S", text, 2990)));
    free(text);
}

START_TEST(costs_what_its_rows_are_together)
{
    char json[512];
    json_t *got, *cost;

    put_three();
    snprintf(json, sizeof json, "{'TableName':'table'," CAPACITY ",%s}",
             costs[_i].members);
    got = engine_ask(200, "Query", json);
    cost = json_object_get(got, "ConsumedCapacity");
    ck_assert_str_eq(json_string_value(json_object_get(cost, "TableName")),
                     "table");
    ck_assert_double_eq(units_of(cost, NULL, NULL), costs[_i].all);
    ck_assert_ptr_nonnull(json_object_get(cost, "Table"));
    ck_assert_double_eq(units_of(cost, "Table", NULL), costs[_i].table);
    ck_assert_double_eq(units_of(cost, "LocalSecondaryIndexes", "local"),
                        costs[_i].local);
    ck_assert_double_eq(units_of(cost, "GlobalSecondaryIndexes", "global"),
                        costs[_i].global);
    json_decref(got);
}
END_TEST

START_TEST(tells_the_sum_alone_when_asked_for_it)
{
    engine_answers("Scan",
                   "{'TableName':'table','ReturnConsumedCapacity':'TOTAL'}",
                   "{'Items':[],'Count':0,'ScannedCount':0,'ConsumedCapacity':"
                   "{'TableName':'table','CapacityUnits':0.5}}");
    engine_answers("Scan",
                   "{'TableName':'table','ReturnConsumedCapacity':'NONE'}",
                   "{'Items':[],'Count':0,'ScannedCount':0}");
}
END_TEST

START_TEST(takes_from_the_table_what_a_local_index_has_not)
{
    engine_does("PutItem", "{'TableName':'table','Item':{'a':{'S':'x'},"
                           "'b':{'S':'b'},'c':{'S':'c'},'v':{'S':'v'}}}");
    engine_answers("Query",
                   "{'TableName':'table','IndexName':'local'," KEY_X "}",
                   "{'Items':[{'a':{'S':'x'},'b':{'S':'b'},'c':{'S':'c'}}],"
                   "'Count':1,'ScannedCount':1}");
    engine_answers("Query",
                   "{'TableName':'table','IndexName':'local',"
                   "'Select':'ALL_ATTRIBUTES'," KEY_X "}",
                   "{'Items':[{'a':{'S':'x'},'b':{'S':'b'},'c':{'S':'c'},"
                   "'v':{'S':'v'}}],'Count':1,'ScannedCount':1}");
    engine_answers("Query",
                   "{'TableName':'table','IndexName':'local','Limit':1,"
                   "'ProjectionExpression':'v,c'," KEY_X "}",
                   "{'Items':[{'c':{'S':'c'},'v':{'S':'v'}}],'Count':1,"
                   "'ScannedCount':1,'LastEvaluatedKey':{'a':{'S':'x'},"
                   "'b':{'S':'b'},'c':{'S':'c'}}}");
}
END_TEST

/* ---- Leave to use it ---------------------------------------------------- */

static char used[256];

static const char *note_use(void *arg, const ddbi_use *use)
{
    size_t n = strlen(used);

    snprintf(used + n, sizeof used - n, "%s/%s/%.*s/%g;", use->table,
             use->index ? use->index : "", (int)use->partition.n,
             use->partition.n ? (const char *)use->partition.p : "",
             use->units);
    return use->write ? NULL : *(const char **)arg;
}

static const char *why_not;

static void create_watched(void)
{
    const ddbi_local_options options = {.admit = note_use,
                                        .admit_arg = &why_not};
    ddb_err err = {0};

    why_not = NULL;
    ck_assert_int_eq(ddbi_local_open(&options, &engine, &err), DDB_OK);
    create_table();
    put_three();
    used[0] = '\0';
}

static const struct {
    const char *action, *members, *used;
} uses[] = {
    {"Query", KEY_X, "table//x/1.5;"},
    {"Query", KEY_X ",'Limit':1", "table//x/0.5;"},
    {"Query", KEY_C ",'IndexName':'global'", "table/global/x/1.5;"},
    /* A local index uses what the table has, asked for at once. */
    {"Query", KEY_X ",'IndexName':'local','ProjectionExpression':'v'",
     "table//x/2;"},
    {"Scan", "'ConsistentRead':true", "table///3;"},
};

START_TEST(asks_leave_for_what_it_uses)
{
    char json[512];

    snprintf(json, sizeof json, "{'TableName':'table',%s}", uses[_i].members);
    engine_does(uses[_i].action, json);
    ck_assert_str_eq(used, uses[_i].used);
    why_not = "TableReadProvisionedThroughputExceeded";
    json_decref(engine_ask(400, uses[_i].action, json));
}
END_TEST

/* ---- The model ---------------------------------------------------------- */

/* A sort key of any type, so that order is plain to see: of a number sign,
 * exponent and digits, of which the first and the last are not 0. */
typedef struct {
    int sign, exponent;
    char digits[40];
    unsigned char bytes[16]; /* of S and B */
    size_t n;
} key;

typedef struct {
    int a;  /* partition */
    key b;  /* the table's sort key */
    int c;  /* number; the indexes' sort key */
    int g;  /* global index's partition; < 0: not in it */
    int id; /* < 0: deleted */
} row;

#define ROWS_MAX 60

static row model[ROWS_MAX];
static int n_rows;
static char type; /* of b: S, N, B */
static rng r;

static key random_key(void)
{
    static const char *const letters[] = {
        "a", "b", "\x01", "\xc3\xa9", "\xf0\x9f\x98\x80", "\0"};
    key k = {0};

    if (type == 'N') {
        unsigned n = 1 + rng_below(&r, rng_below(&r, 4) ? 2 : 38);

        k.sign = (int)rng_below(&r, 5) - 2;
        k.sign = (k.sign > 0) - (k.sign < 0);
        k.exponent = rng_below(&r, 4) ? (int)rng_below(&r, 3)
                                      : (int)rng_below(&r, 250) - 128;
        for (unsigned i = 0; i < n; i++)
            k.digits[i] = (char)('0' + rng_below(&r, 10));
        if (k.digits[0] == '0')
            k.digits[0] = '1';
        if (k.digits[n - 1] == '0')
            k.digits[n - 1] = '2';
        return k;
    }
    for (unsigned i = 1 + rng_below(&r, 3); i > 0; i--) {
        unsigned letter = rng_below(&r, 6);
        size_t n = letter == 5 ? 1 : strlen(letters[letter]);

        if (type == 'B')
            k.bytes[k.n++] = (unsigned char)"\0\1\xff"[rng_below(&r, 3)];
        else
            memcpy(k.bytes + k.n, letters[letter], n), k.n += n;
    }
    return k;
}

static int compare_keys(const key *x, const key *y)
{
    size_t n = x->n < y->n ? x->n : y->n;
    int order;

    if (type != 'N') {
        order = memcmp(x->bytes, y->bytes, n);
        return order ? order : (x->n > y->n) - (x->n < y->n);
    }
    if (x->sign != y->sign || x->sign == 0)
        return x->sign - y->sign;
    if (x->exponent != y->exponent)
        return x->sign * (x->exponent - y->exponent);
    return x->sign * strcmp(x->digits, y->digits);
}

static int begins_with(const key *k, const key *prefix)
{
    return k->n >= prefix->n && memcmp(k->bytes, prefix->bytes, prefix->n) == 0;
}

static json_t *key_value(const key *k)
{
    char text[128];

    if (type == 'S')
        return json_pack("{s:s#}", "S", k->bytes, (int)k->n);
    if (type == 'B') {
        ddbi_base64(text, k->bytes, k->n);
        return json_pack("{s:s#}", "B", text, (int)ddbi_base64_size(k->n));
    }
    if (k->sign == 0)
        return json_pack("{s:s}", "N", "0.00");
    snprintf(text, sizeof text, "%s0.%sE%d", k->sign < 0 ? "-" : "", k->digits,
             k->exponent);
    return json_pack("{s:s}", "N", text);
}

static json_t *int_value(const char *kind, const char *before, int v)
{
    char text[32];

    snprintf(text, sizeof text, "%s%d", before, v);
    return json_pack("{s:s}", kind, text);
}

static void create_model_table(void)
{
    char json[1024];

    snprintf(json, sizeof json,
             "{'TableName':'model','BillingMode':'PAY_PER_REQUEST',"
             "'AttributeDefinitions':["
             "{'AttributeName':'a','AttributeType':'S'},"
             "{'AttributeName':'b','AttributeType':'%c'},"
             "{'AttributeName':'c','AttributeType':'N'},"
             "{'AttributeName':'g','AttributeType':'S'}],"
             "'KeySchema':[{'AttributeName':'a','KeyType':'HASH'},"
             "{'AttributeName':'b','KeyType':'RANGE'}],"
             "'LocalSecondaryIndexes':[{'IndexName':'local',"
             "'Projection':{'ProjectionType':'ALL'},"
             "'KeySchema':[{'AttributeName':'a','KeyType':'HASH'},"
             "{'AttributeName':'c','KeyType':'RANGE'}]}],"
             "'GlobalSecondaryIndexes':[{'IndexName':'global',"
             "'Projection':{'ProjectionType':'INCLUDE',"
             "'NonKeyAttributes':['id']},"
             "'KeySchema':[{'AttributeName':'g','KeyType':'HASH'},"
             "{'AttributeName':'c','KeyType':'RANGE'}]},"
             "{'IndexName':'by_g','Projection':{'ProjectionType':'INCLUDE',"
             "'NonKeyAttributes':['id']},"
             "'KeySchema':[{'AttributeName':'g','KeyType':'HASH'}]}]}",
             type);
    engine_does("CreateTable", json);
}

static json_t *model_key(const row *m)
{
    return json_pack("{s:o,s:o}", "a", int_value("S", "p", m->a), "b",
                     key_value(&m->b));
}

static void put_model_row(row m)
{
    json_t *item = model_key(&m);
    int i;

    json_object_set_new(item, "c", int_value("N", "", m.c));
    json_object_set_new(item, "id", int_value("N", "", m.id));
    if (m.g >= 0)
        json_object_set_new(item, "g", int_value("S", "g", m.g));
    json_decref(engine_ask_tree(
        200, "PutItem",
        json_pack("{s:s,s:o}", "TableName", "model", "Item", item)));
    for (i = 0; i < n_rows; i++)
        if (model[i].a == m.a && compare_keys(&model[i].b, &m.b) == 0)
            break;
    n_rows += i == n_rows;
    model[i] = m;
}

static void delete_model_row(int i)
{
    json_decref(engine_ask_tree(200, "DeleteItem",
                                json_pack("{s:s,s:o}", "TableName", "model",
                                          "Key", model_key(&model[i]))));
    model[i] = model[--n_rows];
}

static void fill_model(void)
{
    n_rows = 0;
    create_model_table();
    for (int i = 0; i < ROWS_MAX; i++) {
        row m = {.a = (int)rng_below(&r, 2), .b = random_key(), .id = i};

        m.c = (int)rng_below(&r, 4) - 2;
        m.g = (int)rng_below(&r, 3) - 1;
        put_model_row(m);
        if (rng_below(&r, 8) == 0)
            delete_model_row((int)rng_below(&r, (unsigned)n_rows));
    }
}

/* ---- A random query, and what the model says to it ---------------------- */

typedef enum { TABLE, LOCAL, GLOBAL, BY_G } target;

typedef struct {
    target of;
    int partition;
    int op;    /* 0: no condition on the sort key, else one of ops */
    key b, b2; /* of the table */
    int c, c2; /* of an index */
    int backwards;
    int limit; /* 0: none */
} question;

/* With X for the sort key. */
static const char *const ops[] = {
    "",
    " and X=:b",
    " and X<:b",
    " and X<=:b",
    " and X>:b",
    " and X>=:b",
    " and X between :b and :b2",
    " and begins_with(X,:b)",
};

static int order_of(const question *q, const row *x, const row *y)
{
    return q->of == TABLE  ? compare_keys(&x->b, &y->b)
           : q->of == BY_G ? 0
                           : x->c - y->c;
}

static question random_question(void)
{
    question q = {.of = (target)rng_below(&r, 4)};

    q.partition = (int)rng_below(&r, 2);
    q.op = q.of == BY_G ? 0 : (int)rng_below(&r, 8);
    if (q.op == 7 && (q.of != TABLE || type == 'N'))
        q.op = 6;
    q.b = rng_below(&r, 2) ? random_key()
                           : model[rng_below(&r, (unsigned)n_rows)].b;
    q.b2 = random_key();
    if (compare_keys(&q.b, &q.b2) > 0)
        q.b2 = q.b;
    q.c = (int)rng_below(&r, 6) - 3;
    q.c2 = q.c + (int)rng_below(&r, 3);
    q.backwards = (int)rng_below(&r, 2);
    q.limit = (int)rng_below(&r, 8);
    return q;
}

static int is_asked_for(const question *q, const row *m)
{
    const row low = {.b = q->b, .c = q->c}, high = {.b = q->b2, .c = q->c2};
    int order = order_of(q, m, &low);

    if ((q->of == TABLE || q->of == LOCAL ? m->a : m->g) != q->partition)
        return 0;
    switch (q->op) {
    case 1:
        return order == 0;
    case 2:
        return order < 0;
    case 3:
        return order <= 0;
    case 4:
        return order > 0;
    case 5:
        return order >= 0;
    case 6:
        return order >= 0 && order_of(q, m, &high) <= 0;
    case 7:
        return begins_with(&m->b, &q->b);
    default:
        return 1;
    }
}

static json_t *question_body(const question *q)
{
    const char *pk = q->of == TABLE || q->of == LOCAL ? "a" : "g";
    const char *sk = q->of == TABLE ? "b" : "c";
    json_t *values = json_object(), *body;
    char condition[96], *x;

    json_object_set_new(values, ":a",
                        int_value("S", *pk == 'a' ? "p" : "g", q->partition));
    snprintf(condition, sizeof condition, "%s=:a%s", pk, ops[q->op]);
    x = strchr(condition, 'X');
    if (x)
        *x = *sk;
    if (q->op)
        json_object_set_new(values, ":b",
                            q->of == TABLE ? key_value(&q->b)
                                           : int_value("N", "", q->c));
    if (q->op == 6)
        json_object_set_new(values, ":b2",
                            q->of == TABLE ? key_value(&q->b2)
                                           : int_value("N", "", q->c2));
    body = json_pack("{s:s,s:s,s:o,s:b}", "TableName", "model",
                     "KeyConditionExpression", condition,
                     "ExpressionAttributeValues", values, "ScanIndexForward",
                     !q->backwards);
    if (q->of != TABLE)
        json_object_set_new(body, "IndexName",
                            json_string(q->of == LOCAL    ? "local"
                                        : q->of == GLOBAL ? "global"
                                                          : "by_g"));
    if (q->limit)
        json_object_set_new(body, "Limit", json_integer(q->limit));
    return body;
}

static const row *row_of(const json_t *item)
{
    const char *id =
        json_string_value(json_object_get(json_object_get(item, "id"), "N"));

    for (int i = 0; i < n_rows; i++)
        if (model[i].id == atoi(id))
            return &model[i];
    ck_abort_msg("there is no row %s", id);
    return NULL;
}

/* All pages; the rows that came, in order.  Returns how many. */
static int ask_pages(const question *q, const row *found[ROWS_MAX + 1])
{
    json_t *start = NULL;
    int n = 0;

    do {
        json_t *body = question_body(q), *got, *item, *items;
        size_t i;

        if (start)
            json_object_set_new(body, "ExclusiveStartKey", start);
        got = engine_ask_tree(200, "Query", body);
        items = json_object_get(got, "Items");
        start = json_incref(json_object_get(got, "LastEvaluatedKey"));
        if (q->limit)
            ck_assert_uint_le(json_array_size(items), (size_t)q->limit);
        if (start)
            ck_assert_uint_eq(json_array_size(items), (size_t)q->limit);
        json_array_foreach(items, i, item)
        {
            ck_assert_int_lt(n, ROWS_MAX);
            found[n++] = row_of(item);
        }
        json_decref(got);
    } while (start);
    return n;
}

static void check_question(const question *q)
{
    const row *found[ROWS_MAX + 1];
    int n = ask_pages(q, found), want = 0;

    for (int i = 0; i < n_rows; i++)
        want += is_asked_for(q, &model[i]);
    ck_assert_int_eq(n, want);
    for (int i = 0; i < n; i++) {
        int order = i ? order_of(q, found[i - 1], found[i]) : 0;

        ck_assert(is_asked_for(q, found[i]));
        ck_assert_int_le(q->backwards ? -order : order, 0);
        for (int k = 0; k < i; k++)
            ck_assert_ptr_ne(found[k], found[i]);
    }
}

/* Forwards and backwards are each other's mirror, equal keys included. */
static void check_mirror(question q)
{
    const row *there[ROWS_MAX + 1], *back[ROWS_MAX + 1];
    int n = ask_pages(&q, there);

    q.backwards = !q.backwards;
    q.limit = (int)rng_below(&r, 5);
    ck_assert_int_eq(ask_pages(&q, back), n);
    for (int i = 0; i < n; i++)
        ck_assert_ptr_eq(there[i], back[n - 1 - i]);
}

START_TEST(finds_what_the_model_has)
{
    type = "SNB"[_i % 3];
    r.state = (uint64_t)_i + 1;
    fill_model();
    for (int i = 0; i < 60; i++) {
        question q = random_question();

        check_question(&q);
        if (i % 4 == 0)
            check_mirror(q);
    }
}
END_TEST

Suite *suite_local_page(void)
{
    Suite *s = suite_create("local_page");
    TCase *simple = tcase_create("size and cost");
    TCase *watched = tcase_create("leave");
    TCase *random = tcase_create("model");

    tcase_add_checked_fixture(simple, create_simple, engine_teardown);
    tcase_add_test(simple, ends_with_the_row_that_reaches_the_size);
    tcase_add_test(simple, ends_before_the_filter_has_seen_it);
    tcase_add_loop_test(simple, costs_what_its_rows_are_together, 0,
                        ROWS(costs));
    tcase_add_test(simple, tells_the_sum_alone_when_asked_for_it);
    tcase_add_test(simple, takes_from_the_table_what_a_local_index_has_not);
    suite_add_tcase(s, simple);

    tcase_add_checked_fixture(watched, create_watched, engine_teardown);
    tcase_add_loop_test(watched, asks_leave_for_what_it_uses, 0, ROWS(uses));
    suite_add_tcase(s, watched);

    tcase_add_checked_fixture(random, engine_setup, engine_teardown);
    tcase_add_loop_test(random, finds_what_the_model_has, 0, 24);
    suite_add_tcase(s, random);
    return s;
}
