/* SPDX-License-Identifier: MIT */
/* Regions, settings and URLs to endpoints; the regions are those of the
 * service's published endpoint rules. */
#include "tests.h"

#include "base/err.h"
#include "http/endpoint.h"

#include <string.h>

typedef struct {
    const char *name;
    const char *value;
} variable;

static const char *get(void *arg, const char *name)
{
    for (const variable *v = arg; v->name != NULL; v++) {
        if (strcmp(v->name, name) == 0)
            return v->value;
    }
    return NULL;
}

static ddb_err err;
static ddbi_endpoint out;

static ddb_code resolve(const char *region, const char *endpoint,
                        variable *variables)
{
    const ddbi_endpoint_in in = {.region = region,
                                 .endpoint = endpoint,
                                 .env = variables != NULL ? get : NULL,
                                 .env_arg = variables};

    ddbi_err_clear(&err);
    return ddbi_endpoint_resolve(&in, &out, &err);
}

/* ---- Regions ------------------------------------------------------------ */

static const struct {
    const char *region;
    int fips;
    int dualstack;
    const char *host;
} regions[] = {
    {"af-south-1", 0, 0, "dynamodb.af-south-1.amazonaws.com"},
    {"ap-east-1", 0, 0, "dynamodb.ap-east-1.amazonaws.com"},
    {"ap-northeast-1", 0, 0, "dynamodb.ap-northeast-1.amazonaws.com"},
    {"ap-northeast-2", 0, 0, "dynamodb.ap-northeast-2.amazonaws.com"},
    {"ap-northeast-3", 0, 0, "dynamodb.ap-northeast-3.amazonaws.com"},
    {"ap-south-1", 0, 0, "dynamodb.ap-south-1.amazonaws.com"},
    {"ap-southeast-1", 0, 0, "dynamodb.ap-southeast-1.amazonaws.com"},
    {"ap-southeast-2", 0, 0, "dynamodb.ap-southeast-2.amazonaws.com"},
    {"ca-central-1", 0, 0, "dynamodb.ca-central-1.amazonaws.com"},
    {"ca-central-1", 1, 0, "dynamodb-fips.ca-central-1.amazonaws.com"},
    {"eu-north-1", 0, 0, "dynamodb.eu-north-1.amazonaws.com"},
    {"eu-south-1", 0, 0, "dynamodb.eu-south-1.amazonaws.com"},
    {"eu-west-1", 0, 0, "dynamodb.eu-west-1.amazonaws.com"},
    {"eu-west-2", 0, 0, "dynamodb.eu-west-2.amazonaws.com"},
    {"sa-east-1", 0, 0, "dynamodb.sa-east-1.amazonaws.com"},
    {"us-east-1", 0, 0, "dynamodb.us-east-1.amazonaws.com"},
    {"us-east-1", 1, 0, "dynamodb-fips.us-east-1.amazonaws.com"},
    {"us-east-1", 0, 1, "dynamodb.us-east-1.api.aws"},
    {"us-east-1", 1, 1, "dynamodb-fips.us-east-1.api.aws"},
    {"us-east-2", 0, 0, "dynamodb.us-east-2.amazonaws.com"},
    {"us-east-2", 1, 0, "dynamodb-fips.us-east-2.amazonaws.com"},
    {"us-west-1", 0, 0, "dynamodb.us-west-1.amazonaws.com"},
    {"us-west-2", 1, 0, "dynamodb-fips.us-west-2.amazonaws.com"},
    {"cn-north-1", 0, 0, "dynamodb.cn-north-1.amazonaws.com.cn"},
    {"cn-north-1", 0, 1, "dynamodb.cn-north-1.api.amazonwebservices.com.cn"},
    {"cn-north-1", 1, 1,
     "dynamodb-fips.cn-north-1.api.amazonwebservices.com.cn"},
    {"us-gov-east-1", 0, 0, "dynamodb.us-gov-east-1.amazonaws.com"},
    {"us-gov-east-1", 1, 0, "dynamodb.us-gov-east-1.amazonaws.com"},
    {"us-gov-west-1", 0, 0, "dynamodb.us-gov-west-1.amazonaws.com"},
    {"us-gov-west-1", 1, 0, "dynamodb.us-gov-west-1.amazonaws.com"},
    {"us-gov-east-1", 0, 1, "dynamodb.us-gov-east-1.api.aws"},
    {"us-gov-east-1", 1, 1, "dynamodb-fips.us-gov-east-1.api.aws"},
    {"us-iso-east-1", 0, 0, "dynamodb.us-iso-east-1.c2s.ic.gov"},
    {"us-iso-east-1", 0, 1, "dynamodb.us-iso-east-1.api.aws.ic.gov"},
    {"us-iso-east-1", 1, 0, "dynamodb-fips.us-iso-east-1.c2s.ic.gov"},
    {"us-isob-east-1", 0, 0, "dynamodb.us-isob-east-1.sc2s.sgov.gov"},
    {"us-isob-east-1", 0, 1, "dynamodb.us-isob-east-1.api.aws.scloud"},
    {"us-isob-east-1", 1, 0, "dynamodb-fips.us-isob-east-1.sc2s.sgov.gov"},
    {"eu-isoe-west-1", 0, 0, "dynamodb.eu-isoe-west-1.cloud.adc-e.uk"},
    {"eu-isoe-west-1", 0, 1, "dynamodb.eu-isoe-west-1.api.cloud-aws.adc-e.uk"},
    {"us-isof-south-1", 0, 0, "dynamodb.us-isof-south-1.csp.hci.ic.gov"},
    {"us-isof-south-1", 0, 1, "dynamodb.us-isof-south-1.api.aws.hci.ic.gov"},
    {"eusc-de-east-1", 0, 0, "dynamodb.eusc-de-east-1.amazonaws.eu"},
    {"eusc-de-east-1", 0, 1,
     "dynamodb.eusc-de-east-1.api.amazonwebservices.eu"},
    {"xx-new-9", 0, 0, "dynamodb.xx-new-9.amazonaws.com"},
};

START_TEST(region_has_its_endpoint)
{
    variable env[] = {
        {"AWS_USE_FIPS_ENDPOINT", regions[_i].fips ? "true" : "false"},
        {"AWS_USE_DUALSTACK_ENDPOINT", regions[_i].dualstack ? "True" : ""},
        {NULL, NULL}};

    ck_assert_int_eq(resolve(regions[_i].region, NULL, env), DDB_OK);
    ck_assert_str_eq(out.host, regions[_i].host);
    ck_assert_int_eq(strncmp(out.url, "https://", 8), 0);
    ck_assert_str_eq(out.url + 8, regions[_i].host);
    ck_assert_str_eq(out.region, regions[_i].region);
    ck_assert_int_eq(out.https, 1);
    ck_assert_int_eq(out.is_local, 0);
}
END_TEST

START_TEST(fips_in_the_name_of_a_region_is_an_option)
{
    ck_assert_int_eq(resolve("fips-us-east-1", NULL, NULL), DDB_OK);
    ck_assert_str_eq(out.host, "dynamodb-fips.us-east-1.amazonaws.com");
    ck_assert_str_eq(out.region, "us-east-1");
    ck_assert_int_eq(resolve("us-west-2-fips", NULL, NULL), DDB_OK);
    ck_assert_str_eq(out.host, "dynamodb-fips.us-west-2.amazonaws.com");
    ck_assert_str_eq(out.region, "us-west-2");
}
END_TEST

START_TEST(region_local_is_this_machine)
{
    ck_assert_int_eq(resolve("local", NULL, NULL), DDB_OK);
    ck_assert_str_eq(out.url, "http://localhost:8000");
    ck_assert_str_eq(out.host, "localhost:8000");
    ck_assert_str_eq(out.region, "us-east-1");
    ck_assert_int_eq(out.https, 0);
    ck_assert_int_eq(out.is_local, 1);
}
END_TEST

START_TEST(region_local_has_no_variants)
{
    static const char *const names[] = {"AWS_USE_FIPS_ENDPOINT",
                                        "AWS_USE_DUALSTACK_ENDPOINT"};
    variable env[] = {{names[_i], "true"}, {NULL, NULL}};

    ck_assert_int_eq(resolve("local", NULL, env), DDB_INVALID);
    ck_assert_ptr_nonnull(strstr(err.message, "local"));
}
END_TEST

#define LABEL_63                                                               \
    "a234567890123456789012345678901234567890123456789012345678901bc"

static const char *const bad_regions[] = {
    "us_east_1",   "us east 1", "-us-east-1",  "us-east-1-",  "us.east.1",
    "us-east-1/x", "@evil.org", "us-east-1\n", "\xc3\xa9u-1", LABEL_63 "d",
    "fips--x",     "evil.org#", "a:1",
};

START_TEST(refuses_a_region_that_is_no_host_label)
{
    ck_assert_int_eq(resolve(bad_regions[_i], NULL, NULL), DDB_INVALID);
    ck_assert_ptr_nonnull(strstr(err.message, "not a region: "));
}
END_TEST

START_TEST(takes_a_region_as_long_as_a_label)
{
    ck_assert_int_eq(resolve(LABEL_63, NULL, NULL), DDB_OK);
    ck_assert_str_eq(out.region, LABEL_63);
}
END_TEST

/* ---- Which setting counts ----------------------------------------------- */

static const struct {
    const char *name;
    const char *region;
    const char *endpoint;
    variable env[6];
    const char *url;
    const char *signs;
} orders[] = {
    {"options before the environment",
     "eu-west-1",
     "https://a.example",
     {{"AWS_REGION", "us-east-1"}, {"AWS_ENDPOINT_URL", "https://b.example"}},
     "https://a.example",
     "eu-west-1"},
    {"AWS_REGION first",
     NULL,
     NULL,
     {{"AWS_DEFAULT_REGION", "us-east-1"}, {"AWS_REGION", "eu-west-1"}},
     "https://dynamodb.eu-west-1.amazonaws.com",
     "eu-west-1"},
    {"then AWS_DEFAULT_REGION",
     "",
     NULL,
     {{"AWS_DEFAULT_REGION", "us-east-1"}, {"AWS_REGION", ""}},
     "https://dynamodb.us-east-1.amazonaws.com",
     "us-east-1"},
    {"the service's own variable first",
     "us-east-1",
     NULL,
     {{"AWS_ENDPOINT_URL", "https://b.example"},
      {"AWS_ENDPOINT_URL_DYNAMODB", "https://c.example"}},
     "https://c.example",
     "us-east-1"},
    {"then that of all services",
     "us-east-1",
     "",
     {{"AWS_ENDPOINT_URL", "https://b.example"},
      {"AWS_ENDPOINT_URL_DYNAMODB", ""}},
     "https://b.example",
     "us-east-1"},
    {"variables may be ignored",
     "us-east-1",
     NULL,
     {{"AWS_ENDPOINT_URL", "https://b.example"},
      {"AWS_ENDPOINT_URL_DYNAMODB", "https://c.example"},
      {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "TRUE"}},
     "https://dynamodb.us-east-1.amazonaws.com",
     "us-east-1"},
    {"but not the option",
     "us-east-1",
     "https://a.example",
     {{"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"}},
     "https://a.example",
     "us-east-1"},
    {"an endpoint leaves the region alone",
     "local",
     "http://127.0.0.1:4567",
     {{NULL, NULL}},
     "http://127.0.0.1:4567",
     "local"},
    {"an account's dual-stack endpoint",
     "us-east-1",
     "https://111111111111.ddb.us-east-1.api.aws",
     {{NULL, NULL}},
     "https://111111111111.ddb.us-east-1.api.aws",
     "us-east-1"},
};

START_TEST(first_setting_counts)
{
    variable env[6];

    memcpy(env, orders[_i].env, sizeof env);
    ck_assert_msg(resolve(orders[_i].region, orders[_i].endpoint, env) ==
                      DDB_OK,
                  "%s: %s", orders[_i].name, err.message);
    ck_assert_str_eq(out.url, orders[_i].url);
    ck_assert_str_eq(out.region, orders[_i].signs);
}
END_TEST

static const struct {
    const char *name;
    const char *region;
    const char *endpoint;
    variable env[3];
    const char *engine;
    const char *in_region;
} engines[] = {
    {"a file", NULL, "sqlite:/tmp/x", {{NULL, NULL}}, "sqlite:/tmp/x", "local"},
    {"a file of any name",
     NULL,
     "SQLite:a b?c=d",
     {{NULL, NULL}},
     "SQLite:a b?c=d",
     "local"},
    {"memory", NULL, "memory:", {{NULL, NULL}}, "memory:", "local"},
    {"by the environment",
     NULL,
     NULL,
     {{"AWS_ENDPOINT_URL_DYNAMODB", "memory:"}},
     "memory:",
     "local"},
    {"a region that is set",
     NULL,
     "memory:",
     {{"AWS_REGION", "eu-west-1"}},
     "memory:",
     "eu-west-1"},
    {"a region that is given",
     "eu-west-2",
     "memory:",
     {{"AWS_REGION", "eu-west-1"}},
     "memory:",
     "eu-west-2"},
};

START_TEST(engine_in_this_process_needs_no_region)
{
    variable env[3];

    memcpy(env, engines[_i].env, sizeof env);
    ck_assert_msg(resolve(engines[_i].region, engines[_i].endpoint, env) ==
                      DDB_OK,
                  "%s: %s", engines[_i].name, err.message);
    ck_assert_str_eq(out.engine, engines[_i].engine);
    ck_assert_str_eq(out.region, engines[_i].in_region);
}
END_TEST

static const struct {
    const char *name;
    const char *region;
    const char *endpoint;
    variable env[3];
    ddb_code code;
    const char *message; /* is in it */
} refusals[] = {
    {"no region", NULL, NULL, {{NULL, NULL}}, DDB_NO_REGION, "AWS_REGION"},
    {"no region, but an endpoint",
     NULL,
     "https://a.example",
     {{NULL, NULL}},
     DDB_NO_REGION,
     "AWS_REGION"},
    {"an engine in a file without a path",
     NULL,
     "sqlite:",
     {{NULL, NULL}},
     DDB_INVALID,
     "path of a file"},
    {"an engine in memory with something behind it",
     NULL,
     NULL,
     {{"AWS_ENDPOINT_URL", "memory:x"}},
     DDB_INVALID,
     "AWS_ENDPOINT_URL: nothing may follow memory:"},
    {"an engine in a wrong region",
     "no region",
     "memory:",
     {{NULL, NULL}},
     DDB_INVALID,
     "no region"},
    {"FIPS and an endpoint",
     "us-east-1",
     "https://a.example",
     {{"AWS_USE_FIPS_ENDPOINT", "true"}},
     DDB_INVALID,
     "FIPS"},
    {"FIPS by region and an endpoint",
     "fips-us-east-1",
     "https://a.example",
     {{NULL, NULL}},
     DDB_INVALID,
     "FIPS"},
    {"dual-stack and an endpoint",
     "us-east-1",
     "https://a.example",
     {{"AWS_USE_DUALSTACK_ENDPOINT", "true"}},
     DDB_INVALID,
     "dual-stack"},
    {"the dual-stack endpoint by hand",
     "us-east-1",
     "https://dynamodb.us-east-1.api.aws",
     {{NULL, NULL}},
     DDB_INVALID,
     "AWS_USE_DUALSTACK_ENDPOINT"},
    {"the same in another partition",
     "us-gov-east-1",
     "https://dynamodb.us-gov-east-1.api.aws/",
     {{NULL, NULL}},
     DDB_INVALID,
     "AWS_USE_DUALSTACK_ENDPOINT"},
    {"a flag that is neither",
     "us-east-1",
     NULL,
     {{"AWS_USE_FIPS_ENDPOINT", "1"}},
     DDB_INVALID,
     "AWS_USE_FIPS_ENDPOINT must be true or false: 1"},
    {"another",
     "us-east-1",
     NULL,
     {{"AWS_USE_DUALSTACK_ENDPOINT", "yes"}},
     DDB_INVALID,
     "AWS_USE_DUALSTACK_ENDPOINT must be true or false: yes"},
    {"and another",
     "us-east-1",
     NULL,
     {{"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "maybe"}},
     DDB_INVALID,
     "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS must be true or false: maybe"},
    {"a bad URL of the environment",
     "us-east-1",
     NULL,
     {{"AWS_ENDPOINT_URL", "ftp://a.example"}},
     DDB_INVALID,
     "AWS_ENDPOINT_URL: none of https://, http://, memory:, sqlite:PATH: "
     "ftp://a.example"},
    {"a file's name, which needs no region",
     NULL,
     "values.db",
     {{NULL, NULL}},
     DDB_INVALID,
     "endpoint: none of https://, http://, memory:, sqlite:PATH: values.db"},
    {"a password is not shown",
     "us-east-1",
     "https://me:hush@a.example",
     {{NULL, NULL}},
     DDB_INVALID,
     "(not shown)"},
};

START_TEST(refuses_and_says_why)
{
    variable env[3];

    memcpy(env, refusals[_i].env, sizeof env);
    ck_assert_int_eq(resolve(refusals[_i].region, refusals[_i].endpoint, env),
                     refusals[_i].code);
    ck_assert_int_eq(err.code, refusals[_i].code);
    ck_assert_msg(strstr(err.message, refusals[_i].message) != NULL, "%s: %s",
                  refusals[_i].name, err.message);
    ck_assert_ptr_null(strstr(err.message, "hush"));
}
END_TEST

/* ---- URLs --------------------------------------------------------------- */

#define LABEL_61 "a2345678901234567890123456789012345678901234567890123456789bc"
#define NAME_253 LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_61

static const struct {
    const char *endpoint;
    const char *url; /* NULL: the same */
    const char *host;
    int is_local;
} urls[] = {
    {"https://example.com", NULL, "example.com", 0},
    {"https://example.com/", "https://example.com", "example.com", 0},
    {"HTTPS://Example.COM", "https://example.com", "example.com", 0},
    {"https://example.com:443/", "https://example.com", "example.com", 0},
    {"https://example.com:80", NULL, "example.com:80", 0},
    {"https://example.com:65535", NULL, "example.com:65535", 0},
    {"https://example.com:08443", "https://example.com:8443",
     "example.com:8443", 0},
    {"https://" NAME_253 ":65535", NULL, NAME_253 ":65535", 0},
    {"https://my_db-1", NULL, "my_db-1", 0},
    {"https://3f2a9c0d1e4b", NULL, "3f2a9c0d1e4b", 0},
    {"https://0xyz", NULL, "0xyz", 0},
    {"https://10.0.0.1", NULL, "10.0.0.1", 0},
    {"https://[2001:DB8::1]", "https://[2001:db8::1]", "[2001:db8::1]", 0},
    {"https://[2001:db8:0:0:0:0:0:1]:8443", "https://[2001:db8::1]:8443",
     "[2001:db8::1]:8443", 0},
    {"http://localhost", NULL, "localhost", 1},
    {"http://LocalHost:80", "http://localhost", "localhost", 1},
    {"http://localhost:8000/", "http://localhost:8000", "localhost:8000", 1},
    {"https://localhost", NULL, "localhost", 1},
    {"http://127.0.0.1:8000", NULL, "127.0.0.1:8000", 1},
    {"http://127.255.255.254", NULL, "127.255.255.254", 1},
    {"http://169.254.7.9", NULL, "169.254.7.9", 1},
    {"http://[::1]:8000", NULL, "[::1]:8000", 1},
    {"http://[0:0::0:1]", "http://[::1]", "[::1]", 1},
    {"http://[::ffff:127.0.0.1]", NULL, "[::ffff:127.0.0.1]", 1},
    {"http://[::ffff:7f00:1]", "http://[::ffff:127.0.0.1]",
     "[::ffff:127.0.0.1]", 1},
    {"http://[fe80::1]", NULL, "[fe80::1]", 1},
    {"http://[febf::1]:8000", NULL, "[febf::1]:8000", 1},
    {"http://[fe80::1%25eth0]:8000", NULL, "[fe80::1]:8000", 1},
    {"http://[FE80::1%25eth0.100_-~]", "http://[fe80::1%25eth0.100_-~]",
     "[fe80::1]", 1},
    {"http://[fe80::1%25abcdefghijklmno]", NULL, "[fe80::1]", 1},
};

START_TEST(url_is_written_in_one_way)
{
    const char *url = urls[_i].url != NULL ? urls[_i].url : urls[_i].endpoint;

    ck_assert_msg(resolve("us-east-1", urls[_i].endpoint, NULL) == DDB_OK,
                  "%s: %s", urls[_i].endpoint, err.message);
    ck_assert_str_eq(out.url, url);
    ck_assert_str_eq(out.host, urls[_i].host);
    ck_assert_int_eq(out.is_local, urls[_i].is_local);
    ck_assert_int_eq(out.https, url[4] == 's');
}
END_TEST

static const struct {
    const char *endpoint;
    const char *message; /* is in it */
} bad_urls[] = {
    {"example.com", "none of https"},
    {"https:/example.com", "none of https"},
    {"https//example.com", "none of https"},
    {"https:example.com", "none of https"},
    {" https://example.com", "none of https"},
    {"file:///etc/passwd", "none of https"},
    {"httpx://example.com", "none of https"},
    {"https://", "bad host"},
    {"https:///", "bad host"},
    {"https://:8000", "bad host"},
    {"https://.example.com", "bad host"},
    {"https://example..com", "bad host"},
    {"https://example.com.", "bad host"},
    {"https://-a.example", "bad host"},
    {"https://a-.example", "bad host"},
    {"https://exa mple.com", "bad host"},
    {"https://example.com\r\nX: y", "bad host"},
    {"https://ex\xc3\xa4mple.com", "bad host"},
    {"https://a%2eexample", "bad host"},
    {"https://a\\example.com", "bad host"},
    {"https://" LABEL_63 "d.example", "bad host"},
    {"https://" NAME_253 "d", "too long"},
    {"https://me@example.com", "user names"},
    {"https://me:hush@example.com", "user names"},
    {"https://example.com/@x", "user names"},
    {"https://example.com:", "bad port"},
    {"https://example.com:0", "bad port"},
    {"https://example.com:65536", "bad port"},
    {"https://example.com:-1", "bad port"},
    {"https://example.com:+1", "bad port"},
    {"https://example.com:80a", "bad port"},
    {"https://example.com: 80", "bad port"},
    {"https://example.com:99999999999999999999", "bad port"},
    {"https://a:b:1", "bad port"},
    {"https://example.com/path", "nothing may follow"},
    {"https://example.com//", "nothing may follow"},
    {"https://example.com?x", "nothing may follow"},
    {"https://example.com/?x", "nothing may follow"},
    {"https://example.com#x", "nothing may follow"},
    {"https://example.com:80/x", "nothing may follow"},
    {"https://[::1]x", "nothing may follow"},
    {"https://[::1", "bad IPv6"},
    {"https://[]", "bad IPv6"},
    {"https://[::g]", "bad IPv6"},
    {"https://[127.0.0.1]", "bad IPv6"},
    {"https://[1:2:3:4:5:6:7:8:9]", "bad IPv6"},
    {"https://[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]", "bad IPv6"},
    {"https://[fe80::1%eth0]", "bad IPv6 zone"},
    {"https://[fe80::1%25]", "bad IPv6 zone"},
    {"https://[fe80::1%25a/b]", "bad IPv6 zone"},
    {"https://[fe80::1%25abcdefghijklmnop]", "bad IPv6 zone"},
    {"https://[2001:db8::1%25eth0]", "bad IPv6 zone"},
    {"https://127.1", "bad IPv4"},
    {"https://2130706433", "bad IPv4"},
    {"https://0x7f000001", "bad IPv4"},
    {"https://0X7F.1", "bad IPv4"},
    {"https://127.0.0.0x1", "bad IPv4"},
    {"https://0x", "bad IPv4"},
    {"https://0177.0.0.1", "bad IPv4"},
    {"https://127.0.0.1.5", "bad IPv4"},
    {"https://127.0.0.256", "bad IPv4"},
    {"https://a.1", "bad IPv4"},
    {"http://example.com", "plain HTTP"},
    {"http://localhost.example.com", "plain HTTP"},
    {"http://127.0.0.1.example.com", "plain HTTP"},
    {"http://xlocalhost", "plain HTTP"},
    {"http://10.0.0.1", "plain HTTP"},
    {"http://0.0.0.0", "plain HTTP"},
    {"http://128.0.0.1", "plain HTTP"},
    {"http://169.253.0.1", "plain HTTP"},
    {"http://168.254.0.1", "plain HTTP"},
    {"http://[::]", "plain HTTP"},
    {"http://[::2]", "plain HTTP"},
    {"http://[1::1]", "plain HTTP"},
    {"http://[fec0::1]", "plain HTTP"},
    {"http://[fd00::1]", "plain HTTP"},
    {"http://[::ffff:10.0.0.1]", "plain HTTP"},
    {"http://[::127.0.0.1]", "plain HTTP"},
};

START_TEST(refuses_a_url_that_is_not_quite_one)
{
    ck_assert_msg(resolve("us-east-1", bad_urls[_i].endpoint, NULL) ==
                      DDB_INVALID,
                  "%s", bad_urls[_i].endpoint);
    ck_assert_msg(strstr(err.message, bad_urls[_i].message) != NULL, "%s: %s",
                  bad_urls[_i].endpoint, err.message);
}
END_TEST

START_TEST(plain_http_may_be_allowed_everywhere)
{
    const ddbi_endpoint_in in = {.region = "us-east-1",
                                 .endpoint = "http://db.example.com",
                                 .allow_http = 1};

    ck_assert_int_eq(ddbi_endpoint_resolve(&in, &out, NULL), DDB_OK);
    ck_assert_str_eq(out.url, "http://db.example.com");
    ck_assert_int_eq(out.https, 0);
    ck_assert_int_eq(out.is_local, 0);
}
END_TEST

Suite *suite_endpoint(void)
{
    Suite *s = suite_create("endpoint");
    TCase *region = tcase_create("region");
    TCase *settings = tcase_create("settings");
    TCase *url = tcase_create("url");

#define LOOP(tc, test, table)                                                  \
    tcase_add_loop_test(tc, test, 0, (int)(sizeof table / sizeof table[0]))
    LOOP(region, region_has_its_endpoint, regions);
    tcase_add_test(region, fips_in_the_name_of_a_region_is_an_option);
    tcase_add_test(region, region_local_is_this_machine);
    tcase_add_loop_test(region, region_local_has_no_variants, 0, 2);
    LOOP(region, refuses_a_region_that_is_no_host_label, bad_regions);
    tcase_add_test(region, takes_a_region_as_long_as_a_label);
    LOOP(settings, first_setting_counts, orders);
    LOOP(settings, engine_in_this_process_needs_no_region, engines);
    LOOP(settings, refuses_and_says_why, refusals);
    LOOP(url, url_is_written_in_one_way, urls);
    LOOP(url, refuses_a_url_that_is_not_quite_one, bad_urls);
    tcase_add_test(url, plain_http_may_be_allowed_everywhere);
#undef LOOP
    suite_add_tcase(s, region);
    suite_add_tcase(s, settings);
    suite_add_tcase(s, url);
    return s;
}
