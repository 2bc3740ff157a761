/* SPDX-License-Identifier: MIT */
/*
 * A signature is good for some minutes around the server's time only, and
 * gateways without a battery-backed clock start anywhere.  Every answer
 * tells the server's time; call.c decides which ones to believe.
 */
#include "client/skew.h"

#include "base/clock.h"
#include <string.h>

#define AMZ_DATE_SIZE 16 /* 20260102T030405Z */

int64_t ddbi_skew_now(const ddbi_skew *s, int64_t now, int64_t mono)
{
    uint32_t offset = atomic_load(&s->offset);

    if (offset == 0)
        return now / 1000;
    return (int64_t)(uint32_t)(offset + (uint32_t)(mono / 1000));
}

void ddbi_skew_set(ddbi_skew *s, int64_t server, int64_t mono)
{
    uint32_t offset = (uint32_t)(server - mono / 1000);

    atomic_store(&s->offset, offset != 0 ? offset : 1);
}

int ddbi_skew_parse(const char *message, int64_t *server)
{
    const char *p = message;

    if (strstr(message, "Signature expired") == NULL &&
        strstr(message, "yet current") == NULL)
        return 0;
    while ((p = strchr(p, '(')) != NULL) {
        p++;
        if (strlen(p) >= AMZ_DATE_SIZE &&
            ddbi_parse_amz_date(p, AMZ_DATE_SIZE, server) == 0)
            return 1;
    }
    return 0;
}
