/* SPDX-License-Identifier: MIT */
/*
 * Region and settings to URL, Host header and signing region.
 *
 * An endpoint that was given is used as it is; else the region's partition
 * gives the domain.  Hosts are read strictly and written in one way, because
 * the signed Host header must be the one that libcurl sends, and because
 * plain HTTP goes only where nobody but this machine or its link can listen:
 * a host that the resolver would take for a number ("127.1", "0x7f000001",
 * "2130706433") is refused rather than understood.
 * https://docs.aws.amazon.com/general/latest/gr/ddb.html
 *
 * Not here: endpoints of accounts (https://ACCOUNT.ddb.REGION...), profiles.
 */
#include "http/endpoint.h"

#include "base/enc.h"
#include "base/err.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define MAX_LABEL 63
#define MAX_NAME 253
#define MAX_ZONE 19 /* "%25", 15 characters as libcurl takes them, NUL */

/* A value and who gave it, for messages. */
typedef struct {
    const char *value; /* NULL: not set */
    const char *from;
} setting;

typedef struct {
    int fips;
    int dualstack;
} variant;

/* By the first letters of the region; all that is new is in the last one. */
static const struct {
    const char *prefix;
    const char *suffix;
    const char *dualstack_suffix;
    int plain_fips; /* the FIPS endpoint has the usual name */
} partitions[] = {
    {"cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn", 0},
    {"us-gov-", "amazonaws.com", "api.aws", 1},
    {"eusc-", "amazonaws.eu", "api.amazonwebservices.eu", 0},
    {"us-iso-", "c2s.ic.gov", "api.aws.ic.gov", 0},
    {"us-isob-", "sc2s.sgov.gov", "api.aws.scloud", 0},
    {"eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk", 0},
    {"us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov", 0},
    {"", "amazonaws.com", "api.aws", 0},
};

/* ---- Settings ----------------------------------------------------------- */

/* An empty value counts as none. */
static setting setting_of(const char *value, const char *from)
{
    return (setting){value != NULL && *value != '\0' ? value : NULL, from};
}

static setting env(const ddbi_endpoint_in *in, const char *name)
{
    return setting_of(in->env != NULL ? in->env(in->env_arg, name) : NULL,
                      name);
}

/* The option, else the first variable that is set. */
static setting first_of(const ddbi_endpoint_in *in, setting option,
                        const char *name, const char *second)
{
    setting s = option.value != NULL ? option : env(in, name);

    return s.value != NULL ? s : env(in, second);
}

static ddb_code env_flag(const ddbi_endpoint_in *in, const char *name,
                         int *flag, ddb_err *err)
{
    setting s = env(in, name);

    *flag = s.value != NULL && ddbi_equal_nocase(s.value, "true");
    if (s.value == NULL || *flag || ddbi_equal_nocase(s.value, "false"))
        return DDB_OK;
    return ddbi_fail(err, DDB_INVALID, "%s must be true or false: %s", name,
                     s.value);
}

static ddb_code find_endpoint(const ddbi_endpoint_in *in, setting *out,
                              ddb_err *err)
{
    int ignore;
    ddb_code code =
        env_flag(in, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", &ignore, err);

    *out = setting_of(in->endpoint, "endpoint");
    if (code == DDB_OK && !ignore)
        *out =
            first_of(in, *out, "AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL");
    return code;
}

/* Letters, digits and inner hyphens; underscores too where people's own hosts
 * have them. */
static int is_label(const char *p, size_t n, int underscore)
{
    if (n == 0 || n > MAX_LABEL || p[0] == '-' || p[n - 1] == '-')
        return 0;
    for (size_t i = 0; i < n; i++) {
        if (!ddbi_is_alnum((unsigned char)p[i]) && p[i] != '-' &&
            !(underscore && p[i] == '_'))
            return 0;
    }
    return 1;
}

/* "fips-us-east-1" and "us-east-1-fips" are old ways to ask for FIPS. */
static ddb_code find_region(const ddbi_endpoint_in *in, ddbi_endpoint *out,
                            variant *v, ddb_err *err)
{
    static const char fips[] = "fips-";
    const size_t fips_n = sizeof fips - 1;
    setting s = first_of(in, setting_of(in->region, "region"), "AWS_REGION",
                         "AWS_DEFAULT_REGION");
    const char *p = s.value;
    size_t n;

    if (p == NULL && out->engine != NULL)
        p = "local";
    if (p == NULL)
        return ddbi_fail(err, DDB_NO_REGION,
                         "no region: give one, or set AWS_REGION");
    n = strlen(p);
    if (n > fips_n && memcmp(p, fips, fips_n) == 0) {
        v->fips = 1;
        p += fips_n;
        n -= fips_n;
    } else if (n > fips_n && strcmp(p + n - fips_n, "-fips") == 0) {
        v->fips = 1;
        n -= fips_n;
    }
    if (!is_label(p, n, 0))
        return ddbi_fail(err, DDB_INVALID, "%s is not a region: %s", s.from,
                         s.value);
    memcpy(out->region, p, n);
    out->region[n] = '\0';
    return DDB_OK;
}

/* ---- URLs --------------------------------------------------------------- */

/* What follows a prefix of any case; NULL: it is not there. */
static const char *after(const char *p, const char *prefix)
{
    for (; *prefix != '\0'; p++, prefix++) {
        if (ddbi_lower((unsigned char)*p) != *prefix)
            return NULL;
    }
    return p;
}

static int is_local_ipv4(const unsigned char a[4])
{
    return a[0] == 127 || (a[0] == 169 && a[1] == 254);
}

static int is_local_ipv6(const unsigned char a[16])
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    static const unsigned char loopback[16] = {[15] = 1};

    if (memcmp(a, mapped, sizeof mapped) == 0)
        return is_local_ipv4(a + sizeof mapped);
    return memcmp(a, loopback, sizeof loopback) == 0 ||
           (a[0] == 0xfe && (a[1] & 0xc0) == 0x80);
}

/* "%25eth0" of RFC 6874. */
static int is_zone(const char *p, size_t n)
{
    if (n < 4 || n >= MAX_ZONE || memcmp(p, "%25", 3) != 0)
        return 0;
    for (size_t i = 3; i < n; i++) {
        if (!ddbi_is_alnum((unsigned char)p[i]) && p[i] != '-' && p[i] != '.' &&
            p[i] != '_' && p[i] != '~')
            return 0;
    }
    return 1;
}

/* The inside of the brackets: an address and, behind a local one, a zone.
 * NULL: done; else what is wrong. */
static const char *read_ipv6(const char *p, size_t n, char zone[MAX_ZONE],
                             ddbi_endpoint *out)
{
    char text[INET6_ADDRSTRLEN] = "";
    unsigned char address[16];
    const char *percent = memchr(p, '%', n);
    size_t address_n = percent != NULL ? (size_t)(percent - p) : n;

    if (address_n < sizeof text)
        memcpy(text, p, address_n);
    if (inet_pton(AF_INET6, text, address) != 1)
        return "bad IPv6 address";
    out->is_local = is_local_ipv6(address);
    if (percent != NULL) {
        n -= address_n;
        if (!out->is_local || !is_zone(percent, n))
            return "bad IPv6 zone";
        memcpy(zone, percent, n);
    }
    /* In the one way to write it, which is libcurl's too. */
    inet_ntop(AF_INET6, address, text, sizeof text);
    snprintf(out->host, sizeof out->host, "[%s]", text);
    return NULL;
}

/* Would the resolver read the last label as a number? */
static int is_number(const char *label)
{
    const char *hex = after(label, "0x");

    return hex != NULL ? hex[strspn(hex, "0123456789abcdef")] == '\0'
                       : label[strspn(label, "0123456789")] == '\0';
}

/* A name or an IPv4 address. */
static const char *read_host(const char *p, size_t n, ddbi_endpoint *out)
{
    unsigned char address[4];
    size_t start = 0; /* of a label, at last of the last one */

    if (n > MAX_NAME)
        return "the host is too long";
    for (size_t i = 0; i < n; i++)
        out->host[i] = (char)ddbi_lower((unsigned char)p[i]);
    out->host[n] = '\0';
    for (size_t i = 0; i < n; i++) {
        if (p[i] != '.')
            continue;
        if (!is_label(p + start, i - start, 1))
            return "bad host";
        start = i + 1;
    }
    if (!is_label(p + start, n - start, 1))
        return "bad host";
    out->is_local = strcmp(out->host, "localhost") == 0;
    if (!is_number(out->host + start))
        return NULL;
    if (inet_pton(AF_INET, out->host, address) != 1)
        return "bad IPv4 address";
    out->is_local = is_local_ipv4(address);
    return NULL;
}

/* From https and host; port 0: the scheme's own. */
static void write_url(ddbi_endpoint *out, const char *zone, uint16_t port)
{
    char text[8] = "";
    size_t n = strlen(out->host);

    if (port != 0)
        snprintf(text, sizeof text, ":%u", (unsigned)port);
    if (*zone != '\0')
        n--; /* it goes before the bracket */
    snprintf(out->url, sizeof out->url, "%s://%.*s%s%s%s",
             out->https ? "https" : "http", (int)n, out->host, zone,
             *zone != '\0' ? "]" : "", text);
    memcpy(out->host + strlen(out->host), text, sizeof text);
}

/* Behind the scheme; NULL: there is none. */
static const char *behind_scheme(const char *url)
{
    const char *p = after(url, "https://");

    return p != NULL ? p : after(url, "http://");
}

/* A URL with a scheme; fills all but the region. */
static const char *read_url(const char *url, ddbi_endpoint *out)
{
    char zone[MAX_ZONE] = "";
    const char *p = behind_scheme(url);
    const char *end, *wrong;
    int https = after(url, "https://") != NULL;
    uint64_t standard = https ? 443 : 80;
    uint64_t port = standard;

    if (strchr(url, '@') != NULL)
        return "user names and passwords are not taken";
    out->https = https;
    end = *p == '[' ? strchr(p, ']') : p + strcspn(p, ":/?#");
    if (end == NULL)
        return "bad IPv6 address";
    if (*p == '[') {
        wrong = read_ipv6(p + 1, (size_t)(end - p) - 1, zone, out);
        end++;
    } else {
        wrong = read_host(p, (size_t)(end - p), out);
    }
    if (wrong != NULL)
        return wrong;
    if (*end == ':') {
        p = end + 1;
        end = p + strcspn(p, "/?#");
        if (ddbi_parse_u64(p, (size_t)(end - p), 65535, &port) != 0 ||
            port == 0)
            return "bad port";
    }
    if (strcmp(end, "") != 0 && strcmp(end, "/") != 0)
        return "nothing may follow host and port";
    write_url(out, zone, port == standard ? 0 : (uint16_t)port);
    return NULL;
}

/* ---- All of it ---------------------------------------------------------- */

/* The region's own. */
static void use_region(variant v, ddbi_endpoint *out)
{
    size_t i = 0;
    const char *fips;

    while (strncmp(out->region, partitions[i].prefix,
                   strlen(partitions[i].prefix)) != 0)
        i++;
    fips = v.fips && (v.dualstack || !partitions[i].plain_fips) ? "-fips" : "";
    snprintf(out->host, sizeof out->host, "dynamodb%s.%s.%s", fips, out->region,
             v.dualstack ? partitions[i].dualstack_suffix
                         : partitions[i].suffix);
    out->https = 1;
    write_url(out, "", 0);
}

/* What has an @ may have a password. */
static ddb_code refuse(setting s, const char *wrong, ddb_err *err)
{
    return ddbi_fail(err, DDB_INVALID, "%s: %s: %s", s.from, wrong,
                     strchr(s.value, '@') == NULL ? s.value : "(not shown)");
}

static ddb_code use_given(const ddbi_endpoint_in *in, setting s, variant v,
                          ddbi_endpoint *out, ddb_err *err)
{
    ddbi_endpoint dualstack = *out;
    const char *wrong = read_url(s.value, out);

    use_region((variant){.dualstack = 1}, &dualstack);
    if (wrong == NULL && !out->https && !out->is_local && !in->allow_http)
        wrong = "plain HTTP is for this machine and its link, unless allowed";
    if (wrong == NULL && v.fips)
        wrong = "FIPS and an endpoint of one's own do not go together";
    if (wrong == NULL && v.dualstack)
        wrong = "dual-stack and an endpoint of one's own do not go together";
    if (wrong == NULL && strcmp(out->url, dualstack.url) == 0)
        wrong = "for dual-stack set AWS_USE_DUALSTACK_ENDPOINT=true instead";
    return wrong == NULL ? DDB_OK : refuse(s, wrong, err);
}

/* The region "local" is a server on this machine, by old custom. */
static ddb_code use_local(variant v, ddbi_endpoint *out, ddb_err *err)
{
    if (v.fips || v.dualstack)
        return ddbi_fail(err, DDB_INVALID,
                         "the region local has neither FIPS nor dual-stack");
    read_url("http://localhost:8000", out);
    memcpy(out->region, "us-east-1", sizeof "us-east-1");
    return DDB_OK;
}

/* What is no URL, but an engine's place; NULL: neither of them. */
static const char *engine_of(const char *value)
{
    return value != NULL && (after(value, "memory:") != NULL ||
                             after(value, "sqlite:") != NULL)
               ? value
               : NULL;
}

static ddb_code check_engine(setting s, ddb_err *err)
{
    const char *rest = after(s.value, "memory:");

    if (rest != NULL && *rest != '\0')
        return ddbi_fail(err, DDB_INVALID, "%s: nothing may follow memory: %s",
                         s.from, s.value);
    if (rest == NULL && *after(s.value, "sqlite:") == '\0')
        return ddbi_fail(err, DDB_INVALID,
                         "%s: the path of a file must follow sqlite:", s.from);
    return DDB_OK;
}

ddb_code ddbi_endpoint_resolve(const ddbi_endpoint_in *in, ddbi_endpoint *out,
                               ddb_err *err)
{
    variant v = {0};
    setting given;
    ddb_code code;

    *out = (ddbi_endpoint){.url = ""};
    if ((code = find_endpoint(in, &given, err)) != DDB_OK ||
        (code = env_flag(in, "AWS_USE_FIPS_ENDPOINT", &v.fips, err)) !=
            DDB_OK ||
        (code = env_flag(in, "AWS_USE_DUALSTACK_ENDPOINT", &v.dualstack,
                         err)) != DDB_OK)
        return code;
    out->engine = engine_of(given.value);
    /* A file's name alone wants "sqlite:" before it, and no region. */
    if (given.value != NULL && out->engine == NULL &&
        behind_scheme(given.value) == NULL)
        return refuse(given, "none of https://, http://, memory:, sqlite:PATH",
                      err);
    if ((code = find_region(in, out, &v, err)) != DDB_OK)
        return code;
    if (out->engine != NULL)
        return check_engine(given, err);
    if (given.value != NULL)
        return use_given(in, given, v, out, err);
    if (strcmp(out->region, "local") == 0)
        return use_local(v, out, err);
    use_region(v, out);
    return DDB_OK;
}
