/* SPDX-License-Identifier: MIT */
#include "server_options.h"
#include "tests.h"

#include <stdio.h>
#include <string.h>

#define MAX_WORDS 8

static ddb_code parse(const char *line, server_options *o, ddb_err *err)
{
    static char name[] = "ddb-local", words[256];
    char *argv[MAX_WORDS + 1] = {name};
    int argc = 1;

    ck_assert(strlen(line) < sizeof words);
    snprintf(words, sizeof words, "%s", line);
    for (char *p = words; *p != '\0';) {
        size_t n = strcspn(p, " ");

        ck_assert_int_lt(argc, MAX_WORDS);
        argv[argc++] = p;
        p += n;
        if (*p == ' ')
            *p++ = '\0';
    }
    *err = (ddb_err){0};
    return server_options_parse(o, argc, argv, err);
}

static server_options good(const char *line)
{
    server_options o;
    ddb_err err;

    ck_assert_msg(parse(line, &o, &err) == DDB_OK, "%s: %s", line, err.message);
    return o;
}

START_TEST(has_defaults)
{
    server_options o = good("");

    ck_assert_str_eq(o.bind, "127.0.0.1");
    ck_assert_int_eq(o.port, 8000);
    ck_assert_ptr_null(o.file);
    ck_assert_int_eq(o.sync, DDBI_SYNC_FULL);
    ck_assert_int_eq(o.max_request, 16 * 1024 * 1024);
    ck_assert_int_eq(o.throttle.on, 0);
    ck_assert_int_eq(o.close_idle, 0);
    ck_assert_int_eq(o.has_seed, 0);
    ck_assert_str_eq(o.region, "local");
}
END_TEST

START_TEST(takes_an_argument_behind_or_attached)
{
    ck_assert_int_eq(good("--port 0").port, 0);
    ck_assert_int_eq(good("--port=65535").port, 65535);
    ck_assert_str_eq(good("--file=a=b").file, "a=b");
    ck_assert_str_eq(good("--file --port").file, "--port");
    ck_assert_int_eq(good("--help").help, 1);
    ck_assert_int_eq(good("-h").help, 1);
    ck_assert_int_eq(good("--version --quiet").quiet, 1);
}
END_TEST

static const struct {
    const char *line;
    int64_t want;
} sizes[] = {
    {"--max-request 1024", 1024},         {"--max-request 1K", 1024},
    {"--max-request 64K", 65536},         {"--max-request 1M", 1048576},
    {"--max-request 64M", 64 << 20},      {"--max-request=65536K", 64 << 20},
    {"--max-request 67108864", 64 << 20},
};

START_TEST(reads_sizes)
{
    ck_assert_int_eq(good(sizes[_i].line).max_request, sizes[_i].want);
}
END_TEST

static const struct {
    const char *line;
    double want;
} rates[] = {
    {"--fail-rate 0", 0},       {"--fail-rate 1", 1},
    {"--fail-rate 0.25", 0.25}, {"--fail-rate .5", 0.5},
    {"--fail-rate 1.", 1},      {"--fail-rate 12.5%", 0.125},
    {"--fail-rate=100%", 1},    {"--fail-rate 0.000001", 0.000001},
};

START_TEST(reads_rates)
{
    double got = good(rates[_i].line).fail_rate;

    ck_assert_double_eq_tol(got, rates[_i].want, 1e-12);
}
END_TEST

START_TEST(reads_ranges_of_latency)
{
    server_options o = good("--latency 20");

    ck_assert_int_eq(o.latency.least, 20);
    ck_assert_int_eq(o.latency.most, 20);
    o = good("--latency 0-3600000");
    ck_assert_int_eq(o.latency.least, 0);
    ck_assert_int_eq(o.latency.most, 3600000);
}
END_TEST

START_TEST(reads_capacities)
{
    server_options o = good("--throttle");

    ck_assert_int_eq(o.throttle.on, 1);
    ck_assert_double_eq(o.throttle.wcu, 1000);
    ck_assert_double_eq(o.throttle.rcu, 3000);
    ck_assert_double_eq(o.throttle.burst, 0);
    o = good("--throttle wcu=2.5,burst=300 --port 1");
    ck_assert_double_eq(o.throttle.wcu, 2.5);
    ck_assert_double_eq(o.throttle.rcu, 3000);
    ck_assert_double_eq(o.throttle.burst, 300);
    ck_assert_int_eq(o.port, 1);
    o = good("--throttle=rcu=1,wcu=1,burst=0");
    ck_assert_double_eq(o.throttle.rcu, 1);
    o = good("--throttle --port 2");
    ck_assert_int_eq(o.throttle.on, 1);
    ck_assert_int_eq(o.port, 2);
}
END_TEST

START_TEST(reads_offsets_seeds_and_idle_times)
{
    server_options o = good("--clock-offset -3600 --close-idle 50,late");

    ck_assert_int_eq(o.clock_offset, -3600);
    ck_assert_int_eq(o.close_idle, 50);
    ck_assert_int_eq(o.close_late, 1);
    o = good("--clock-offset +5 --close-idle 1 --seed 0");
    ck_assert_int_eq(o.clock_offset, 5);
    ck_assert_int_eq(o.close_late, 0);
    ck_assert_int_eq(o.has_seed, 1);
    ck_assert_int_eq(o.seed, 0);
    ck_assert_int_eq(good("--seed=9223372036854775807").seed, INT64_MAX);
    ck_assert_int_eq(good("--sync normal").sync, DDBI_SYNC_NORMAL);
    ck_assert_int_eq(good("--sync=off").sync, DDBI_SYNC_OFF);
}
END_TEST

static const char *const bad[] = {
    "--region eu/west",
    "--region=EU",
    "operand",
    "-",
    "--",
    "--nothing",
    "--por 1",
    "--ports 1",
    "-port 1",
    "-x",
    "--port",
    "--port 65536",
    "--port -1",
    "--port 1x",
    "--port=",
    "--quiet=yes",
    "--memory --file x",
    "--file=",
    "--tls-cert x",
    "--tls-key x",
    "--sync maybe",
    "--sync ful",
    "--max-request 1023",
    "--max-request 65M",
    "--max-request 99999999999999999999K",
    "--max-request K",
    "--max-request 1G",
    "--threads 0",
    "--fail-rate 1.1",
    "--fail-rate 101%",
    "--fail-rate -0.1",
    "--fail-rate .",
    "--fail-rate %",
    "--fail-rate 1e-3",
    "--fail-rate 0.1.1",
    "--latency -5",
    "--latency 5-",
    "--latency 5-4",
    "--latency 3600001",
    "--latency 1-2-3",
    "--throttle=wcu",
    "--throttle wcu=",
    "--throttle wcu=0",
    "--throttle wcu=1,,rcu=1",
    "--throttle wcu=1;rcu=1",
    "--throttle fast",
    "--throttle=burst=-1",
    "--clock-offset now",
    "--clock-offset --5",
    "--clock-offset 99999999999",
    "--close-idle 0",
    "--close-idle 5,soon",
    "--close-idle ,late",
    "--seed -1",
    "--seed 9223372036854775808",
    "--unprocessed-rate 2",
};

START_TEST(refuses_with_one_line)
{
    server_options o;
    ddb_err err;

    ck_assert_msg(parse(bad[_i], &o, &err) == DDB_INVALID, "%s", bad[_i]);
    ck_assert_int_gt((int)strlen(err.message), 5);
}
END_TEST

START_TEST(helps_in_lines_of_80)
{
    static char text[8192];
    FILE *f = fmemopen(text, sizeof text, "w");

    ck_assert_ptr_nonnull(f);
    server_options_help(f);
    fclose(f);
    ck_assert_ptr_nonnull(strstr(text, "--unprocessed-rate P"));
    for (const char *p = text; *p != '\0';) {
        size_t n = strcspn(p, "\n");

        ck_assert_msg(n <= 80, "%.*s", (int)n, p);
        p += n + (p[n] == '\n');
    }
}
END_TEST

Suite *suite_server_options(void)
{
    Suite *s = suite_create("server_options");
    TCase *tc = tcase_create("server_options");

    tcase_add_test(tc, has_defaults);
    tcase_add_test(tc, takes_an_argument_behind_or_attached);
    tcase_add_loop_test(tc, reads_sizes, 0, ROWS(sizes));
    tcase_add_loop_test(tc, reads_rates, 0, ROWS(rates));
    tcase_add_test(tc, reads_ranges_of_latency);
    tcase_add_test(tc, reads_capacities);
    tcase_add_test(tc, reads_offsets_seeds_and_idle_times);
    tcase_add_loop_test(tc, refuses_with_one_line, 0, ROWS(bad));
    tcase_add_test(tc, helps_in_lines_of_80);
    suite_add_tcase(s, tc);
    return s;
}
