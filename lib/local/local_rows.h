/* SPDX-License-Identifier: MIT */
/* How rows of the members' tables are written. */
#ifndef DDBI_LOCAL_ROWS_H
#define DDBI_LOCAL_ROWS_H

#include "local/local_members.h"

#define NAME(text) .name = (text), .name_n = sizeof(text) - 1
#define AT(owner, field) .at = offsetof(owner, field)
#define HAS(owner, field) .has = offsetof(owner, field)
#define COUNT(owner, field) .count = offsetof(owner, field)
#define LAST                                                                   \
    {                                                                          \
        .name = NULL                                                           \
    }
/* A plain member, and what more there is to say of it. */
#define MEMBER(text, is, owner, field, ...)                                    \
    {                                                                          \
        NAME(text), .kind = DDBI_IS_##is, AT(owner, field), __VA_ARGS__        \
    }
#define PLAIN .role = DDBI_OURS
#define REQUIRED .required = 1

#endif
