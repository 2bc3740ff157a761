/* SPDX-License-Identifier: MIT */
/* A fuzz target is one function.  libFuzzer feeds it under "make fuzz";
 * replay.c feeds it the corpus in every check. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Returns 0; what must not be ends the program. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define MUST(claim)                                                            \
    do {                                                                       \
        if (!(claim)) {                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #claim);        \
            abort();                                                           \
        }                                                                      \
    } while (0)

#endif
