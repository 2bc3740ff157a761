/* SPDX-License-Identifier: MIT */
/* Answers to conditional writes as letters, for the tests of those that
 * survive lost ones:
 *
 *     play("LM", "{\"N\":\"5\"}");
 *
 * is an attempt whose answer is lost and a second one that fails its
 * condition, because the item is there with our own version. */
#ifndef LOSTFIX_H
#define LOSTFIX_H

#include "kvfix.h"

#define SEEN "AQEBAQEBAQEBAQEBAQEBAQ==" /* version of what was seen */
#define OTHER "AgICAgICAgICAgICAgICAg=="

#define KEY "{\"namespace\":{\"S\":\"ns\"},\"key\":{\"S\":\"k\"}}"
#define GET "{\"TableName\":\"tab\",\"Key\":" KEY ",\"ConsistentRead\":true}"
#define ITEM(rest)                                                             \
    "{\"namespace\":{\"S\":\"ns\"},\"key\":{\"S\":\"k\"}," rest "}"
#define FAILED "ConditionalCheckFailedException"

/* An item with this value, by its letter. */
static inline const char *lostfix_item(char letter, const char *value)
{
    static const struct {
        char letter;
        const char *rest;
    } items[] = {
        {'S', ",\"version\":{\"B\":\"" SEEN "\"}"},
        {'E', ",\"version\":{\"B\":\"" SEEN "\"},\"ttl\":{\"N\":\"5\"}"},
        {'M', ",\"version\":{\"B\":\"" KVFIX_VERSION "\"}"},
        {'O', ",\"version\":{\"B\":\"" OTHER "\"}"},
        {'F', ""}, /* of a program that keeps no versions */
        {'X', ",\"ttl\":{\"N\":\"5\"}"}, /* the same, expired */
    };
    static char text[512];

    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++)
        if (items[i].letter == letter) {
            snprintf(text, sizeof text,
                     "{\"namespace\":{\"S\":\"ns\"},\"key\":{\"S\":\"k\"},"
                     "\"value\":%s%s}",
                     value, items[i].rest);
            return text;
        }
    ck_abort_msg("no item %c", letter);
    return NULL;
}

/* L: 500, which may have been applied; T: throttled; !: access denied; k:
 * 200 {}; -: the condition fails, and nothing is told; n: 200 without item.
 * S E M O F X: it fails for this item; the same in lower case: it is read. */
static inline void play(const char *script, const char *value)
{
    char body[1024];

    for (const char *p = script; *p != '\0'; p++) {
        switch (*p) {
        case 'L':
            fake_error(f, 500, "InternalServerError", "try again");
            break;
        case 'T':
            fake_error(f, 400, "ThrottlingException", "slower");
            break;
        case '!':
            fake_error(f, 400, "AccessDeniedException", "no");
            break;
        case 'k':
        case 'n':
            fake_answer(f, "{}");
            break;
        case '-':
            fake_error(f, 400, FAILED, "no");
            break;
        default:
            if (*p >= 'a') {
                snprintf(body, sizeof body, "{\"Item\":%s}",
                         lostfix_item((char)(*p - 'a' + 'A'), value));
                fake_answer(f, body);
                break;
            }
            snprintf(body, sizeof body,
                     "{\"__type\":\"x#" FAILED "\",\"message\":\"no\","
                     "\"Item\":%s}",
                     lostfix_item(*p, value));
            fake_add(f, &(fake_step){.status = 400, .body = body});
        }
    }
}

/* What a script comes to. */
typedef struct {
    const char *name;
    const char *script;
    ddb_code code;
    int maybe_applied;
} lost_case;

static inline void lostfix_check(const lost_case *k, ddb_code code)
{
    ck_assert_msg(code == k->code && err.code == k->code, "%s: %s: %s", k->name,
                  ddb_code_name(code), err.message);
    ck_assert_msg(err.maybe_applied == k->maybe_applied, "%s", k->name);
    ck_assert_msg(fake_left(f) == 0 && fake_count(f) == strlen(k->script),
                  "%s: %zu requests", k->name, fake_count(f));
}

/* Open the store anew, with a schema of its own. */
static inline void reopen(const ddb_kv_schema *schema)
{
    const ddb_kv_options opt = {.table = "tab",
                                .name_space = schema->key_only ? NULL : "ns",
                                .schema = schema};

    ddb_kv_close(kv);
    ck_assert_int_eq(ddb_kv_open(c, &opt, &kv, &err), DDB_OK);
}

#endif
