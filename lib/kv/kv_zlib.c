/* SPDX-License-Identifier: MIT */
/*
 * Compression of values: a zlib stream (RFC 1950) in one piece.  The only
 * file of the store that knows zlib, and what it is without.
 *
 * A stream's window and tables are made no larger than the value needs, so
 * that one of a few hundred bytes does not cost a quarter of a megabyte.  All
 * of zlib's memory is ours.
 */
#include "kv/kv_impl.h"

#ifdef DDB_WITH_ZLIB

#include "base/alloc.h"

#include <limits.h>
#include <zlib.h>

const int ddbi_kv_has_zlib = 1;

/* zlib asks with zero bytes of nothing, and wants no zeroes. */
static void *take(void *opaque, unsigned count, unsigned size)
{
    size_t n;

    (void)opaque;
    return ddbi_mul_size(count, size, &n) ? NULL : ddbi_malloc(n);
}

static void give(void *opaque, void *p)
{
    (void)opaque;
    ddbi_free(p);
}

/* The input is only read; zlib's headers may lack the const. */
static z_stream stream_of(ddb_bytes in)
{
    return (z_stream){.zalloc = take,
                      .zfree = give,
                      .next_in = (unsigned char *)in.p,
                      .avail_in = (unsigned)in.n};
}

ddb_code ddbi_kv_deflate(ddb_bytes in, size_t max, ddbi_buf *out)
{
    z_stream z = stream_of(in);
    int bits = 9; /* of the window, the least that zlib does right */
    int result;

    if (in.n > UINT_MAX || max > UINT_MAX)
        return DDB_TOO_LARGE;
    while (bits < MAX_WBITS && (size_t)1 << bits < in.n)
        bits++;
    if ((z.next_out = (unsigned char *)ddbi_buf_extend(out, max)) == NULL)
        return out->failed;
    z.avail_out = (unsigned)max;
    /* By memory levels of 2 to 8, as the window's 9 to 15. */
    if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, bits, bits - 7,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        return DDB_NOMEM;
    result = deflate(&z, Z_FINISH);
    out->n = z.total_out;
    deflateEnd(&z);
    return result == Z_STREAM_END ? DDB_OK : DDB_TOO_LARGE;
}

/* More room, twice as much each time, up to one byte more than may be. */
static int make_room(z_stream *z, size_t max, ddbi_buf *out)
{
    size_t n = out->n > 0 ? out->n : 4 * (size_t)z->avail_in + 256;

    if (n > max - out->n)
        n = max - out->n + 1;
    if (n > INT_MAX)
        n = INT_MAX;
    z->next_out = (unsigned char *)ddbi_buf_extend(out, n);
    z->avail_out = (unsigned)n;
    return z->next_out != NULL;
}

ddb_code ddbi_kv_inflate(ddb_bytes in, size_t max, ddbi_buf *out)
{
    z_stream z = stream_of(in);
    int result = Z_OK;

    if (in.n > UINT_MAX)
        return DDB_BAD_VALUE;
    if (inflateInit(&z) != Z_OK)
        return DDB_NOMEM;
    /* A stream that is cut leaves room, and is over with it. */
    while (result == Z_OK && z.avail_out == 0 && out->n <= max &&
           make_room(&z, max, out)) {
        result = inflate(&z, Z_NO_FLUSH);
        out->n -= z.avail_out;
    }
    inflateEnd(&z);
    if (out->failed != DDB_OK || result == Z_MEM_ERROR)
        return DDB_NOMEM;
    if (out->n > max)
        return DDB_TOO_LARGE;
    return result == Z_STREAM_END && z.avail_in == 0 ? DDB_OK : DDB_BAD_VALUE;
}

#else

const int ddbi_kv_has_zlib = 0;

ddb_code ddbi_kv_deflate(ddb_bytes in, size_t max, ddbi_buf *out)
{
    (void)in, (void)max, (void)out;
    return DDB_UNSUPPORTED;
}

ddb_code ddbi_kv_inflate(ddb_bytes in, size_t max, ddbi_buf *out)
{
    (void)in, (void)max, (void)out;
    return DDB_UNSUPPORTED;
}

#endif
