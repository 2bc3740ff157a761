/* SPDX-License-Identifier: MIT */
/* The access log: see the header. */
#include "server_log.h"

#include "base/clock.h"

#include <stdio.h>
#include <unistd.h>

void server_log(int fd, const server_log_line *line)
{
    char date[17];
    char text[256];
    int n;

    ddbi_format_amz_date(line->now / 1000, date);
    n = snprintf(text, sizeof text,
                 "%.4s-%.2s-%.2sT%.2s:%.2s:%.2s.%03dZ %s %s %d %zu %lld %s\n",
                 date, date + 4, date + 6, date + 9, date + 11, date + 13,
                 (int)(line->now % 1000), line->client,
                 line->action != NULL ? line->action : "-", line->status,
                 line->bytes, (long long)line->us,
                 line->id != NULL ? line->id : "-");
    /* Nobody to tell: a full disk must not stop the server. */
    if (n > 0 && (size_t)n < sizeof text && write(fd, text, (size_t)n) < 0)
        return;
}
