/* SPDX-License-Identifier: MIT */
/* The command line of ddb; what it does with it is in tests/check-tool. */
#include "cli.h"
#include "tests.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int run_nothing(cli *c)
{
    (void)c;
    return CLI_DONE;
}

static const cli_command commands[] = {
    {"get", "KEY", "", run_nothing, CLI_OUTPUT, 1, 1},
    {"put", "KEY [VALUE]", "", run_nothing, CLI_TTL | CLI_INPUT | CLI_BINARY, 1,
     2},
    {"del", "KEY...", "", run_nothing, 0, 1, -1},
    {"incr", "KEY [BY]", "", run_nothing, CLI_SIGNED | CLI_TTL, 1, 2},
    {"touch", "KEY", "", run_nothing, CLI_TTL | CLI_TTL_NEEDED, 1, 1},
    {"keys", "", "", run_nothing, CLI_NULL | CLI_LIMIT | CLI_REVERSE, 0, 0},
    {0}};

#define MAX_WORDS 12

/* Errors go nowhere: only that there is one matters here. */
static int parse(cli *c, const char *const *words)
{
    static char *argv[MAX_WORDS + 2];
    int argc = 1;
    int saved = dup(STDERR_FILENO);
    int nowhere = open("/dev/null", O_WRONLY);
    int status;

    argv[0] = (char *)"ddb";
    for (; words[argc - 1] != NULL; argc++)
        argv[argc] = (char *)words[argc - 1];
    argv[argc] = NULL;
    dup2(nowhere, STDERR_FILENO);
    status = cli_parse(c, commands, argc, argv);
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(nowhere);
    return status;
}

static void clean_environment(void)
{
    unsetenv("DDB_ENDPOINT");
    unsetenv("DDB_TABLE");
    unsetenv("DDB_NAMESPACE");
    unsetenv("DDB_ALLOW_HTTP");
}

/* Each row says the same. */
static const char *const alike[][MAX_WORDS] = {
    {"put", "-t", "tab", "-i", "file", "--ttl", "5", "key"},
    {"-ttab", "put", "key", "-ifile", "--ttl=5"},
    {"put", "key", "--ttl=5", "--input=file", "--table=tab"},
    {"--ttl", "5", "--input", "file", "--table", "tab", "put", "key"},
    {"put", "--ttl", "4", "key", "--ttl", "5", "-i", "file", "-t", "tab"},
    {"-t", "tab", "-i", "file", "--ttl", "5", "--", "put", "key"},
};

START_TEST(options_stand_anywhere)
{
    cli c;

    ck_assert_int_eq(parse(&c, alike[_i]), CLI_DONE);
    ck_assert_str_eq(c.command->name, "put");
    ck_assert_int_eq(c.n_operands, 1);
    ck_assert_str_eq(c.operands[0], "key");
    ck_assert_str_eq(c.table, "tab");
    ck_assert_str_eq(c.name_space, "default");
    ck_assert_str_eq(c.input, "file");
    ck_assert_int_eq(c.ttl, 5);
    ck_assert_int_eq(c.binary, 0);
}
END_TEST

START_TEST(two_dashes_end_options)
{
    static const char *const words[] = {"del",   "-t", "tab", "--", "-t",
                                        "--ttl", "--", "-",   NULL};
    static const char *const want[] = {"-t", "--ttl", "--", "-"};
    cli c;

    ck_assert_int_eq(parse(&c, words), CLI_DONE);
    ck_assert_int_eq(c.n_operands, 4);
    for (int i = 0; i < 4; i++)
        ck_assert_str_eq(c.operands[i], want[i]);
}
END_TEST

START_TEST(a_lone_dash_is_an_operand)
{
    static const char *const words[] = {"put", "key", "-", "--binary", NULL};
    cli c;

    ck_assert_int_eq(parse(&c, words), CLI_DONE);
    ck_assert_str_eq(c.operands[1], "-");
    ck_assert_int_eq(c.binary, 1);
}
END_TEST

START_TEST(a_command_may_take_numbers_below_zero)
{
    static const char *const words[][MAX_WORDS] = {
        {"incr", "key", "-5", "--ttl", "7"},
        {"--ttl=7", "incr", "key", "--", "-5"}};
    cli c;

    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(parse(&c, words[i]), CLI_DONE);
        ck_assert_int_eq(c.n_operands, 2);
        ck_assert_str_eq(c.operands[1], "-5");
        ck_assert_int_eq(c.ttl, 7);
    }
}
END_TEST

START_TEST(an_argument_may_look_like_an_option)
{
    static const char *const words[] = {"get", "-t",  "--", "-o",
                                        "-o",  "key", NULL};
    cli c;

    ck_assert_int_eq(parse(&c, words), CLI_DONE);
    ck_assert_str_eq(c.table, "--");
    ck_assert_str_eq(c.output, "-o");
    ck_assert_str_eq(c.operands[0], "key");
}
END_TEST

START_TEST(letters_can_be_joined)
{
    static const char *const words[] = {"keys", "-0ttab", NULL};
    cli c;

    ck_assert_int_eq(parse(&c, words), CLI_DONE);
    ck_assert_int_eq(c.null, 1);
    ck_assert_str_eq(c.table, "tab");
}
END_TEST

static const char *const wrong[][MAX_WORDS] = {
    {NULL},
    {"no such command"},
    {"get"},
    {"get", "a", "b"},
    {"get", "--binary", "key"},
    {"get", "key", "-t"},
    {"get", "key", "--table"},
    {"get", "key", "--tabl", "x"},
    {"get", "key", "--tables", "x"},
    {"get", "key",
     "-"
     "x"},
    {"get", "key", "-\xc3\xa4"},
    {"get", "key", "--=x"},
    {"del", "key", "-5"},
    {"-5", "incr", "key"},
    {"incr", "key", "-x"},
    {"keys", "--shards", "0"},
    {"keys", "--shards", "-1"},
    {"keys", "--large=1"},
    {"put", "key", "value", "--binary=1"},
    {"put", "key", "value", "--binary="},
    {"put", "key", "value", "--ttl", ""},
    {"put", "key", "value", "--ttl", " 5"},
    {"put", "key", "value", "--ttl", "+5"},
    {"put", "key", "value", "--ttl", "5s"},
    {"put", "key", "value", "--ttl", "9223372036854775808"},
    {"put", "key", "value", "--ttl", "0"},
    {"touch", "key"},
    {"touch", "key", "--ttl", "-1"},
    {"touch", "key", "--ttl", ""},
    {"get", "key", "-p", "profile"},
};

START_TEST(refuses_wrong_usage)
{
    cli c;

    ck_assert_int_eq(parse(&c, wrong[_i]), CLI_USAGE);
}
END_TEST

START_TEST(a_needed_ttl_may_be_0)
{
    static const char *const words[][MAX_WORDS] = {
        {"touch", "key", "--ttl", "0"}, {"touch", "key", "--ttl", "7"}};
    cli c;

    ck_assert_int_eq(parse(&c, words[0]), CLI_DONE);
    ck_assert_int_eq(c.ttl, 0);
    ck_assert_int_eq(parse(&c, words[1]), CLI_DONE);
    ck_assert_int_eq(c.ttl, 7);
}
END_TEST

START_TEST(help_needs_nothing_else)
{
    static const char *const words[][4] = {
        {"--help"}, {"get", "--help"}, {"-h", "put"}, {"--version"}};
    cli c;

    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(parse(&c, words[i]), CLI_DONE);
        ck_assert_int_eq(c.help + c.version, 1);
    }
}
END_TEST

START_TEST(environment_stands_in_for_options)
{
    static const char *const none[] = {"keys", NULL};
    static const char *const given[] = {"keys", "-e", "e", "-t",
                                        "t",    "-n", "n", NULL};
    cli c;

    clean_environment();
    ck_assert_int_eq(parse(&c, none), CLI_DONE);
    ck_assert_ptr_null(c.endpoint);
    ck_assert_str_eq(c.table, "ddb");
    ck_assert_str_eq(c.name_space, "default");
    ck_assert_int_eq(c.allow_http, 0);
    setenv("DDB_ENDPOINT", "E", 1);
    setenv("DDB_TABLE", "T", 1);
    setenv("DDB_NAMESPACE", "N", 1);
    setenv("DDB_ALLOW_HTTP", "1", 1);
    ck_assert_int_eq(parse(&c, none), CLI_DONE);
    ck_assert_str_eq(c.endpoint, "E");
    ck_assert_str_eq(c.table, "T");
    ck_assert_str_eq(c.name_space, "N");
    ck_assert_int_eq(c.allow_http, 1);
    ck_assert_int_eq(parse(&c, given), CLI_DONE);
    ck_assert_str_eq(c.endpoint, "e");
    ck_assert_str_eq(c.table, "t");
    ck_assert_str_eq(c.name_space, "n");
    clean_environment();
}
END_TEST

static const struct {
    const char *value;
    int status;
    int allow_http;
} http[] = {
    {"", CLI_DONE, 0},     {"0", CLI_DONE, 0},   {"1", CLI_DONE, 1},
    {"yes", CLI_USAGE, 0}, {"01", CLI_USAGE, 0},
};

START_TEST(http_is_allowed_by_1_alone)
{
    static const char *const words[] = {"keys", NULL};
    cli c;

    setenv("DDB_ALLOW_HTTP", http[_i].value, 1);
    ck_assert_int_eq(parse(&c, words), http[_i].status);
    ck_assert_int_eq(c.allow_http, http[_i].allow_http);
    clean_environment();
}
END_TEST

static const struct {
    ddb_code code;
    int status;
} codes[] = {
    {DDB_OK, 0},          {DDB_NOT_FOUND, 1},      {DDB_CONDITION_FAILED, 1},
    {DDB_PARTIAL, 3},     {DDB_CONFLICT, 3},       {DDB_INVALID, 2},
    {DDB_TOO_LARGE, 2},   {DDB_NOMEM, 6},          {DDB_NO_REGION, 5},
    {DDB_FORKED, 6},      {DDB_NO_CREDENTIALS, 5}, {DDB_UNSUPPORTED, 4},
    {DDB_SYSTEM, 6},      {DDB_TIMEOUT, 4},        {DDB_NETWORK, 4},
    {DDB_TLS, 4},         {DDB_CLOCK, 4},          {DDB_BAD_ANSWER, 4},
    {DDB_AMBIGUOUS, 4},   {DDB_THROTTLED, 3},      {DDB_ANSWER_TOO_LARGE, 4},
    {DDB_UNAVAILABLE, 3}, {DDB_CREDENTIALS, 3},    {DDB_ACCESS_DENIED, 3},
    {DDB_NO_TABLE, 3},    {DDB_IN_USE, 3},         {DDB_VALIDATION, 3},
    {DDB_SERVICE, 3},     {DDB_BAD_VALUE, 4},      {DDB_WRONG_KIND, 2},
    {DDB_UNORDERED, 2},
};

START_TEST(each_code_has_its_exit_status)
{
    ck_assert_int_eq(cli_status(codes[_i].code), codes[_i].status);
}
END_TEST

START_TEST(reads_lines_up_to_a_limit)
{
    static const char text[] = "one\n\nthr\0ee\n12345\n123456\nlast";
    FILE *in = fmemopen((void *)text, sizeof text - 1, "r");
    char *line = NULL;
    size_t room = 0;
    size_t n;

    ck_assert_int_eq(cli_read_line(in, 5, &line, &room, &n), 1);
    ck_assert_mem_eq(line, "one", 3);
    ck_assert_uint_eq(n, 3);
    ck_assert_int_eq(cli_read_line(in, 5, &line, &room, &n), 1);
    ck_assert_uint_eq(n, 0);
    ck_assert_int_eq(cli_read_line(in, 6, &line, &room, &n), 1);
    ck_assert_mem_eq(line, "thr\0ee", 6);
    ck_assert_int_eq(cli_read_line(in, 5, &line, &room, &n), 1);
    ck_assert_uint_eq(n, 5);
    ck_assert_int_eq(cli_read_line(in, 5, &line, &room, &n), -1);
    ck_assert_int_eq(cli_read_line(in, 5, &line, &room, &n), 1);
    ck_assert_int_eq(cli_read_line(in, 5, &line, &room, &n), 1);
    ck_assert_mem_eq(line, "last", 4);
    ck_assert_int_eq(cli_read_line(in, 5, &line, &room, &n), 0);
    fclose(in);
    free(line);
}
END_TEST

START_TEST(tells_text_from_bytes)
{
    ck_assert_int_eq(cli_is_text("", 0), 1);
    ck_assert_int_eq(cli_is_text("a\0\xc3\xa4", 4), 1);
    ck_assert_int_eq(cli_is_text("\xc3", 1), 0);
    ck_assert_int_eq(cli_is_text("\xff\xfe", 2), 0);
}
END_TEST

#define COUNT(table) ((int)(sizeof table / sizeof table[0]))

Suite *suite_cli(void)
{
    Suite *s = suite_create("cli");
    TCase *tc = tcase_create("parse");

    tcase_add_checked_fixture(tc, clean_environment, NULL);
    tcase_add_loop_test(tc, options_stand_anywhere, 0, COUNT(alike));
    tcase_add_test(tc, two_dashes_end_options);
    tcase_add_test(tc, a_lone_dash_is_an_operand);
    tcase_add_test(tc, a_command_may_take_numbers_below_zero);
    tcase_add_test(tc, an_argument_may_look_like_an_option);
    tcase_add_test(tc, letters_can_be_joined);
    tcase_add_loop_test(tc, refuses_wrong_usage, 0, COUNT(wrong));
    tcase_add_test(tc, a_needed_ttl_may_be_0);
    tcase_add_test(tc, help_needs_nothing_else);
    tcase_add_test(tc, environment_stands_in_for_options);
    tcase_add_loop_test(tc, http_is_allowed_by_1_alone, 0, COUNT(http));
    suite_add_tcase(s, tc);
    tc = tcase_create("io");
    tcase_add_loop_test(tc, each_code_has_its_exit_status, 0, COUNT(codes));
    tcase_add_test(tc, reads_lines_up_to_a_limit);
    tcase_add_test(tc, tells_text_from_bytes);
    suite_add_tcase(s, tc);
    return s;
}
