/* SPDX-License-Identifier: MIT */
#include "oom.h"
#include "server_keys.h"
#include "tests.h"

#include "base/alloc.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *text;
    const char *keys; /* "id secret token|..." */
} good[] = {
    {"", ""},
    {"\n\r\n# nothing\n; at all\n[default]\n", ""},
    {"aws_access_key_id=A\naws_secret_access_key=S", "A S -|"},
    {"aws_secret_access_key=S\r\naws_access_key_id=A\r\n", "A S -|"},
    {"[default]\naws_access_key_id = AK/1+\n aws_secret_access_key\t=\tS=/+\n"
     "aws_session_token = T==\nregion = eu-west-1\noutput=\n",
     "AK/1+ S=/+ T==|"},
    {"[a]\naws_access_key_id=A\naws_secret_access_key=S\n"
     "[profile b]\nrole_arn = x\nsource_profile = a\n"
     "[c]\nAWS_ACCESS_KEY_ID=C\nAWS_Secret_Access_Key=D\n",
     "A S -|C D -|"},
    {"aws_access_key_id=A\naws_secret_access_key=S\n[b]\n"
     "aws_access_key_id=A\naws_secret_access_key=S2\naws_session_token=T\n",
     "A S -|A S2 T|"},
};

START_TEST(reads_key_pairs)
{
    server_keys k = {0};
    ddb_err err = {0};
    char got[256] = "";
    size_t n = 0;

    ck_assert_msg(server_keys_parse(&k, good[_i].text, strlen(good[_i].text),
                                    &err) == DDB_OK,
                  "%s", err.message);
    for (size_t i = 0; i < k.n; i++)
        n += (size_t)snprintf(got + n, sizeof got - n, "%s %s %s|", k.p[i].id,
                              k.p[i].secret,
                              k.p[i].token != NULL ? k.p[i].token : "-");
    ck_assert_str_eq(got, good[_i].keys);
    server_keys_free(&k);
}
END_TEST

static const struct {
    const char *text;
    const char *says;
} bad[] = {
    {"AKIDEXAMPLE secret", "line 1 "},
    {"\n[default\n", "line 2 "},
    {"[a]\naws_access_key_id=A\n[b]\naws_secret_access_key=S\n",
     "line 1 has no aws_secret_access_key"},
    {"[a]\n\n[b]\naws_secret_access_key=S\n",
     "line 3 has no aws_access_key_id"},
    {"aws_session_token=T", "has no aws_access_key_id"},
    {"aws_access_key_id=\n", "line 1 "},
    {"aws_access_key_id=a b\n", "line 1 "},
    {"aws_access_key_id=\x80\n", "line 1 "},
    {"aws_access_key_id=A\naws_access_key_id=B\n", "line 2: "},
};

START_TEST(says_what_is_wrong_where_and_no_secret)
{
    server_keys k = {0};
    ddb_err err = {0};

    ck_assert_int_eq(
        server_keys_parse(&k, bad[_i].text, strlen(bad[_i].text), &err),
        DDB_INVALID);
    ck_assert_msg(strstr(err.message, bad[_i].says) != NULL, "%s", err.message);
    ck_assert_ptr_null(strstr(err.message, "secret "));
    server_keys_free(&k);
}
END_TEST

START_TEST(leaks_nothing_without_memory)
{
    static const char text[] =
        "aws_access_key_id=A\naws_secret_access_key=S\naws_session_token=T\n"
        "[b]\naws_access_key_id=B\naws_secret_access_key=S\n";

    for (long n = 0;; n++) {
        server_keys k = {0};
        ddb_code code;

        oom_begin(n);
        code = server_keys_parse(&k, text, sizeof text - 1, NULL);
        server_keys_free(&k);
        ck_assert_int_eq(oom_live(), 0);
        if (!oom_end()) {
            ck_assert_int_eq(code, DDB_OK);
            break;
        }
        ck_assert_int_eq(code, DDB_NOMEM);
    }
}
END_TEST

Suite *suite_server_keys(void)
{
    Suite *s = suite_create("server_keys");
    TCase *tc = tcase_create("server_keys");

    tcase_add_loop_test(tc, reads_key_pairs, 0, ROWS(good));
    tcase_add_loop_test(tc, says_what_is_wrong_where_and_no_secret, 0,
                        ROWS(bad));
    tcase_add_test(tc, leaks_nothing_without_memory);
    suite_add_tcase(s, tc);
    return s;
}
