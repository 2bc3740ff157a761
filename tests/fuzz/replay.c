/* SPDX-License-Identifier: MIT */
/* Feeds files to a fuzz target, each from a block of its exact size.  The
 * last line is "N passed, N failed", as of every check of ours. */
#include "fuzz.h"

#include <string.h>

static int feed(const char *name)
{
    FILE *f = fopen(name, "rb");
    uint8_t *data = NULL;
    size_t n = 0, got;
    char part[4096];

    if (f == NULL) {
        perror(name);
        return -1;
    }
    while ((got = fread(part, 1, sizeof part, f)) > 0) {
        uint8_t *more = realloc(data, n + got);

        MUST(more != NULL);
        data = more;
        memcpy(data + n, part, got);
        n += got;
    }
    fclose(f);
    printf("%s\n", name);
    fflush(stdout);
    LLVMFuzzerTestOneInput(data, n);
    free(data);
    return 0;
}

int main(int argc, char **argv)
{
    int passed = 0, failed = 0;

    for (int i = 1; i < argc; i++) {
        if (feed(argv[i]) == 0)
            passed++;
        else
            failed++;
    }
    printf("%d passed, %d failed\n", passed, failed);
    return passed == 0 || failed != 0;
}
