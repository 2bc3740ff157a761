/* SPDX-License-Identifier: MIT */
/* The version of the library that runs.  The header's macros are its only
 * source: configure.ac and the Makefile read them too. */
#include <ddb/ddb.h>

const char *ddb_version(void)
{
    return DDB_VERSION;
}
