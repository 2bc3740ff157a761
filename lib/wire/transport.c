/* SPDX-License-Identifier: MIT */
/* The answer's side of the waist: a reply is used for many attempts, and the
 * memory of its body with it. */
#include "wire/transport.h"

void ddbi_reply_clear(ddbi_reply *reply)
{
    ddbi_buf body = reply->body;

    ddbi_buf_clear(&body);
    *reply = (ddbi_reply){.date = -1, .retry_after = -1, .body = body};
}

void ddbi_reply_free(ddbi_reply *reply)
{
    ddbi_buf_free(&reply->body);
    ddbi_reply_clear(reply);
}
