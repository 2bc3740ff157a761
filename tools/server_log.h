/* SPDX-License-Identifier: MIT */
/* The access log: a line for each request, written at once, whole.  It never
 * has anything of a body, a table's name or a key. */
#ifndef SERVER_LOG_H
#define SERVER_LOG_H

#include <ddb/ddb.h>

typedef struct {
    int64_t now;        /* Unix ms */
    const char *client; /* "127.0.0.1:54321" */
    const char *action; /* NULL: none */
    int status;         /* 0: there was no answer */
    size_t bytes;       /* of the answer's body */
    int64_t us;         /* from the first byte seen to the answer's last */
    const char *id;     /* request id; NULL: none */
} server_log_line;

/* fd: where to. */
void server_log(int fd, const server_log_line *line);

#endif
