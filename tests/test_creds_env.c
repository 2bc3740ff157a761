/* SPDX-License-Identifier: MIT */
#include "creds/creds.h"
#include "oom.h"
#include "tests.h"

#include <string.h>

/* The environment: name, value, ... NULL. */
static const char *look_up(void *arg, const char *name)
{
    const char *const *pairs = arg;

    for (; pairs[0] != NULL; pairs += 2)
        if (strcmp(pairs[0], name) == 0)
            return pairs[1];
    return NULL;
}

static const struct {
    const char *name;
    const char *environment[11];
    ddbi_creds_state state;
    const char *token; /* DONE */
    const char *says;  /* FAILED */
} cases[] = {
    {"nothing", {NULL}, DDBI_CREDS_NONE, NULL, NULL},
    {"empty ones",
     {"AWS_ACCESS_KEY_ID", "", "AWS_SECRET_ACCESS_KEY", "", NULL},
     DDBI_CREDS_NONE,
     NULL,
     NULL},
    {"a token alone",
     {"AWS_SESSION_TOKEN", "T", NULL},
     DDBI_CREDS_NONE,
     NULL,
     NULL},
    {"both",
     {"AWS_ACCESS_KEY_ID", "ID", "AWS_SECRET_ACCESS_KEY", "SECRET", NULL},
     DDBI_CREDS_DONE,
     NULL,
     NULL},
    {"with a token",
     {"AWS_ACCESS_KEY_ID", "ID", "AWS_SECRET_ACCESS_KEY", "SECRET",
      "AWS_SESSION_TOKEN", "T", "AWS_SECURITY_TOKEN", "OLD", NULL},
     DDBI_CREDS_DONE,
     "T",
     NULL},
    {"with a token by its old name",
     {"AWS_ACCESS_KEY_ID", "ID", "AWS_SECRET_ACCESS_KEY", "SECRET",
      "AWS_SESSION_TOKEN", "", "AWS_SECURITY_TOKEN", "OLD", NULL},
     DDBI_CREDS_DONE,
     "OLD",
     NULL},
    {"no secret",
     {"AWS_ACCESS_KEY_ID", "ID", NULL},
     DDBI_CREDS_FAILED,
     NULL,
     "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not"},
    {"no id",
     {"AWS_ACCESS_KEY_ID", "", "AWS_SECRET_ACCESS_KEY", "SECRET", NULL},
     DDBI_CREDS_FAILED,
     NULL,
     "AWS_SECRET_ACCESS_KEY is set, but AWS_ACCESS_KEY_ID is not"},
};

START_TEST(reads_the_environment)
{
    ddbi_provider *p =
        ddbi_provider_env(look_up, (void *)cases[_i].environment);
    ddb_credentials out = {0};
    ddbi_creds_request request = {0};
    ddbi_creds_in in = {0};
    ddb_err err = {0};

    ck_assert_ptr_nonnull(p);
    ck_assert_int_eq(p->refreshes, 0);
    ck_assert_int_eq(p->blocks, 0);
    ck_assert_msg(p->step(p, &in, &request, &out, &err) == cases[_i].state,
                  "%s", cases[_i].name);
    if (cases[_i].state == DDBI_CREDS_DONE) {
        ck_assert_str_eq(out.access_key_id, "ID");
        ck_assert_str_eq(out.secret_access_key, "SECRET");
        ck_assert_pstr_eq(out.session_token, cases[_i].token);
        ck_assert_int_eq(out.expires_at, 0);
    }
    if (cases[_i].says != NULL) {
        ck_assert_int_eq(err.code, DDB_NO_CREDENTIALS);
        ck_assert_str_eq(err.message, cases[_i].says);
        ck_assert_ptr_null(strstr(err.message, "SECRET is"));
    }
    p->close(p);
}
END_TEST

START_TEST(reads_it_once_and_keeps_a_copy)
{
    char id[] = "ID", secret[] = "SECRET";
    const char *environment[] = {"AWS_ACCESS_KEY_ID", id,
                                 "AWS_SECRET_ACCESS_KEY", secret, NULL};
    ddbi_provider *p = ddbi_provider_env(look_up, environment);
    ddb_credentials out = {0};
    ddbi_creds_request request = {0};
    ddbi_creds_in in = {0};

    memset(id, 'x', 2);
    environment[0] = NULL;
    ck_assert_int_eq(p->step(p, &in, &request, &out, NULL), DDBI_CREDS_DONE);
    ck_assert_str_eq(out.access_key_id, "ID");
    p->close(p);
}
END_TEST

START_TEST(every_allocation_may_fail)
{
    ddbi_provider *p;

    for (long n = 0;; n++) {
        oom_begin(n);
        p = ddbi_provider_env(look_up, (void *)cases[4].environment);
        if (p != NULL)
            p->close(p);
        if (!oom_end())
            break;
        ck_assert_ptr_null(p);
        ck_assert_int_eq(oom_live(), 0);
    }
    ck_assert_ptr_nonnull(p);
    ck_assert_int_eq(oom_live(), 0);
}
END_TEST

Suite *suite_creds_env(void)
{
    Suite *s = suite_create("creds_env");
    TCase *t = tcase_create("creds_env");

    tcase_add_loop_test(t, reads_the_environment, 0,
                        (int)(sizeof cases / sizeof cases[0]));
    tcase_add_test(t, reads_it_once_and_keeps_a_copy);
    tcase_add_test(t, every_allocation_may_fail);
    suite_add_tcase(s, t);
    return s;
}
