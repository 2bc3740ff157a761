/* SPDX-License-Identifier: MIT */
/* Bodies of refusals, from the service or from whatever stood in its way:
 * whatever they hold, there is a failure with one line of UTF-8. */
#include "fuzz.h"

#include "base/enc.h"
#include "wire/reply.h"

#include <string.h>

static void check_text(const char *text, size_t size)
{
    const char *end = memchr(text, '\0', size);

    MUST(end);
    MUST(ddbi_utf8_valid(text, (size_t)(end - text)));
    for (; text < end; text++)
        MUST((unsigned char)*text >= 0x20 && *text != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const int statuses[] = {400, 413, 429, 500, 503};
    int status = statuses[n % 5];
    const ddbi_exception *row = NULL;
    ddb_err err = {0};
    ddb_item *it = ddb_item_new();
    ddb_code code;

    MUST(it);
    code = ddbi_read_error(data, n, status, n % 2 ? "SlowDown:x" : NULL, &err,
                           &row);
    MUST(code != DDB_OK && err.code == code && row);
    MUST(err.http_status == status);
    check_text(err.type, sizeof err.type);
    check_text(err.message, sizeof err.message);
    ddbi_read_blocking_item(data, n, it, NULL);
    ddb_item_free(it);
    return 0;
}
