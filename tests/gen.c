/* SPDX-License-Identifier: MIT */
#include "gen.h"

#include "base/enc.h"
#include "tests.h"

#include <stdio.h>
#include <string.h>

/* ---- Trees -------------------------------------------------------------- */

static json_t *gen_text(rng *r)
{
    static const char *const pieces[] = {
        "a",
        "key",
        "0123456789",
        "\"",
        "\\",
        "/",
        "\n",
        "\x01",
        "\x7f",
        "\xc3\xa4",
        "\xe2\x82\xac",
        " ",
        "{}[]:,",
        "\xf0\x9f\x98\x80",
        "\t\r\b\f",
    };
    char text[256];
    size_t n = 0;

    for (unsigned i = rng_below(r, 12); i > 0; i--) {
        const char *piece = pieces[rng_below(r, ROWS(pieces))];

        memcpy(text + n, piece, strlen(piece));
        n += strlen(piece);
        if (rng_below(r, 20) == 0)
            text[n++] = '\0';
    }
    return json_stringn(text, n);
}

static json_t *gen_number(rng *r)
{
    char text[64];
    int n = 0;

    if (rng_below(r, 3) == 0)
        return json_string("0");
    if (rng_below(r, 2))
        text[n++] = '-';
    text[n++] = (char)('1' + rng_below(r, 9));
    for (unsigned i = rng_below(r, 18); i > 0; i--)
        text[n++] = (char)('0' + rng_below(r, 10));
    if (rng_below(r, 2)) {
        text[n++] = '.';
        for (unsigned i = rng_below(r, 18); i > 0; i--)
            text[n++] = (char)('0' + rng_below(r, 10));
        text[n++] = (char)('1' + rng_below(r, 9));
    }
    return json_stringn(text, (size_t)n);
}

static json_t *gen_binary(rng *r)
{
    unsigned char bytes[64];
    char text[96];
    size_t n = rng_below(r, sizeof bytes);

    for (size_t i = 0; i < n; i++)
        bytes[i] = (unsigned char)rng_next(r);
    ddbi_base64(text, bytes, n);
    return json_stringn(text, ddbi_base64_size(n));
}

static json_t *gen_set(rng *r, json_t *(*element)(rng *r))
{
    json_t *array = json_array();
    unsigned n = 1 + rng_below(r, rng_below(r, 10) ? 5 : 60);

    while (json_array_size(array) < n) {
        json_t *one = element(r), *other;
        size_t i;

        json_array_foreach(array, i, other) if (json_equal(one, other)) break;
        if (i < json_array_size(array))
            n--;
        else
            json_array_append(array, one);
        json_decref(one);
    }
    return array;
}

static json_t *gen_map(rng *r, unsigned most, unsigned levels);

static json_t *gen_value(rng *r, unsigned levels)
{
    json_t *array;

    switch (rng_below(r, levels ? 10 : 8)) {
    case 0:
        return json_pack("{so}", "N", gen_number(r));
    case 1:
        return json_pack("{so}", "B", gen_binary(r));
    case 2:
        return json_pack("{sb}", "BOOL", (int)rng_below(r, 2));
    case 3:
        return json_pack("{sb}", "NULL", 1);
    case 4:
        return json_pack("{so}", "SS", gen_set(r, gen_text));
    case 5:
        return json_pack("{so}", "NS", gen_set(r, gen_number));
    case 6:
        return json_pack("{so}", "BS", gen_set(r, gen_binary));
    case 8:
        return json_pack("{so}", "M", gen_map(r, 5, levels - 1));
    case 9:
        array = json_array();
        for (unsigned n = rng_below(r, 6); n > 0; n--)
            json_array_append_new(array, gen_value(r, levels - 1));
        return json_pack("{so}", "L", array);
    default:
        return json_pack("{so}", "S", gen_text(r));
    }
}

static json_t *gen_map(rng *r, unsigned most, unsigned levels)
{
    json_t *map = json_object();

    for (unsigned n = rng_below(r, most + 1); n > 0; n--) {
        static const char *const ends[] = {"", "\xc3\xa4", "\"", "\n"};
        char name[32];

        snprintf(name, sizeof name, "a%u%s", rng_below(r, 4 * most),
                 ends[rng_below(r, ROWS(ends))]);
        json_object_set_new(map, name, gen_value(r, levels));
    }
    return map;
}

json_t *gen_tree(rng *r, unsigned most)
{
    return gen_map(r, most, rng_below(r, 6));
}

/* ---- By setters --------------------------------------------------------- */

static void fill_list(ddb_value *list, json_t *array);

static ddb_type type_of(const char *name)
{
    static const char *const names[] = {"",  "S", "N",  "B",  "BOOL", "NULL",
                                        "M", "L", "SS", "NS", "BS"};

    for (int i = 1; i < ROWS(names); i++)
        if (strcmp(name, names[i]) == 0)
            return (ddb_type)i;
    ck_abort_msg("%s is no type", name);
}

/* The bytes of a string; those of binary go into out. */
static ddb_bytes bytes_of(json_t *text, ddb_type type, char *out)
{
    ddb_bytes b = {json_string_value(text), json_string_length(text)};

    if (type == DDB_B || type == DDB_BS) {
        b.n = (size_t)ddbi_base64_decode(out, b.p, b.n);
        b.p = out;
    }
    return b;
}

/* Into the item under this name, or else to the end of the list. */
static void fill_scalar(ddb_item *it, const char *name, ddb_value *list,
                        ddb_type type, json_t *v)
{
    char room[96];
    ddb_bytes b = {0};
    ddb_code code;

    if (json_is_string(v))
        b = bytes_of(v, type, room);
    switch (type) {
    case DDB_S:
        code = it ? ddb_item_set_sn(it, name, b.p, b.n)
                  : ddb_list_add_sn(list, b.p, b.n);
        break;
    case DDB_N:
        code = it ? ddb_item_set_n(it, name, b.p) : ddb_list_add_n(list, b.p);
        break;
    case DDB_B:
        code = it ? ddb_item_set_b(it, name, b.p, b.n)
                  : ddb_list_add_b(list, b.p, b.n);
        break;
    case DDB_BOOL:
        code = it ? ddb_item_set_bool(it, name, json_is_true(v))
                  : ddb_list_add_bool(list, json_is_true(v));
        break;
    default:
        code = it ? ddb_item_set_null(it, name) : ddb_list_add_null(list);
    }
    ck_assert_int_eq(code, DDB_OK);
}

static void fill_set(ddb_item *it, const char *name, ddb_value *list,
                     ddb_type type, json_t *array)
{
    static char room[64][96];
    ddb_bytes b[64];
    size_t i;
    json_t *e;
    ddb_code code;

    json_array_foreach(array, i, e) b[i] = bytes_of(e, type, room[i]);
    code = it ? ddb_item_set_set(it, name, type, b, i)
              : ddb_list_add_set(list, type, b, i);
    ck_assert_int_eq(code, DDB_OK);
}

static void fill(ddb_item *it, const char *name, ddb_value *list, json_t *v)
{
    void *member = json_object_iter(v);
    ddb_type type = type_of(json_object_iter_key(member));

    v = json_object_iter_value(member);
    if (type == DDB_M)
        gen_fill(it ? ddb_item_set_m(it, name) : ddb_list_add_m(list), v);
    else if (type == DDB_L)
        fill_list(it ? ddb_item_set_l(it, name) : ddb_list_add_l(list), v);
    else if (type >= DDB_SS)
        fill_set(it, name, list, type, v);
    else
        fill_scalar(it, name, list, type, v);
}

static void fill_list(ddb_value *list, json_t *array)
{
    size_t i;
    json_t *e;

    json_array_foreach(array, i, e) fill(NULL, NULL, list, e);
}

void gen_fill(ddb_item *it, json_t *tree)
{
    const char *name;
    json_t *v;

    json_object_foreach(tree, name, v) fill(it, name, NULL, v);
}

ddb_item *gen_item(rng *r, unsigned most)
{
    json_t *tree = gen_tree(r, most);
    ddb_item *it = ddb_item_new();

    gen_fill(it, tree);
    json_decref(tree);
    return it;
}
