/* SPDX-License-Identifier: MIT */
/*
 * The constraints of members: what has to be there, lengths, words, names and
 * numbers.  All that are broken, ten at most, make one message, in the order
 * of the tables:
 *
 *     2 validation errors detected: Value 'no' at 'returnValues' failed to
 *     satisfy constraint: Member must satisfy enum value set: [...]; Value
 *     null at 'keySchema.1.member.keyType' failed to satisfy ...
 *
 * Nothing is built for a request that is right.
 */
#include "local/local_members.h"

#include "base/enc.h"
#include "wire/limits.h"

#include <string.h>

#define MOST_ERRORS 10
#define MOST_SHOWN (64 * 1024) /* bytes of a value */
#define NAME_PATTERN "[a-zA-Z0-9_.-]+"

/* Where we are, from the inside out. */
typedef struct place place;
struct place {
    const place *outer;
    const char *name; /* of the member; NULL: an element */
    uint32_t number;  /* of the element, from 1; 0: it has a name */
    ddb_bytes key;
};

typedef struct {
    ddbi_ask *a;
    ddbi_buf text; /* of the errors */
    int n;         /* of errors */
    const char *legacy, *other;
} checker;

/* As deep as the tables are.  NOLINTBEGIN(misc-no-recursion) */

static void add_place(ddbi_buf *b, const place *p)
{
    if (p->outer != NULL) {
        add_place(b, p->outer);
        ddbi_buf_add_c(b, '.');
    }
    if (p->name != NULL)
        ddbi_show_name(b, p->name);
    else if (p->number != 0)
        ddbi_buf_add_u64(b, p->number);
    else
        ddbi_buf_add(b, p->key.p,
                     p->key.n < MOST_SHOWN ? p->key.n : MOST_SHOWN);
    if (p->name == NULL)
        ddbi_buf_add_str(b, ".member");
}

/* NOLINTEND(misc-no-recursion) */

/* ---- Errors ------------------------------------------------------------- */

/* A value as it was given, up to a limit that only what is absurd passes: ten
 * errors of a request of megabytes are no answer. */
static void add_shown(ddbi_buf *b, const ddbi_member *m, const char *base)
{
    ddbi_buf shown = {.max = MOST_SHOWN};

    ddbi_show_member(&shown, m, base);
    if (shown.n > 0)
        ddbi_buf_add(b, shown.p, ddbi_utf8_cut(shown.p, shown.n));
    if (shown.failed == DDB_TOO_LARGE)
        ddbi_buf_add_str(b, "...");
    else if (shown.failed != DDB_OK)
        ddbi_buf_fail(b, shown.failed);
    ddbi_buf_free(&shown);
}

/* Everything up to the constraint; 0: there are enough already. */
static int begin_error(checker *c, const ddbi_member *m, const char *base,
                       const place *where)
{
    int there = ddbi_is_there(m, base);
    ddbi_buf *b = &c->text;

    if (c->n == MOST_ERRORS)
        return 0;
    ddbi_buf_add_str(b, c->n++ > 0 ? "; Value " : "Value ");
    ddbi_buf_add_str(b, there ? "'" : "");
    add_shown(b, m, base);
    ddbi_buf_add_str(b, there ? "' at '" : " at '");
    add_place(b, where);
    ddbi_buf_add_str(b, "' failed to satisfy constraint: ");
    return 1;
}

static void error(checker *c, const ddbi_member *m, const char *base,
                  const place *where, const char *constraint)
{
    if (begin_error(c, m, base, where))
        ddbi_buf_add_str(&c->text, constraint);
}

static void number_error(checker *c, const ddbi_member *m, const char *base,
                         const place *where, const char *constraint, unsigned v)
{
    if (!begin_error(c, m, base, where))
        return;
    ddbi_buf_add_str(&c->text, constraint);
    ddbi_buf_add_u64(&c->text, v);
}

#define AT_LEAST "Member must have length greater than or equal to "
#define AT_MOST "Member must have length less than or equal to "

static void words_error(checker *c, const ddbi_member *m, const char *base,
                        const place *where)
{
    if (!begin_error(c, m, base, where))
        return;
    ddbi_buf_add_str(&c->text, "Member must satisfy enum value set: [");
    ddbi_buf_add_str(&c->text, m->words);
    ddbi_buf_add_c(&c->text, ']');
}

/* ---- Constraints -------------------------------------------------------- */

/* One of "A, B, C"? */
static int is_word(const char *words, ddb_bytes text)
{
    while (*words != '\0') {
        size_t n = strcspn(words, ",");

        if (n == text.n && memcmp(words, text.p, n) == 0)
            return 1;
        words += n;
        words += *words != '\0' ? 2 : 0;
    }
    return 0;
}

static int is_name(ddb_bytes text)
{
    const unsigned char *p = text.p;

    for (size_t i = 0; i < text.n; i++)
        if (!ddbi_is_alnum(p[i]) && p[i] != '_' && p[i] != '.' && p[i] != '-')
            return 0;
    return text.n > 0;
}

static int is_arn(ddb_bytes text)
{
    return text.n > 4 && memcmp(text.p, "arn:", 4) == 0;
}

/* As Java has it: UTF-16. */
static size_t text_length(ddb_bytes text)
{
    const unsigned char *p = text.p;
    size_t n = 0;

    for (size_t i = 0; i < text.n; i++)
        n += (size_t)(((p[i] & 0xc0) != 0x80) + (p[i] >= 0xf0));
    return n;
}

static size_t length(const ddbi_member *m, const char *base)
{
    const void *at = base + m->at;

    switch ((ddbi_kind)m->kind) {
    case DDBI_IS_STRING:
        return text_length(*(const ddb_bytes *)at);
    case DDBI_IS_STRINGS:
        return ((const ddbi_strings *)at)->n;
    case DDBI_IS_NAMES:
        return ((const ddbi_names_in *)at)->n;
    default:
        return ddbi_count_at(base, m->count);
    }
}

static void check_string(checker *c, const ddbi_member *m, const char *base,
                         const place *where)
{
    ddb_bytes text;

    memcpy(&text, base + m->at, sizeof text);
    if (m->words != NULL && !is_word(m->words, text))
        words_error(c, m, base, where);
    /* Of a name that an ARN may stand for, the length alone is looked at when
     * there is none. */
    if (m->pattern && !is_name(text) && (text.n > 0 || m->min_n > 1))
        error(c, m, base, where,
              "Member must satisfy regular expression pattern: " NAME_PATTERN);
}

static void check_number(checker *c, const ddbi_member *m, const char *base,
                         const place *where)
{
    int64_t v = ((const ddbi_int *)(const void *)(base + m->at))->v;

    if (m->least != 0 && v < m->least - 1)
        number_error(c, m, base, where,
                     "Member must have value greater than or equal to ",
                     m->least - 1u);
    if (m->most != 0 && v > m->most)
        number_error(c, m, base, where,
                     "Member must have value less than or equal to ", m->most);
}

static void check_length(checker *c, const ddbi_member *m, const char *base,
                         const place *where)
{
    size_t n;

    if (m->min_n == 0 && m->max_n == 0)
        return;
    n = length(m, base);
    if (n < m->min_n)
        number_error(c, m, base, where, AT_LEAST, m->min_n);
    if (m->max_n != 0 && n > m->max_n)
        number_error(c, m, base, where, AT_MOST, m->max_n);
}

/* The names of a map are tables'; one that is wrong is enough for an error,
 * and each such is one. */
static void check_keys(checker *c, const ddbi_member *m, const char *base,
                       const place *where)
{
    const char *element = ddbi_pointer_at(base, m->at);
    uint32_t n = ddbi_count_at(base, m->count);

    for (uint32_t i = 0; i < n && c->n < MOST_ERRORS; i++, element += m->size) {
        ddb_bytes key;

        memcpy(&key, element + m->key, sizeof key);
        if (is_arn(key) || (is_name(key) && key.n >= DDBI_MIN_TABLE_NAME &&
                            key.n <= DDBI_MAX_TABLE_NAME))
            continue;
        error(c, m, base, where,
              "Map keys must satisfy constraint: [" AT_MOST "255, " AT_LEAST
              "3, Member must satisfy regular expression pattern: " NAME_PATTERN
              "]");
    }
}

static void check_each(checker *c, const ddbi_member *m, const char *base,
                       const place *where)
{
    const char *element = ddbi_pointer_at(base, m->at);
    uint32_t n = ddbi_count_at(base, m->count);

    for (uint32_t i = 0; i < n && c->n < MOST_ERRORS; i++, element += m->size) {
        uint32_t each = ddbi_count_at(element, m->members->count);

        /* A list that is null has nothing to write, as one that is empty. */
        if ((each >= m->min_each && each <= m->max_each) ||
            !begin_error(c, m, base, where))
            continue;
        ddbi_buf_add_str(&c->text, "Map value must satisfy constraint: "
                                   "[" AT_MOST);
        ddbi_buf_add_u64(&c->text, m->max_each);
        ddbi_buf_add_str(&c->text, ", " AT_LEAST);
        ddbi_buf_add_u64(&c->text, m->min_each);
        ddbi_buf_add_c(&c->text, ']');
    }
}

/* ---- The walk ----------------------------------------------------------- */

/* As deep as the tables are.  NOLINTBEGIN(misc-no-recursion) */

static void check_struct(checker *c, const ddbi_member *members,
                         const char *base, const place *outer);

static void check_elements(checker *c, const ddbi_member *m, const char *base,
                           const place *where)
{
    const char *element = ddbi_pointer_at(base, m->at);
    uint32_t n = ddbi_count_at(base, m->count);

    for (uint32_t i = 0; i < n && c->n < MOST_ERRORS; i++, element += m->size) {
        place p = {.outer = where};

        if (m->kind == DDBI_IS_LIST)
            p.number = i + 1;
        else
            memcpy(&p.key, element + m->key, sizeof p.key);
        if (m->kind == DDBI_IS_LISTS)
            check_elements(c, m->members, element, &p);
        else
            check_struct(c, m->members, element, &p);
    }
}

static void check_inside(checker *c, const ddbi_member *m, const char *base,
                         const place *where)
{
    switch ((ddbi_kind)m->kind) {
    case DDBI_IS_STRING:
        check_string(c, m, base, where);
        check_length(c, m, base, where);
        break;
    case DDBI_IS_INTEGER:
    case DDBI_IS_LONG:
        check_number(c, m, base, where);
        break;
    case DDBI_IS_STRUCT:
    case DDBI_IS_CHOICE:
        check_struct(c, m->members,
                     m->size != 0 ? ddbi_pointer_at(base, m->at) : base + m->at,
                     where);
        break;
    case DDBI_IS_STRINGS:
    case DDBI_IS_NAMES:
    case DDBI_IS_ITEMS:
        check_length(c, m, base, where);
        break;
    case DDBI_IS_LIST:
    case DDBI_IS_MAP:
    case DDBI_IS_LISTS:
        check_length(c, m, base, where);
        if (m->pattern)
            check_keys(c, m, base, where);
        if (m->max_each != 0)
            check_each(c, m, base, where);
        if (m->members != NULL)
            check_elements(c, m, base, where);
        break;
    default:
        break;
    }
}

static void check_struct(checker *c, const ddbi_member *members,
                         const char *base, const place *outer)
{
    for (const ddbi_member *m = members; m->name != NULL; m++) {
        place where = {.outer = outer, .name = m->name};
        ddb_bytes text;

        if (!ddbi_is_there(m, base)) {
            if (m->required)
                error(c, m, base, &where, "Member must not be null");
            continue;
        }
        if (m->role == DDBI_LEGACY && c->legacy == NULL)
            c->legacy = m->name;
        if (m->role == DDBI_OTHER && c->other == NULL)
            c->other = m->name;
        memcpy(&text, base + m->at, m->arn ? sizeof text : 0);
        if (!m->arn || !is_arn(text))
            check_inside(c, m, base, &where);
    }
}

/* NOLINTEND(misc-no-recursion) */

/* Parameters whose absence has its own words. */
static const ddbi_member *missing_parameter(const ddbi_member *m,
                                            const char *base)
{
    for (; m->name != NULL; m++)
        if (m->parameter && !ddbi_is_there(m, base))
            return m;
    return NULL;
}

ddb_code ddbi_check_limits(ddbi_ask *a, const ddbi_member *members)
{
    checker c = {.a = a};
    ddb_code code = DDB_OK;
    const ddbi_member *m = missing_parameter(members, (const char *)a->in);

    if (m != NULL)
        return ddbi_refuse_invalid(a,
                                   "The parameter '%s' is required but was not "
                                   "present in the request",
                                   m->name);

    check_struct(&c, members, (const char *)a->in, NULL);
    a->in->legacy = c.legacy;
    a->in->other = c.other;
    if (c.text.failed != DDB_OK)
        code = ddbi_ask_nomem(a);
    else if (c.n > 0)
        code =
            ddbi_refuse_invalid(a, "%d validation error%s detected: %.*s", c.n,
                                c.n > 1 ? "s" : "", (int)c.text.n, c.text.p);
    ddbi_buf_free(&c.text);
    return code;
}
