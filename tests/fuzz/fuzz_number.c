/* SPDX-License-Identifier: MIT */
/* Numbers: what is written of one is that number again, and no other text
 * for it; its text and its integer agree. */
#include "fuzz.h"

#include "wire/number.h"

#include <string.h>

static void check_integer(const ddbi_number *v)
{
    char text[DDBI_NUMBER_TEXT];
    ddbi_number back;
    int64_t integer;

    if (ddbi_number_i64(v, &integer) != 0)
        return;
    MUST(ddbi_i64_format(integer, text) == strlen(text));
    MUST(ddbi_number_parse(text, strlen(text), &back) == DDB_OK);
    MUST(ddbi_number_compare(v, &back) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char text[DDBI_NUMBER_TEXT], again[DDBI_NUMBER_TEXT];
    ddbi_number v, back;
    size_t size;

    if (ddbi_number_parse((const char *)data, n, &v) != DDB_OK)
        return 0;
    MUST(v.n >= 0 && v.n <= DDBI_MAX_DIGITS);
    size = ddbi_number_format(&v, text);
    MUST(size == strlen(text));
    MUST(ddbi_number_parse(text, size, &back) == DDB_OK);
    MUST(ddbi_number_compare(&v, &back) == 0);
    ddbi_number_format(&back, again);
    MUST(strcmp(text, again) == 0);
    size = ddbi_number_size(&v);
    MUST(size >= 1 && size <= 22 && size == ddbi_number_size(&back));
    check_integer(&v);
    return 0;
}
