/* SPDX-License-Identifier: MIT */
/*
 * Members of a request as error messages show them, which is how Java's
 * generated classes print themselves: Type(member=value, ...), [a, b],
 * {name=value}, null.  The buffer may have a limit: what does not fit is left
 * out, and the buffer has failed then.
 */
#include "local/local_members.h"

#include "base/enc.h"

#include <string.h>

static int int_at(const char *base, size_t at)
{
    int v;

    memcpy(&v, base + at, sizeof v);
    return v;
}

int ddbi_is_there(const ddbi_member *m, const char *base)
{
    const void *at = base + m->at;

    switch ((ddbi_kind)m->kind) {
    case DDBI_IS_STRING:
        return ((const ddb_bytes *)at)->p != NULL;
    case DDBI_IS_BOOLEAN:
        return *(const ddbi_tri *)at != DDBI_ABSENT;
    case DDBI_IS_INTEGER:
    case DDBI_IS_LONG:
        return ((const ddbi_int *)at)->present;
    case DDBI_IS_VALUE:
        return ((const ddb_value *)at)->type != DDBI_TYPE_NONE;
    case DDBI_IS_ITEM:
        return ddbi_pointer_at(base, m->at) != NULL;
    case DDBI_IS_STRINGS:
        return ((const ddbi_strings *)at)->present;
    case DDBI_IS_NAMES:
        return ((const ddbi_names_in *)at)->present;
    case DDBI_IS_UNREAD:
        return int_at(base, m->at);
    case DDBI_IS_CHOICE:
        return int_at(base, m->has) > 0 && int_at(base, m->count) == m->choice;
    case DDBI_IS_STRUCT:
        if (m->size != 0)
            return ddbi_pointer_at(base, m->at) != NULL;
        break;
    default:
        break;
    }
    return int_at(base, m->has);
}

void ddbi_show_name(ddbi_buf *b, const char *name)
{
    ddbi_buf_add_c(b, (char)ddbi_lower((unsigned char)*name));
    ddbi_buf_add_str(b, name + 1);
}

static void show_bytes(ddbi_buf *b, ddb_bytes bytes)
{
    size_t room = b->max - b->n;

    if (b->max == 0 || bytes.n <= room) {
        ddbi_buf_add(b, bytes.p, bytes.n);
        return;
    }
    ddbi_buf_add(b, bytes.p, room);
    ddbi_buf_fail(b, DDB_TOO_LARGE);
}

static void show_strings(ddbi_buf *b, const ddbi_strings *s)
{
    ddbi_buf_add_c(b, '[');
    for (uint32_t i = 0; i < s->n && b->failed == DDB_OK; i++) {
        if (i > 0)
            ddbi_buf_add_str(b, ", ");
        show_bytes(b, s->p[i]);
    }
    ddbi_buf_add_c(b, ']');
}

static void show_names(ddbi_buf *b, const ddbi_names_in *names)
{
    ddbi_buf_add_c(b, '{');
    for (uint32_t i = 0; i < names->n && b->failed == DDB_OK; i++) {
        if (i > 0)
            ddbi_buf_add_str(b, ", ");
        show_bytes(b, names->p[i].name);
        ddbi_buf_add_c(b, '=');
        show_bytes(b, names->p[i].value);
    }
    ddbi_buf_add_c(b, '}');
}

/* As deep as the tables are.  NOLINTBEGIN(misc-no-recursion) */

/* "KeySchemaElement(attributeName=pk, keyType=HASH)" */
static void show_struct(ddbi_buf *b, const char *type,
                        const ddbi_member *members, const char *base)
{
    ddbi_buf_add_str(b, type);
    for (const ddbi_member *m = members; m->name != NULL; m++) {
        ddbi_buf_add_str(b, m == members ? "(" : ", ");
        ddbi_show_name(b, m->name);
        ddbi_buf_add_c(b, '=');
        ddbi_show_member(b, m, base);
    }
    ddbi_buf_add_c(b, ')');
}

static void show_array(ddbi_buf *b, const ddbi_member *m, const char *base)
{
    const char *element = ddbi_pointer_at(base, m->at);
    uint32_t n = ddbi_count_at(base, m->count);
    int named = m->kind == DDBI_IS_MAP || m->kind == DDBI_IS_LISTS;

    ddbi_buf_add_c(b, named ? '{' : '[');
    for (uint32_t i = 0; i < n && b->failed == DDB_OK;
         i++, element += m->size) {
        const ddb_bytes *key = (const void *)(element + m->key);

        if (i > 0)
            ddbi_buf_add_str(b, ", ");
        if (named) {
            show_bytes(b, *key);
            ddbi_buf_add_c(b, '=');
        }
        if (m->kind == DDBI_IS_LISTS)
            ddbi_show_member(b, m->members, element);
        else if (m->members == NULL)
            ddbi_show_value(b, (const void *)element);
        else
            show_struct(b, m->type, m->members, element);
    }
    ddbi_buf_add_c(b, named ? '}' : ']');
}

static void show_items(ddbi_buf *b, const ddbi_member *m, const char *base)
{
    ddb_item *const *items = ddbi_pointer_at(base, m->at);
    uint32_t n = ddbi_count_at(base, m->count);

    ddbi_buf_add_c(b, '[');
    for (uint32_t i = 0; i < n && b->failed == DDB_OK; i++) {
        if (i > 0)
            ddbi_buf_add_str(b, ", ");
        ddbi_show_item(b, items[i]);
    }
    ddbi_buf_add_c(b, ']');
}

void ddbi_show_member(ddbi_buf *b, const ddbi_member *m, const char *base)
{
    const void *at = base + m->at;
    const ddb_bytes *text = at;

    if (!ddbi_is_there(m, base)) {
        ddbi_buf_add_str(b, "null");
        return;
    }
    switch ((ddbi_kind)m->kind) {
    case DDBI_IS_STRING:
        show_bytes(b, *text);
        break;
    case DDBI_IS_BOOLEAN:
        ddbi_buf_add_str(b,
                         *(const ddbi_tri *)at == DDBI_TRUE ? "true" : "false");
        break;
    case DDBI_IS_INTEGER:
    case DDBI_IS_LONG:
        ddbi_buf_add_i64(b, ((const ddbi_int *)at)->v);
        break;
    case DDBI_IS_VALUE:
        ddbi_show_value(b, at);
        break;
    case DDBI_IS_ITEM:
        ddbi_show_item(b, ddbi_pointer_at(base, m->at));
        break;
    case DDBI_IS_ITEMS:
        show_items(b, m, base);
        break;
    case DDBI_IS_STRINGS:
        show_strings(b, at);
        break;
    case DDBI_IS_NAMES:
        show_names(b, at);
        break;
    case DDBI_IS_STRUCT:
    case DDBI_IS_CHOICE:
        show_struct(b, m->type, m->members,
                    m->size != 0 ? ddbi_pointer_at(base, m->at) : at);
        break;
    case DDBI_IS_LIST:
    case DDBI_IS_MAP:
    case DDBI_IS_LISTS:
        show_array(b, m, base);
        break;
    case DDBI_IS_UNREAD:
        break;
    }
}

/* NOLINTEND(misc-no-recursion) */
