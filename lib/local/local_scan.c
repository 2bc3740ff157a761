/* SPDX-License-Identifier: MIT */
/*
 * Scan: all rows of a table or index in the order of places, which is that of
 * the hash of their partition key.  A segment is a range of hashes: each row
 * is in exactly one of TotalSegments, those of one partition together, and a
 * segment begins where it begins without reading what is before it.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html
 */
#include "local/local_page.h"

#define INVALID_START "The provided starting key is invalid"

static ddb_code check_segments(ddbi_ask *a)
{
    const ddbi_int *segment = &a->in->segment, *total = &a->in->total_segments;

    if (segment->present && !total->present)
        return ddbi_refuse_invalid(
            a, "The TotalSegments parameter is required but was not present in "
               "the request when Segment parameter is present");
    if (total->present && !segment->present)
        return ddbi_refuse_invalid(
            a, "The Segment parameter is required but was not present in the "
               "request when parameter TotalSegments is present");
    if (total->present && segment->v >= total->v)
        return ddbi_refuse_invalid(
            a,
            "The Segment parameter is zero-based and must be less than "
            "parameter TotalSegments: Segment: %lld is not less than "
            "TotalSegments: %lld",
            (long long)segment->v, (long long)total->v);
    return DDB_OK;
}

ddb_code ddbi_do_scan_check(ddbi_ask *a)
{
    ddb_code code = ddbi_page_members(a, 0);

    if (code == DDB_OK && a->in->start)
        code = ddbi_check_start(a, a->in->start);
    if (code == DDB_OK)
        code = check_segments(a);
    if (code == DDB_OK)
        code = ddbi_page_expressions(a);
    return code;
}

/* ---- Where it starts ---------------------------------------------------- */

static ddb_code check_start(ddbi_ask *a, ddbi_page *p)
{
    const ddbi_index *index = p->index;
    ddb_code code = DDB_OK;

    if (!a->in->start)
        return DDB_OK;
    if (!ddbi_page_start_fits(a, p))
        return ddbi_refuse_invalid(
            a, "%s%s", INVALID_START,
            p->secondary ? ""
                         : ": The provided key element does not match the "
                           "schema");
    if (p->secondary)
        code = ddbi_page_start_part(a, &index->pk, 0);
    if (p->secondary && code == DDB_OK && index->sk.name.n)
        code = ddbi_page_start_part(a, &index->sk, 1);
    return code;
}

/* The first hash of segment i of n. */
static uint64_t first_hash(int64_t i, int64_t n)
{
    const uint64_t hashes = (uint64_t)1 << 32;

    return (hashes * (uint64_t)i + (uint64_t)n - 1) / (uint64_t)n;
}

static ddb_code find_range(ddbi_ask *a, ddbi_page *p)
{
    int64_t i = 0, n = 1;

    if (a->in->total_segments.present) {
        i = a->in->segment.v;
        n = a->in->total_segments.v;
    }
    ddbi_place_hash(&p->from, p->index->id, first_hash(i, n));
    ddbi_place_hash(&p->to, p->index->id, first_hash(i + 1, n));
    return p->from.failed == DDB_OK && p->to.failed == DDB_OK
               ? DDB_OK
               : ddbi_ask_nomem(a);
}

static ddb_code check_segment_of_start(ddbi_ask *a, ddbi_page *p)
{
    ddb_bytes at;
    ddb_code code;

    if (!a->in->start || !a->in->total_segments.present)
        return DDB_OK;
    code = ddbi_page_start_place(a, p, &at);
    if (code != DDB_OK || ddbi_page_holds(p, at))
        return code;
    return ddbi_refuse_invalid(
        a,
        INVALID_START ": Invalid ExclusiveStartKey. Please use "
                      "ExclusiveStartKey with correct Segment. TotalSegments: "
                      "%lld Segment: %lld",
        (long long)a->in->total_segments.v, (long long)a->in->segment.v);
}

ddb_code ddbi_do_scan(ddbi_ask *a)
{
    static ddbi_page_step *const steps[] = {
        ddbi_page_open,         check_start,
        ddbi_page_select,       ddbi_page_projection,
        ddbi_page_start_key,    find_range,
        check_segment_of_start, ddbi_page_projection_paths,
        ddbi_page_filter_paths, ddbi_page_resume,
        ddbi_page_answer};

    return ddbi_page_run(a, steps, sizeof steps / sizeof steps[0]);
}
