/* SPDX-License-Identifier: MIT */
#include "kvserver.h"

#include "rng.h"

#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Rows --------------------------------------------------------------- */

static int compare(const kvserver_row *row, const char *part, const char *key)
{
    int order = strcmp(row->part, part);

    return order != 0 ? order : strcmp(row->key, key);
}

/* Where the row is, or would be. */
static size_t place(const kvserver *s, const char *part, const char *key)
{
    size_t low = 0;
    size_t high = s->n;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (compare(&s->rows[middle], part, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int is_at(const kvserver *s, size_t i, const char *part, const char *key)
{
    return i < s->n && compare(&s->rows[i], part, key) == 0;
}

kvserver_row *kvserver_put(kvserver *s, const char *part, const char *key)
{
    size_t i = place(s, part, key);

    if (!is_at(s, i, part, key)) {
        if (s->n == s->cap) {
            s->cap = s->cap > 0 ? 2 * s->cap : 64;
            s->rows = realloc(s->rows, s->cap * sizeof *s->rows);
            ck_assert_ptr_nonnull(s->rows);
        }
        memmove(s->rows + i + 1, s->rows + i, (s->n - i) * sizeof *s->rows);
        s->n++;
    }
    s->rows[i] = (kvserver_row){.value_n = strlen(key)};
    ck_assert_uint_lt(strlen(part), sizeof s->rows[i].part);
    ck_assert_uint_lt(strlen(key), sizeof s->rows[i].key);
    strcpy(s->rows[i].part, part);
    strcpy(s->rows[i].key, key);
    return &s->rows[i];
}

void kvserver_delete(kvserver *s, const char *part, const char *key)
{
    size_t i = place(s, part, key);

    if (!is_at(s, i, part, key))
        return;
    memmove(s->rows + i, s->rows + i + 1, (s->n - i - 1) * sizeof *s->rows);
    s->n--;
}

const kvserver_row *kvserver_find(const kvserver *s, const char *part,
                                  const char *key)
{
    size_t i = place(s, part, key);

    return is_at(s, i, part, key) ? &s->rows[i] : NULL;
}

void kvserver_free(kvserver *s)
{
    free(s->rows);
    free(s->answer);
    *s = (kvserver){0};
}

/* ---- Answers ------------------------------------------------------------ */

static char *room(kvserver *s, size_t n)
{
    if (s->answer_n + n + 1 > s->answer_cap) {
        s->answer_cap = 2 * (s->answer_n + n + 1);
        s->answer = realloc(s->answer, s->answer_cap);
        ck_assert_ptr_nonnull(s->answer);
    }
    s->answer_n += n;
    s->answer[s->answer_n] = '\0';
    return s->answer + s->answer_n - n;
}

static void add(kvserver *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void add(kvserver *s, const char *format, ...)
{
    char text[512];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    ck_assert_int_lt(n, (int)sizeof text);
    memcpy(room(s, (size_t)n), text, (size_t)n);
}

static void add_row(kvserver *s, const kvserver_row *row, int values)
{
    add(s, "{\"namespace\":{\"S\":\"%s\"},\"key\":{\"S\":\"%s\"}", row->part,
        row->key);
    if (strcmp(row->key, "shards") == 0) {
        add(s, ",\"value\":{\"N\":\"%zu\"}", row->value_n);
    } else if (values && !row->odd) {
        add(s, ",\"value\":{\"S\":\"%s", row->key);
        memset(room(s, row->value_n - strlen(row->key)), 'x',
               row->value_n - strlen(row->key));
        add(s, "\"}");
    }
    if (row->ttl != 0)
        add(s, ",\"ttl\":{\"N\":\"%lld\"}", (long long)row->ttl);
    add(s, "}");
}

static const char *text_of(const json_t *item, const char *name)
{
    return json_string_value(json_object_get(json_object_get(item, name), "S"));
}

/* What a Query wants of its partition. */
typedef struct {
    const char *part;
    const char *prefix; /* NULL: no such condition, as the others */
    const char *low;
    const char *high;
    const char *start;
    long long now;
    int values;
    int count; /* numbers alone */
    size_t limit;
} question;

static int is_asked_for(const question *q, const kvserver_row *row)
{
    return strcmp(row->part, q->part) == 0 &&
           (q->prefix == NULL ||
            strncmp(row->key, q->prefix, strlen(q->prefix)) == 0) &&
           (q->low == NULL || strcmp(row->key, q->low) >= 0) &&
           (q->high == NULL || strcmp(row->key, q->high) <= 0);
}

static void query(kvserver *s, const json_t *body)
{
    const json_t *values = json_object_get(body, "ExpressionAttributeValues");
    const json_t *backward = json_object_get(body, "ScanIndexForward");
    const char *projection =
        json_string_value(json_object_get(body, "ProjectionExpression"));
    question q = {
        .part = text_of(values, ":n"),
        .prefix = text_of(values, ":p"),
        .low = text_of(values, ":a"),
        .high = text_of(values, ":b"),
        .start = text_of(json_object_get(body, "ExclusiveStartKey"), "key"),
        .values = projection != NULL && strstr(projection, "#v") != NULL,
        .count = projection == NULL,
        .limit = (size_t)json_integer_value(json_object_get(body, "Limit"))};
    size_t first = place(s, q.part, "");
    size_t end = first;
    size_t bytes = 0;
    size_t items = 0;
    size_t seen = 0;
    const kvserver_row *last = NULL;

    q.now = atoll(json_string_value(
        json_object_get(json_object_get(values, ":now"), "N")));
    while (end < s->n && strcmp(s->rows[end].part, q.part) == 0)
        end++;
    add(s, "{\"Items\":[");
    for (size_t i = 0; i < end - first; i++) {
        const kvserver_row *row =
            &s->rows[json_is_false(backward) ? end - 1 - i : first + i];
        int order = q.start != NULL ? strcmp(row->key, q.start) : 1;

        if (!is_asked_for(&q, row) ||
            (q.start != NULL &&
             (json_is_false(backward) ? order >= 0 : order <= 0)))
            continue;
        seen++;
        if (row->ttl == 0 || row->ttl > q.now) {
            if (!q.count && items > 0)
                add(s, ",");
            if (!q.count)
                add_row(s, row, q.values);
            items++;
        }
        bytes += row->value_n;
        last = row;
        if (seen == q.limit || bytes >= (s->page > 0 ? s->page : 1 << 20))
            break;
        last = NULL;
    }
    add(s, "],\"Count\":%zu,\"ScannedCount\":%zu", items, seen);
    if (last != NULL)
        add(s,
            ",\"LastEvaluatedKey\":{\"namespace\":{\"S\":\"%s\"},\"key\":"
            "{\"S\":\"%s\"}}",
            last->part, last->key);
    add(s, "}");
    if (items > s->most)
        s->most = items;
}

static void scan(kvserver *s, const json_t *body)
{
    const json_t *start = json_object_get(body, "ExclusiveStartKey");
    size_t limit = (size_t)json_integer_value(json_object_get(body, "Limit"));
    const char *part = start != NULL ? text_of(start, "namespace") : "";
    const char *key = start != NULL ? text_of(start, "key") : "";
    size_t i = place(s, part, key);
    size_t n = 0;

    if (is_at(s, i, part, key))
        i++;
    else if (s->no_jumps)
        i = 0;
    if (limit == 0)
        limit = s->scan_page > 0 ? s->scan_page : s->n;
    add(s, "{\"Items\":[");
    for (; i < s->n && n < limit; i++)
        add(s, "%s{\"namespace\":{\"S\":\"%s\"}}", n++ > 0 ? "," : "",
            s->rows[i].part);
    add(s, "],\"Count\":%zu,\"ScannedCount\":%zu", n, n);
    if (n == limit && n > 0)
        add(s,
            ",\"LastEvaluatedKey\":{\"namespace\":{\"S\":\"%s\"},\"key\":"
            "{\"S\":\"%s\"}}",
            s->rows[i - 1].part, s->rows[i - 1].key);
    add(s, "}");
}

static void get(kvserver *s, const json_t *body)
{
    const json_t *key = json_object_get(body, "Key");
    const kvserver_row *row =
        kvserver_find(s, text_of(key, "namespace"), text_of(key, "key"));

    if (row == NULL) {
        add(s, "{}");
        return;
    }
    add(s, "{\"Item\":");
    add_row(s, row, 1);
    add(s, "}");
}

/* The one condition that is asked of it is a header's. */
static const char *put(kvserver *s, const json_t *body)
{
    const json_t *item = json_object_get(body, "Item");
    const json_t *value = json_object_get(item, "value");
    const char *part = text_of(item, "namespace");
    const char *key = text_of(item, "key");
    const char *number = json_string_value(json_object_get(value, "N"));
    const kvserver_row *there = kvserver_find(s, part, key);
    size_t n = number != NULL ? (size_t)atoll(number) : strlen(key);

    if (there != NULL && there->value_n != n &&
        json_object_get(body, "ConditionExpression") != NULL)
        return "ConditionalCheckFailedException";
    kvserver_put(s, part, key)->value_n = n;
    add(s, "{}");
    return NULL;
}

static void respond(void *arg, const fake_request_info *request,
                    fake_step *step)
{
    kvserver *s = arg;
    json_t *body = json_loadb(request->body, request->body_n, 0, NULL);
    rng r = {.state = s->random + 1};
    const char *type = NULL;

    ck_assert_ptr_nonnull(body);
    s->random = rng_next(&r);
    s->requests++;
    s->answer_n = 0;
    if (s->fails > 0 && rng_below(&r, s->fails) == 0) {
        s->failed++;
        type = "AccessDeniedException";
    } else if (strcmp(request->action, "Query") == 0) {
        query(s, body);
    } else if (strcmp(request->action, "Scan") == 0) {
        scan(s, body);
    } else if (strcmp(request->action, "GetItem") == 0) {
        get(s, body);
    } else {
        ck_assert_str_eq(request->action, "PutItem");
        type = put(s, body);
    }
    json_decref(body);
    if (type != NULL)
        add(s, "{\"__type\":\"%s\",\"message\":\"so it is\"}", type);
    *step = (fake_step){.status = type != NULL ? 400 : 200,
                        .body = s->answer,
                        .body_n = s->answer_n};
}

void kvserver_play(kvserver *s, fake *f)
{
    f->respond = respond;
    f->respond_arg = s;
}
