/* SPDX-License-Identifier: MIT */
/* Values with a type, a coding of the program's own, or compressed.  Streams
 * of zlib that are given here are Python's. */
#include "kvfix.h"

#include "gen.h"

#include <stdio.h>

#define NOW 1000

static const unsigned char version[DDBI_KV_VERSION_SIZE] = {1};

static ddb_kv *open_with(ddb_client *client, ddb_kv_options opt)
{
    ddb_kv *opened;

    opt.table = "tab";
    opt.name_space = "ns";
    ck_assert_msg(ddb_kv_open(client, &opt, &opened, &err) == DDB_OK, "%s",
                  err.message);
    return opened;
}

/* What is stored of a value; NULL: err tells why nothing is. */
static ddb_item *store(const ddb_kv *to, ddb_bytes value, ddb_kv_kind kind)
{
    ddb_kv_pair pair = {
        .key = ddb_str("k"), .value = value, .opt = {.kind = kind}};
    ddb_item *it = ddb_item_new();
    int large = 0;

    err = (ddb_err){0};
    if (ddbi_kv_set_pair(to, &pair, NOW, version, it, &large, &err) != DDB_OK) {
        ddb_item_free(it);
        it = NULL;
    }
    return it;
}

/* The entry that an item gives, which it then owns. */
static ddb_code load(ddb_kv *from, ddb_item *it, ddb_kv_entry *e)
{
    err = (ddb_err){0};
    return ddbi_kv_take_entry(from, it, NOW, e, &err);
}

static ddb_bytes stored_bytes(const ddb_item *it)
{
    return ddb_value_bytes(ddb_item_get(it, "value"));
}

static const char *stored_encoding(const ddb_item *it)
{
    ddb_bytes text = ddb_value_bytes(ddb_item_get(it, "encoding"));

    return text.p != NULL ? text.p : "";
}

static void is_same(const ddb_kv_entry *e, ddb_bytes value, ddb_kv_kind kind)
{
    ck_assert_int_eq(e->kind, kind);
    ck_assert_uint_eq(e->value.n, value.n);
    if (value.n > 0)
        ck_assert_mem_eq(e->value.p, value.p, value.n);
    ck_assert_int_eq(((const char *)e->value.p)[e->value.n], '\0');
}

/* ---- A coding of the program's own -------------------------------------- */

/* K and the bytes, their top bits turned; the arg says how it misbehaves. */
typedef enum { WELL, FAILS, FAILS_SILENTLY, MUCH, NULLS, SHRUGS } manner;

static ddb_code misbehave(manner how, ddb_kv_out *out, ddb_err *why)
{
    static const char big[65536];
    ddb_code code = DDB_OK;

    switch (how) {
    case FAILS:
        why->code = DDB_NOT_FOUND; /* which is not believed */
        memset(why->message, 'x', sizeof why->message);
        memcpy(why->message, "no key today", 12);
        return DDB_CREDENTIALS;
    case FAILS_SILENTLY:
        return DDB_SYSTEM;
    case NULLS:
        return ddb_kv_out_add(out, NULL, 1);
    case SHRUGS: /* at what add has said */
        ddb_kv_out_add(out, NULL, 1);
        return DDB_OK;
    case MUCH:
        while (code == DDB_OK)
            code = ddb_kv_out_add(out, big, sizeof big);
        return code;
    default:
        return DDB_OK;
    }
}

static ddb_code turn(ddb_bytes in, ddb_kv_out *out)
{
    const unsigned char *p = in.p;
    ddb_code code = ddb_kv_out_add(out, NULL, 0);

    for (size_t i = 0; i < in.n && code == DDB_OK; i++) {
        unsigned char turned = p[i] ^ 0x80;

        code = ddb_kv_out_add(out, &turned, 1);
    }
    return code;
}

static ddb_code encode(void *arg, ddb_bytes key, ddb_bytes in, ddb_kv_out *out,
                       ddb_err *why)
{
    kvfix_bytes(key, "k");
    if (*(manner *)arg != WELL)
        return misbehave(*(manner *)arg, out, why);
    ddb_kv_out_add(out, "K", 1);
    return turn(in, out);
}

static ddb_code decode(void *arg, ddb_bytes key, ddb_bytes in, ddb_kv_out *out,
                       ddb_err *why)
{
    kvfix_bytes(key, "k");
    if (*(manner *)arg != WELL)
        return misbehave(*(manner *)arg, out, why);
    if (in.n == 0 || *(const char *)in.p != 'K')
        return DDB_INVALID;
    return turn((ddb_bytes){(const char *)in.p + 1, in.n - 1}, out);
}

static manner well = WELL;
static const ddb_kv_coding turned = {encode, decode, &well, {0}};
static const ddb_kv_schema bytes_only = {.bytes_only = 1};
static const ddb_kv_schema documents = {.documents = 1};

/* ---- Words -------------------------------------------------------------- */

START_TEST(steps_are_words_in_their_order)
{
    static const char *const texts[] = {
        "",       "text",        "zlib",        "text zlib",
        "chunks", "text chunks", "zlib chunks", "text zlib chunks"};
    ddb_item *it = ddb_item_new();

    for (unsigned i = 0; i < 8; i++) {
        ck_assert_str_eq(ddbi_kv_words(i), texts[i]);
        ddb_item_set_s(it, "e", texts[i]);
        ck_assert_uint_eq(ddbi_kv_steps(ddb_item_get(it, "e")), i);
    }
    ck_assert_uint_eq(
        DDBI_KV_WAS_TEXT | DDBI_KV_ZLIB << 4 | DDBI_KV_CHUNKS << 8, 0x421);
    ck_assert_uint_eq(ddbi_kv_steps(NULL), 0);
    ddb_item_free(it);
}
END_TEST

static const char *const no_words[] = {
    "Zlib",       " zlib",      "zlib ",       "zlib text", "text  zlib",
    "zlib zlib",  "text,zlib",  "chunks zlib", "zlib gzip", "gzip",
    "text chunk", "text\tzlib", " ",           "texts"};

START_TEST(other_words_are_none_of_ours)
{
    ddb_item *it = ddb_item_new();
    ddb_kv_entry e;

    ddb_item_set_s(it, "key", "k");
    ddb_item_set_b(it, "value", "x", 1);
    ddb_item_set_s(it, "encoding", no_words[_i]);
    ck_assert_uint_eq(ddbi_kv_steps(ddb_item_get(it, "encoding")), 0);
    ck_assert_int_eq(load(kv, it, &e), DDB_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(err.message, "cannot read: "));
    ck_assert_ptr_null(e.memory);
}
END_TEST

/* ---- Opening ------------------------------------------------------------ */

START_TEST(opening_checks_type_and_coding)
{
    const ddb_kv_coding half = {.encode = encode};
    const ddb_kv_coding other_half = {.decode = decode};
    ddb_kv_options opt = {.table = "tab", .name_space = "ns"};
    ddb_kv *other;

    opt.type = (ddb_kv_type)(DDB_KV_ONLY_ARRAY + 1);
    ck_assert_int_eq(ddb_kv_open(c, &opt, &other, &err), DDB_INVALID);
    ck_assert_ptr_nonnull(strstr(err.message, "type"));
    opt.type = (ddb_kv_type)-1;
    ck_assert_int_eq(ddb_kv_open(c, &opt, &other, &err), DDB_INVALID);
    opt.type = DDB_KV_ONLY_ARRAY;
    opt.coding = &half;
    ck_assert_int_eq(ddb_kv_open(c, &opt, &other, &err), DDB_INVALID);
    ck_assert_ptr_nonnull(strstr(err.message, "decode"));
    opt.coding = &other_half;
    ck_assert_int_eq(ddb_kv_open(c, &opt, &other, NULL), DDB_INVALID);
    ck_assert_ptr_null(other);
}
END_TEST

/* ---- Types -------------------------------------------------------------- */

#define DEEP_128                                                               \
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["         \
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["         \
    "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"         \
    "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"

#define OBJECT DDB_KV_ONLY_OBJECT
#define ARRAY DDB_KV_ONLY_ARRAY

static const struct {
    ddb_kv_type type;
    ddb_kv_kind kind;
    const char *value;
    ddb_kv_kind kept;
    const char *why; /* NULL: it is taken */
} typed[] = {
    {DDB_KV_ANY, DDB_KV_BYTES, "\xff", DDB_KV_BYTES, NULL},
    {DDB_KV_ANY, DDB_KV_TEXT, "{", DDB_KV_TEXT, NULL},
    {DDB_KV_ANY, DDB_KV_NUMBER, "7", DDB_KV_NUMBER, NULL},
    {DDB_KV_ONLY_BYTES, DDB_KV_BYTES, "\xff", DDB_KV_BYTES, NULL},
    {DDB_KV_ONLY_BYTES, DDB_KV_BYTES, "", DDB_KV_BYTES, NULL},
    {DDB_KV_ONLY_BYTES, DDB_KV_TEXT, "a", 0, "it is text"},
    {DDB_KV_ONLY_BYTES, DDB_KV_NUMBER, "7", 0, "neither"},
    {DDB_KV_ONLY_BYTES, (ddb_kv_kind)9, "7", 0, "neither"},
    {DDB_KV_ONLY_TEXT, DDB_KV_BYTES, "a\xc3\xa4", DDB_KV_TEXT, NULL},
    {DDB_KV_ONLY_TEXT, DDB_KV_TEXT, "", DDB_KV_TEXT, NULL},
    {DDB_KV_ONLY_TEXT, DDB_KV_TEXT, "\xed\xa0\x80", 0, "UTF-8"},
    {DDB_KV_ONLY_TEXT, DDB_KV_NUMBER, "7", 0, "neither"},
    {DDB_KV_ONLY_TEXT, DDB_KV_DOCUMENT, "{\"NULL\":true}", 0, "neither"},
    {OBJECT, DDB_KV_BYTES, "{}", DDB_KV_TEXT, NULL},
    {OBJECT, DDB_KV_TEXT, " {\"a\" : [1, null, \"\\u0000\"]}\n", DDB_KV_TEXT,
     NULL},
    {OBJECT, DDB_KV_TEXT, "{\"n\":123456789012345678901234567890,\"m\":1e999}",
     DDB_KV_TEXT, NULL},
    {OBJECT, DDB_KV_TEXT, "{\"a\":1,\"a\":2}", DDB_KV_TEXT, NULL},
    {OBJECT, DDB_KV_TEXT, "[]", 0, "no JSON object"},
    {OBJECT, DDB_KV_TEXT, "\"{}\"", 0, "no JSON object"},
    {OBJECT, DDB_KV_TEXT, "null", 0, "no JSON object"},
    {OBJECT, DDB_KV_TEXT, "", 0, "type"},
    {OBJECT, DDB_KV_TEXT, "{", 0, "type"},
    {OBJECT, DDB_KV_TEXT, "{}{}", 0, "type"},
    {OBJECT, DDB_KV_TEXT, "{'a':1}", 0, "type"},
    {OBJECT, DDB_KV_TEXT, "{\"a\":\"\xff\"}", 0, "UTF-8"},
    {OBJECT, DDB_KV_TEXT, "\xef\xbb\xbf{}", 0, "type"},
    {OBJECT, DDB_KV_NUMBER, "7", 0, "neither"},
    {ARRAY, DDB_KV_BYTES, "[1,2.50,{}]", DDB_KV_TEXT, NULL},
    {ARRAY, DDB_KV_TEXT, DEEP_128, DDB_KV_TEXT, NULL},
    {ARRAY, DDB_KV_TEXT, "[" DEEP_128 "]", 0, "type"},
    {ARRAY, DDB_KV_TEXT, "{}", 0, "no JSON array"},
    {ARRAY, DDB_KV_TEXT, "[1,]", 0, "type"},
};

START_TEST(a_type_is_kept_to_in_writes)
{
    ddb_kv *to = open_with(c, (ddb_kv_options){.type = typed[_i].type});
    ddb_item *it = store(to, ddb_str(typed[_i].value), typed[_i].kind);
    ddb_kv_entry e;

    ck_assert_msg((it != NULL) == (typed[_i].why == NULL), "%s: %s",
                  typed[_i].value, err.message);
    if (it == NULL) {
        ck_assert_int_eq(err.code, DDB_INVALID);
        ck_assert_msg(strstr(err.message, typed[_i].why) != NULL, "%s: %s",
                      typed[_i].value, err.message);
    } else {
        ck_assert_str_eq(stored_encoding(it), "");
        ck_assert_int_eq(ddb_value_type(ddb_item_get(it, "value")),
                         typed[_i].kept == DDB_KV_BYTES  ? DDB_B
                         : typed[_i].kept == DDB_KV_TEXT ? DDB_S
                                                         : DDB_N);
        ck_assert_int_eq(load(to, it, &e), DDB_OK);
        is_same(&e, ddb_str(typed[_i].value), typed[_i].kept);
        ddb_kv_entry_clear(&e);
    }
    ddb_kv_close(to);
}
END_TEST

/* What a store without a type takes, one with a type may find. */
START_TEST(a_type_is_kept_to_in_reads)
{
    ddb_kv *from = open_with(
        c, (ddb_kv_options){.type = typed[_i].type, .schema = &documents});
    ddb_kv *any = open_with(c, (ddb_kv_options){.schema = &documents});
    ddb_item *it = store(any, ddb_str(typed[_i].value), typed[_i].kind);
    ddb_kv_entry e;
    ddb_code code;

    if (it == NULL) /* it is nothing to a store without one too */
        ck_assert_ptr_nonnull(typed[_i].why);
    else if ((code = load(from, it, &e)) == DDB_OK) {
        ck_assert_ptr_null(typed[_i].why);
        is_same(&e, ddb_str(typed[_i].value), typed[_i].kept);
        ddb_kv_entry_clear(&e);
    } else {
        ck_assert_int_eq(code, DDB_BAD_VALUE);
        ck_assert_ptr_nonnull(strstr(err.message, "\"k\""));
        ck_assert_ptr_nonnull(strstr(err.message, typed[_i].why));
        ck_assert_ptr_null(e.memory);
    }
    ddb_kv_close(from);
    ddb_kv_close(any);
}
END_TEST

/* jansson is the judge of JSON that has lost or changed a byte. */
START_TEST(json_is_what_others_take_for_it)
{
    ddb_kv *to = open_with(c, (ddb_kv_options){.type = OBJECT});
    rng r = {.state = 31};
    int taken = 0;

    for (int i = 0; i < 3000; i++) {
        json_t *tree = gen_tree(&r, 4);
        char *text = json_dumps(tree, 0);
        size_t n = strlen(text), at = rng_below(&r, (unsigned)n);
        json_t *judge;
        ddb_item *it;

        if (i % 2 != 0)
            text[at] = (char)(32 + rng_below(&r, 96));
        else if (i % 3 != 0)
            memmove(text + at, text + at + 1, n-- - at);
        judge =
            json_loadb(text, n, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
        it = store(to, (ddb_bytes){text, n}, DDB_KV_TEXT);
        ck_assert_msg((it != NULL) == json_is_object(judge), "%.*s: %s", (int)n,
                      text, err.message);
        taken += it != NULL;
        ddb_item_free(it);
        json_decref(judge);
        json_decref(tree);
        free(text);
    }
    ck_assert_int_gt(taken, 1000);
    ck_assert_int_lt(taken, 2900);
    ddb_kv_close(to);
}
END_TEST

START_TEST(texts_are_kept_as_bytes_where_the_schema_has_no_others)
{
    ddb_kv *to = open_with(c, (ddb_kv_options){.schema = &bytes_only});
    ddb_kv *text = open_with(
        c, (ddb_kv_options){.schema = &bytes_only, .type = DDB_KV_ONLY_TEXT});
    ddb_item *it = store(to, ddb_str("abc"), DDB_KV_TEXT);
    ddb_kv_entry e;

    ck_assert_int_eq(ddb_value_type(ddb_item_get(it, "value")), DDB_B);
    ck_assert_str_eq(stored_encoding(it), "");
    ck_assert_int_eq(load(to, it, &e), DDB_OK);
    is_same(&e, ddb_str("abc"), DDB_KV_BYTES);
    ddb_kv_entry_clear(&e);
    ck_assert_ptr_null(store(to, ddb_str("\xff"), DDB_KV_TEXT));
    ck_assert_int_eq(err.code, DDB_INVALID);
    it = store(text, ddb_str("abc"), DDB_KV_TEXT);
    ck_assert_int_eq(ddb_value_type(ddb_item_get(it, "value")), DDB_B);
    ck_assert_int_eq(load(text, it, &e), DDB_OK);
    is_same(&e, ddb_str("abc"), DDB_KV_TEXT);
    ddb_kv_entry_clear(&e);
    ddb_kv_close(to);
    ddb_kv_close(text);
}
END_TEST

/* ---- Documents ---------------------------------------------------------- */

static const struct {
    const char *text;
    const char *back; /* as it is written; NULL: refused */
} docs[] = {
    {"{\"M\":{}}", "{\"M\":{}}"},
    {" { \"M\" : {\"a\":{\"L\":[{\"N\":\"1.0\"}]}} } ",
     "{\"M\":{\"a\":{\"L\":[{\"N\":\"1\"}]}}}"},
    {"{\"L\":[{\"B\":\"AAE=\"},{\"S\":\"\\u00e4\"}]}",
     "{\"L\":[{\"B\":\"AAE=\"},{\"S\":\"\xc3\xa4\"}]}"},
    {"{\"NULL\":true}", "{\"NULL\":true}"},
    {"{\"BOOL\":false}", "{\"BOOL\":false}"},
    {"{\"SS\":[\"b\",\"a\"]}", "{\"SS\":[\"b\",\"a\"]}"},
    {"{\"S\":\"a\"}", NULL},
    {"{\"B\":\"AAE=\"}", NULL},
    {"{\"N\":\"1\"}", NULL},
    {"", NULL},
    {"{}", NULL},
    {"[]", NULL},
    {"{\"M\":{}", NULL},
    {"{\"M\":{},\"L\":[]}", NULL},
    {"{\"M\":{}},\"w\":{\"M\":{}}", NULL},
    {"{\"M\":{}},\"v\":{\"M\":{}}", NULL},
    {"{\"M\":{}}}", NULL},
    {"{\"SS\":[]}", NULL},
};

START_TEST(documents_are_values_of_all_other_types)
{
    ddb_kv *to = open_with(c, (ddb_kv_options){.schema = &documents});
    ddb_item *it = store(to, ddb_str(docs[_i].text), DDB_KV_DOCUMENT);
    ddb_kv_entry e;

    ck_assert_msg((it != NULL) == (docs[_i].back != NULL), "%s: %s",
                  docs[_i].text, err.message);
    if (it == NULL) {
        ck_assert_int_eq(err.code, DDB_INVALID);
        ck_assert_ptr_nonnull(strstr(err.message, "DynamoDB JSON"));
    } else {
        ddb_item *copy = ddb_item_copy(it);

        ck_assert_int_eq(load(to, it, &e), DDB_OK);
        is_same(&e, ddb_str(docs[_i].back), DDB_KV_DOCUMENT);
        ddb_kv_entry_clear(&e);
        ck_assert_int_eq(load(kv, copy, &e), DDB_BAD_VALUE);
    }
    ddb_kv_close(to);
}
END_TEST

START_TEST(documents_need_a_schema_that_has_them)
{
    ddb_kv *to = open_with(c, (ddb_kv_options){.schema = &documents});
    ddb_kv_entry e;

    ck_assert_ptr_null(store(kv, ddb_str("{\"M\":{}}"), DDB_KV_DOCUMENT));
    ck_assert_int_eq(err.code, DDB_INVALID);
    ck_assert_ptr_nonnull(strstr(err.message, "documents"));
    ck_assert_int_eq(load(to, ddb_item_new(), &e), DDB_BAD_VALUE);
    ddb_kv_close(to);
}
END_TEST

/* ---- A coding of the program's own -------------------------------------- */

START_TEST(what_a_program_codes_is_bytes_that_remember_text)
{
    ddb_kv *to = open_with(c, (ddb_kv_options){.coding = &turned});
    ddb_item *it = store(to, ddb_str("ab"), DDB_KV_TEXT);
    ddb_item *raw = ddb_item_copy(it);
    ddb_kv_entry e;

    ck_assert_int_eq(ddb_value_type(ddb_item_get(it, "value")), DDB_B);
    kvfix_bytes(stored_bytes(it), "K\xe1\xe2");
    ck_assert_str_eq(stored_encoding(it), "text");
    ck_assert_int_eq(load(to, it, &e), DDB_OK);
    is_same(&e, ddb_str("ab"), DDB_KV_TEXT);
    ddb_kv_entry_clear(&e);
    /* Without the coding it is no text. */
    ck_assert_int_eq(load(kv, raw, &e), DDB_BAD_VALUE);
    it = store(to, ddb_str("ab"), DDB_KV_BYTES);
    ck_assert_str_eq(stored_encoding(it), "");
    ck_assert_int_eq(load(to, it, &e), DDB_OK);
    is_same(&e, ddb_str("ab"), DDB_KV_BYTES);
    ddb_kv_entry_clear(&e);
    it = store(to, ddb_str(""), DDB_KV_BYTES);
    kvfix_bytes(stored_bytes(it), "K");
    ck_assert_int_eq(load(to, it, &e), DDB_OK);
    is_same(&e, ddb_str(""), DDB_KV_BYTES);
    ddb_kv_entry_clear(&e);
    ddb_kv_close(to);
}
END_TEST

START_TEST(numbers_and_documents_are_not_coded)
{
    ddb_kv *to =
        open_with(c, (ddb_kv_options){.coding = &turned, .schema = &documents});
    ddb_item *it = store(to, ddb_str("42"), DDB_KV_NUMBER);
    ddb_kv_entry e;

    kvfix_bytes(stored_bytes(it), "42");
    ck_assert_int_eq(load(to, it, &e), DDB_OK);
    is_same(&e, ddb_str("42"), DDB_KV_NUMBER);
    ddb_kv_entry_clear(&e);
    it = store(to, ddb_str("{\"L\":[]}"), DDB_KV_DOCUMENT);
    ck_assert_int_eq(load(to, it, &e), DDB_OK);
    is_same(&e, ddb_str("{\"L\":[]}"), DDB_KV_DOCUMENT);
    ddb_kv_entry_clear(&e);
    ddb_kv_close(to);
}
END_TEST

/* Else whoever may write the table goes round a cipher. */
START_TEST(nothing_goes_round_a_coding)
{
    ddb_kv *from = open_with(c, (ddb_kv_options){.coding = &turned});
    ddb_kv_entry e;

    ck_assert_int_eq(load(from, store(kv, ddb_str("plain"), DDB_KV_TEXT), &e),
                     DDB_BAD_VALUE);
    ck_assert_ptr_nonnull(strstr(err.message, "own coding has failed"));
    ck_assert_int_eq(load(from, store(kv, ddb_str("plain"), DDB_KV_BYTES), &e),
                     DDB_BAD_VALUE);
    ddb_kv_close(from);
}
END_TEST

static const struct {
    manner how;
    ddb_code encode;
    const char *says;
} manners[] = {
    {FAILS, DDB_CREDENTIALS, "no key today"},
    {FAILS_SILENTLY, DDB_SYSTEM, "own coding has failed"},
    {NULLS, DDB_INVALID, "own coding has failed"},
    {SHRUGS, DDB_INVALID, "own coding has failed"},
    {MUCH, DDB_TOO_LARGE, "makes too much"},
};

START_TEST(failures_of_a_coding_are_told)
{
    manner how = manners[_i].how;
    ddb_kv_coding coding = {encode, decode, &how, {0}};
    ddb_kv *to = open_with(c, (ddb_kv_options){.coding = &coding});
    ddb_kv_entry e;

    ck_assert_ptr_null(store(to, ddb_str("a"), DDB_KV_BYTES));
    ck_assert_int_eq(err.code, manners[_i].encode);
    ck_assert_ptr_nonnull(strstr(err.message, manners[_i].says));
    ck_assert_int_eq(load(to, store(kv, ddb_str("Ka"), DDB_KV_BYTES), &e),
                     DDB_BAD_VALUE);
    ck_assert_ptr_nonnull(strstr(err.message, manners[_i].says));
    ck_assert_ptr_nonnull(strstr(err.message, "\"k\""));
    ck_assert_int_eq(ddb_kv_put(to, ddb_str("k"), ddb_str("a"), NULL, NULL),
                     manners[_i].encode);
    ck_assert_uint_eq(fake_count(f), 0);
    ddb_kv_close(to);
}
END_TEST

START_TEST(a_coded_value_must_fit_as_it_is_stored)
{
    static char big[DDBI_MAX_ITEM];
    ddb_kv *to = open_with(c, (ddb_kv_options){.coding = &turned});
    ddb_item *it = store(to, ddb_str(""), DDB_KV_BYTES);
    size_t left = DDBI_MAX_ITEM - ddb_item_size(it);

    ddb_item_free(it);
    it = store(to, (ddb_bytes){big, left}, DDB_KV_BYTES);
    ck_assert_ptr_nonnull(it);
    ck_assert_uint_eq(ddb_item_size(it), DDBI_MAX_ITEM);
    ddb_item_free(it);
    ck_assert_ptr_null(store(to, (ddb_bytes){big, left + 1}, DDB_KV_BYTES));
    ck_assert_int_eq(err.code, DDB_TOO_LARGE);
    ddb_kv_close(to);
}
END_TEST

/* ---- Compression -------------------------------------------------------- */

/* "abababab..." */
#define A20 "aaaaaaaaaaaaaaaaaaaa"
#define A100 A20 A20 A20 A20 A20
#define ZLIB_60 "eJxLTCQfAAC1wBa9" /* of 60 letters a */

static const struct {
    const char *name;
    const char *value;    /* DynamoDB JSON */
    const char *encoding; /* the same */
    ddb_code code;        /* with zlib */
    ddb_kv_kind kind;
    const char *got; /* or what the message has */
} stored[] = {
    {"bytes", "{\"B\":\"" ZLIB_60 "\"}", "{\"S\":\"zlib\"}", DDB_OK,
     DDB_KV_BYTES, A20 A20 A20},
    {"text", "{\"B\":\"" ZLIB_60 "\"}", "{\"S\":\"text zlib\"}", DDB_OK,
     DDB_KV_TEXT, A20 A20 A20},
    {"nothing", "{\"B\":\"eJwDAAAAAAE=\"}", "{\"S\":\"zlib\"}", DDB_OK,
     DDB_KV_BYTES, ""},
    {"text that is none", "{\"B\":\"eJz7/w8AAv4B/g==\"}",
     "{\"S\":\"text zlib\"}", DDB_BAD_VALUE, 0, "UTF-8"},
    {"bytes that are no text", "{\"B\":\"eJz7/w8AAv4B/g==\"}",
     "{\"S\":\"zlib\"}", DDB_OK, DDB_KV_BYTES, "\xff\xfe"},
    {"no stream", "{\"B\":\"AAECAwQFBgc=\"}", "{\"S\":\"zlib\"}", DDB_BAD_VALUE,
     0, "damaged"},
    {"an empty one", "{\"B\":\"\"}", "{\"S\":\"zlib\"}", DDB_BAD_VALUE, 0,
     "damaged"},
    {"raw deflate", "{\"B\":\"S0wkHwAA\"}", "{\"S\":\"zlib\"}", DDB_BAD_VALUE,
     0, "damaged"},
    {"gzip", "{\"B\":\"H4sIAAAAAAACA0tMJB8AACm9mB88AAAA\"}", "{\"S\":\"zlib\"}",
     DDB_BAD_VALUE, 0, "damaged"},
    {"a dictionary of its own", "{\"B\":\"eLsDzgGFowQAALXAFr0=\"}",
     "{\"S\":\"zlib\"}", DDB_BAD_VALUE, 0, "damaged"},
};

/* They are no streams, or none that gets as far as zlib. */
static const struct {
    const char *name;
    const char *value;
    const char *encoding;
    ddb_code code;
    const char *got;
} odd[] = {
    {"text of bytes", "{\"B\":\"YWJj\"}", "{\"S\":\"text\"}", DDB_OK, "abc"},
    {"text that is S", "{\"S\":\"abc\"}", "{\"S\":\"text\"}", DDB_BAD_VALUE,
     "not of type B"},
    {"a stream that is S", "{\"S\":\"abc\"}", "{\"S\":\"zlib\"}", DDB_BAD_VALUE,
     "not of type B"},
    {"a number that is compressed", "{\"N\":\"1\"}", "{\"S\":\"zlib\"}",
     DDB_BAD_VALUE, "not of type B"},
    {"a map that is compressed", "{\"M\":{}}", "{\"S\":\"zlib\"}",
     DDB_BAD_VALUE, "not of type B"},
    {"no value", NULL, "{\"S\":\"zlib\"}", DDB_BAD_VALUE, "not of type B"},
    {"an encoding in bytes", "{\"B\":\"YWJj\"}", "{\"B\":\"emxpYg==\"}",
     DDB_UNSUPPORTED, "zlib"},
    {"an encoding that is null", "{\"B\":\"YWJj\"}", "{\"NULL\":true}",
     DDB_UNSUPPORTED, "?"},
    {"no words at all", "{\"B\":\"YWJj\"}", "{\"S\":\"\"}", DDB_UNSUPPORTED,
     "cannot read: "},
};

static ddb_item *make_item(const char *value, const char *encoding)
{
    char text[512];
    ddb_item *it;

    snprintf(text, sizeof text, "{\"key\":{\"S\":\"k\"},\"encoding\":%s%s%s}",
             encoding, value != NULL ? ",\"value\":" : "",
             value != NULL ? value : "");
    ck_assert_msg(ddb_item_parse(text, strlen(text), &it, &err) == DDB_OK,
                  "%s: %s", text, err.message);
    return it;
}

START_TEST(odd_encodings)
{
    ddb_kv_entry e;
    ddb_code code = load(kv, make_item(odd[_i].value, odd[_i].encoding), &e);

    ck_assert_msg(code == odd[_i].code, "%s: %s", odd[_i].name,
                  ddb_code_name(code));
    if (code == DDB_OK)
        is_same(&e, ddb_str(odd[_i].got), DDB_KV_TEXT);
    else
        ck_assert_msg(strstr(err.message, odd[_i].got) != NULL, "%s: %s",
                      odd[_i].name, err.message);
    ddb_kv_entry_clear(&e);
}
END_TEST

#ifdef DDB_WITH_ZLIB

START_TEST(reads_what_is_compressed)
{
    ddb_kv_entry e;
    ddb_code code =
        load(kv, make_item(stored[_i].value, stored[_i].encoding), &e);

    ck_assert_msg(code == stored[_i].code, "%s: %s", stored[_i].name,
                  ddb_code_name(code));
    if (code == DDB_OK)
        is_same(&e, ddb_str(stored[_i].got), stored[_i].kind);
    else
        ck_assert_msg(strstr(err.message, stored[_i].got) != NULL, "%s: %s",
                      stored[_i].name, err.message);
    ddb_kv_entry_clear(&e);
}
END_TEST

/* Each bit turned, each end cut, anything behind it.  Letters of 64 kinds: of
 * few, Adler-32 misses a change or two. */
START_TEST(a_damaged_stream_is_an_error)
{
    ddb_kv *to = open_with(c, (ddb_kv_options){.compress = 1});
    rng r = {.state = 5};
    char value[600];
    ddb_item *it;
    unsigned char p[600];
    ddb_bytes z;
    ddbi_buf out = {0};

    for (size_t i = 0; i < sizeof value; i++)
        value[i] = (char)('0' + rng_below(&r, 64));
    it = store(to, (ddb_bytes){value, sizeof value}, DDB_KV_BYTES);
    z = stored_bytes(it);
    ck_assert_str_eq(stored_encoding(it), "zlib");
    memcpy(p, z.p, z.n);
    p[z.n] = 'x';
    for (size_t bit = 0; bit < z.n * 8; bit++) {
        unsigned char *at = &p[bit / 8], was = *at;
        ddb_code code;

        *at = (unsigned char)(was ^ 1u << bit % 8);
        code = ddbi_kv_inflate((ddb_bytes){p, z.n}, 1 << 20, &out);
        if (bit / 8 == z.n - 5 && code == DDB_OK) /* it fills up the byte */
            ck_assert_mem_eq(out.p, value, sizeof value);
        else
            ck_assert_msg(code == DDB_BAD_VALUE, "bit %zu: %s", bit,
                          ddb_code_name(code));
        *at = was;
        ddbi_buf_clear(&out);
    }
    for (size_t n = 0; n <= z.n + 1; n++) {
        ck_assert_int_eq(ddbi_kv_inflate((ddb_bytes){p, n}, 1 << 20, &out),
                         n == z.n ? DDB_OK : DDB_BAD_VALUE);
        ddbi_buf_clear(&out);
    }
    ddbi_buf_free(&out);
    ddb_item_free(it);
    ddb_kv_close(to);
}
END_TEST

/* Random letters of so many kinds: what it takes to save something. */
static const struct {
    const char *name;
    size_t n;
    unsigned kinds;
    ddb_kv_kind kind;
    const char *encoding;
} savings[] = {
    {"too short", 99, 1, DDB_KV_BYTES, ""},
    {"long enough", 100, 1, DDB_KV_BYTES, "zlib"},
    {"text that is too short", 99, 1, DDB_KV_TEXT, ""},
    {"text", 100, 1, DDB_KV_TEXT, "text zlib"},
    {"noise", 50000, 256, DDB_KV_BYTES, ""},
    {"a little noise", 128, 128, DDB_KV_TEXT, ""},
    {"letters", 50000, 26, DDB_KV_TEXT, "text zlib"},
    {"a number", 38, 1, DDB_KV_NUMBER, ""},
};

START_TEST(compresses_what_saves)
{
    ddb_kv *to = open_with(c, (ddb_kv_options){.compress = 1});
    size_t n = savings[_i].n;
    unsigned char *p = malloc(n);
    rng r = {.state = 41};
    ddb_item *it;
    ddb_kv_entry e;

    for (size_t i = 0; i < n; i++)
        p[i] = (unsigned char)((savings[_i].kinds > 26 ? 0 : '1') +
                               rng_below(&r, savings[_i].kinds));
    it = store(to, (ddb_bytes){p, n}, savings[_i].kind);
    ck_assert_msg(strcmp(stored_encoding(it), savings[_i].encoding) == 0,
                  "%s: %s", savings[_i].name, stored_encoding(it));
    ck_assert_int_eq(load(kv, it, &e), DDB_OK);
    is_same(&e, (ddb_bytes){p, n}, savings[_i].kind);
    ddb_kv_entry_clear(&e);
    free(p);
    ddb_kv_close(to);
}
END_TEST

/* The word and the attribute's own name count. */
START_TEST(an_item_never_grows)
{
    char name[200] = {0};
    const ddb_kv_schema schema = {.encoding = memset(name, 'e', 199)};
    ddb_kv *plain = open_with(c, (ddb_kv_options){.schema = &schema});
    ddb_kv *to =
        open_with(c, (ddb_kv_options){.schema = &schema, .compress = 1});
    rng r = {.state = 43};
    int compressed = 0;

    for (size_t n = 1; n < 600; n++) {
        char value[600];
        ddb_item *a, *b;

        for (size_t i = 0; i < n; i++)
            value[i] = (char)('a' + rng_below(&r, 3));
        a = store(plain, (ddb_bytes){value, n}, DDB_KV_TEXT);
        b = store(to, (ddb_bytes){value, n}, DDB_KV_TEXT);
        if (ddb_item_get(b, name) != NULL) {
            ck_assert_uint_lt(ddb_item_size(b), ddb_item_size(a));
            compressed++;
        } else {
            ck_assert_int_eq(ddb_item_equal(a, b), 1);
        }
        ddb_item_free(a);
        ddb_item_free(b);
    }
    ck_assert_int_gt(compressed, 200);
    ck_assert_int_lt(compressed, 400);
    ddb_kv_close(plain);
    ddb_kv_close(to);
}
END_TEST

START_TEST(compression_comes_after_a_coding)
{
    ddb_kv *to =
        open_with(c, (ddb_kv_options){.coding = &turned, .compress = 1});
    ddb_item *it = store(to, ddb_str(A100 A100), DDB_KV_TEXT);
    ddb_item *raw = ddb_item_copy(it);
    ddb_kv_entry e;

    ck_assert_str_eq(stored_encoding(it), "text zlib");
    ck_assert_int_eq(load(to, it, &e), DDB_OK);
    is_same(&e, ddb_str(A100 A100), DDB_KV_TEXT);
    ddb_kv_entry_clear(&e);
    ddb_item_set_s(raw, "encoding", "zlib");
    ck_assert_int_eq(load(kv, raw, &e), DDB_OK);
    ck_assert_uint_eq(e.value.n, 201);
    ck_assert_mem_eq(e.value.p, "K\xe1\xe1", 3);
    ddb_kv_entry_clear(&e);
    ddb_kv_close(to);
}
END_TEST

START_TEST(a_small_value_costs_little_memory)
{
    ddbi_buf out = {0};

    oom_begin(-1);
    ck_assert_int_eq(ddbi_kv_deflate(ddb_str(A100 A100), 150, &out), DDB_OK);
    ck_assert_int_eq(oom_end(), 0);
    ck_assert_int_eq(oom_live(), 1); /* the buffer */
    ck_assert_uint_le(out.cap, 256);
    ddbi_buf_free(&out);
}
END_TEST

/* ---- Bombs -------------------------------------------------------------- */

#define LIMIT 1000000

/* Zeroes, of which a thousandth is left; no put of ours makes it. */
static ddb_item *bomb(size_t n, const char *encoding)
{
    char *zeroes = calloc(1, n);
    ddb_item *it = make_item(NULL, encoding);
    ddbi_buf z = {0};

    ck_assert_int_eq(ddbi_kv_deflate((ddb_bytes){zeroes, n}, n / 100, &z),
                     DDB_OK);
    ck_assert_uint_le(z.n, DDBI_MAX_ITEM - 1000);
    ddb_item_set_b(it, "value", z.p, z.n);
    ddbi_buf_free(&z);
    free(zeroes);
    return it;
}

START_TEST(inflates_no_more_than_an_answer_may_have)
{
    ddb_client *small =
        fake_open(f, &(ddb_options){.max_answer = LIMIT, .region = "x"});
    ddb_kv *from = open_with(small, (ddb_kv_options){.compress = 1});
    char *zeroes = calloc(1, LIMIT + 1);
    ddb_kv_entry e;
    ddb_item *it;

    ck_assert_int_eq(load(from, bomb(LIMIT, "{\"S\":\"zlib\"}"), &e), DDB_OK);
    ck_assert_uint_eq(e.value.n, LIMIT);
    ddb_kv_entry_clear(&e);
    ck_assert_int_eq(load(from, bomb(LIMIT + 1, "{\"S\":\"zlib\"}"), &e),
                     DDB_BAD_VALUE);
    ck_assert_ptr_nonnull(strstr(err.message, "longer than"));
    ck_assert_int_eq(load(kv, bomb(LIMIT + 1, "{\"S\":\"zlib\"}"), &e), DDB_OK);
    ddb_kv_entry_clear(&e);
    /* What could not be read is not written. */
    it = store(from, (ddb_bytes){zeroes, LIMIT}, DDB_KV_BYTES);
    ck_assert_int_eq(load(from, it, &e), DDB_OK);
    ddb_kv_entry_clear(&e);
    ck_assert_ptr_null(
        store(from, (ddb_bytes){zeroes, LIMIT + 1}, DDB_KV_BYTES));
    ck_assert_int_eq(err.code, DDB_TOO_LARGE);
    ck_assert_ptr_nonnull(strstr(err.message, "1000000"));
    free(zeroes);
    ddb_kv_close(from);
    ddb_client_close(small);
}
END_TEST

static size_t largest;

static void *note_malloc(size_t n)
{
    largest = n > largest ? n : largest;
    return malloc(n);
}

static void *note_realloc(void *p, size_t n)
{
    largest = n > largest ? n : largest;
    return realloc(p, n);
}

/* 200 MB in 200 KB, by a client that takes answers of 32 MB. */
START_TEST(a_bomb_takes_no_more_memory_than_two_answers)
{
    ddb_item *it = bomb(200u << 20, "{\"S\":\"text zlib\"}");
    ddb_kv_entry e;

    largest = 0;
    ddb_set_allocator(note_malloc, note_realloc, free);
    ck_assert_int_eq(load(kv, it, &e), DDB_BAD_VALUE);
    ddb_set_allocator(NULL, NULL, NULL);
    ck_assert_uint_ge(largest, 32u << 20);
    ck_assert_uint_le(largest, 65u << 20);
}
END_TEST

#else

START_TEST(says_that_it_has_no_zlib)
{
    ddb_kv_options opt = {.table = "tab", .name_space = "ns", .compress = 1};
    ddb_kv *other;
    ddb_kv_entry e;

    ck_assert_int_eq(ddb_kv_open(c, &opt, &other, &err), DDB_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(err.message, "without zlib"));
    ck_assert_ptr_null(other);
    ck_assert_int_eq(
        load(kv, make_item(stored[_i].value, stored[_i].encoding), &e),
        DDB_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(err.message, "without zlib"));
}
END_TEST

#endif

/* ---- All of it together ------------------------------------------------- */

/* A value of any kind; what it is as JSON, if it is to be.  Owned. */
static char *random_value(rng *r, ddb_kv_type type, ddb_kv_kind kind, size_t *n)
{
    unsigned kinds = 1 + rng_below(r, kind == DDB_KV_TEXT ? 90 : 256);
    char *p;

    if (type == ARRAY || type == OBJECT || kind == DDB_KV_DOCUMENT) {
        json_t *tree = gen_tree(r, rng_below(r, 30));
        json_t *root = kind == DDB_KV_DOCUMENT ? json_pack("{so}", "M", tree)
                       : type == ARRAY         ? json_pack("[o]", tree)
                                               : tree;

        p = json_dumps(root, JSON_COMPACT);
        json_decref(root);
        *n = strlen(p);
        return p;
    }
    *n = rng_below(r, rng_below(r, 2) ? 120 : 3000);
    if (kind == DDB_KV_NUMBER)
        *n = 1 + *n % 38;
    p = malloc(*n + 1);
    for (size_t i = 0; i < *n; i++)
        p[i] = (char)(kind == DDB_KV_NUMBER ? '1' + (int)rng_below(r, 9)
                      : type == DDB_KV_ONLY_TEXT || kind == DDB_KV_TEXT
                          ? 32 + (int)rng_below(r, kinds % 90 + 1)
                          : (int)rng_below(r, kinds));
    return p;
}

static ddb_kv_kind random_kind(rng *r, ddb_kv_type type, int has_documents)
{
    if (type != DDB_KV_ANY)
        return rng_below(r, 2) && type != DDB_KV_ONLY_BYTES ? DDB_KV_TEXT
                                                            : DDB_KV_BYTES;
    return (ddb_kv_kind)rng_below(r, has_documents ? 4 : 3);
}

static ddb_kv_kind kept_kind(const ddb_kv_options *opt, ddb_kv_kind kind)
{
    if (opt->type != DDB_KV_ANY)
        return opt->type == DDB_KV_ONLY_BYTES ? DDB_KV_BYTES : DDB_KV_TEXT;
    return kind == DDB_KV_TEXT && opt->schema->bytes_only ? DDB_KV_BYTES : kind;
}

/* Documents are written anew, their members in another order. */
static void is_equal(const ddb_kv_entry *e, ddb_bytes value, ddb_kv_kind kind)
{
    json_t *got, *want;

    if (kind != DDB_KV_DOCUMENT) {
        is_same(e, value, kind);
        return;
    }
    ck_assert_int_eq(e->kind, kind);
    got = json_loadb(e->value.p, e->value.n, JSON_ALLOW_NUL, NULL);
    want = json_loadb(value.p, value.n, JSON_ALLOW_NUL, NULL);
    ck_assert_ptr_nonnull(got);
    ck_assert_int_eq(json_equal(got, want), 1);
    json_decref(got);
    json_decref(want);
}

START_TEST(what_goes_in_comes_out)
{
    static const int has_zlib =
#ifdef DDB_WITH_ZLIB
        1;
#else
        0;
#endif
    rng r = {.state = 1234567 + (unsigned)_i};

    for (int i = 0; i < 400; i++) {
        const ddb_kv_schema schema = {.bytes_only = rng_below(&r, 4) == 0,
                                      .documents = (int)rng_below(&r, 2)};
        ddb_kv_options opt = {.type = (ddb_kv_type)rng_below(&r, 5),
                              .compress = has_zlib && rng_below(&r, 3) > 0,
                              .coding = rng_below(&r, 3) ? NULL : &turned,
                              .schema = &schema};
        ddb_kv *to = open_with(c, opt);
        ddb_kv_kind kind = random_kind(&r, opt.type, schema.documents);
        ddb_bytes value;
        char *p = random_value(&r, opt.type, kind, &value.n);
        ddb_item *it;
        ddb_kv_entry e;
        ddb_kv *from;

        value.p = p;
        it = store(to, value, kind);
        ck_assert_msg(it != NULL, "%d: %s", i, err.message);
        opt.compress = 0; /* reading needs no word of it */
        from = open_with(c, opt);
        ck_assert_msg(load(from, it, &e) == DDB_OK, "%d: %s", i, err.message);
        is_equal(&e, value, kept_kind(&opt, kind));
        ddb_kv_entry_clear(&e);
        ddb_kv_close(to);
        ddb_kv_close(from);
        free(p);
    }
}
END_TEST

/* ---- No memory ---------------------------------------------------------- */

static const struct {
    const char *name;
    ddb_kv_options opt;
    ddb_kv_kind kind;
    const char *value;
} hungry[] = {
    {"plain", {0}, DDB_KV_TEXT, "a"},
    {"coded", {.coding = &turned}, DDB_KV_TEXT, A100},
    {"typed", {.type = OBJECT}, DDB_KV_TEXT, "{\"a\":[1,2]}"},
    {"a document",
     {.schema = &documents},
     DDB_KV_DOCUMENT,
     "{\"M\":{\"a\":{\"S\":\"b\"}}}"},
#ifdef DDB_WITH_ZLIB
    {"compressed", {.compress = 1}, DDB_KV_TEXT, A100 A100},
    {"coded and compressed",
     {.compress = 1, .coding = &turned},
     DDB_KV_BYTES,
     A100 A100},
#endif
};

static ddb_code store_and_load(ddb_kv *to, size_t i)
{
    const ddb_kv_pair pair = {.key = ddb_str("k"),
                              .value = ddb_str(hungry[i].value),
                              .opt = {.kind = hungry[i].kind}};
    ddb_item *it = ddb_item_new();
    ddb_kv_entry e = {0};
    int large = 0;
    ddb_code code;

    if (it == NULL)
        return DDB_NOMEM;
    code = ddbi_kv_set_pair(to, &pair, NOW, version, it, &large, &err);
    if (code != DDB_OK) {
        ddb_item_free(it);
        return code;
    }
    code = ddbi_kv_take_entry(to, it, NOW, &e, &err);
    if (code != DDB_OK)
        ck_assert_ptr_null(e.memory);
    ddb_kv_entry_clear(&e);
    return code;
}

START_TEST(survives_without_memory)
{
    ddb_kv *to = open_with(c, hungry[_i].opt);

    for (long n = 0;; n++) {
        ddb_code code;

        err = (ddb_err){0};
        oom_begin(n);
        code = store_and_load(to, (size_t)_i);
        ck_assert_int_eq(oom_live(), 0);
        if (!oom_end()) {
            ck_assert_int_eq(code, DDB_OK);
            ck_assert_int_gt(n, 1);
            break;
        }
        ck_assert_msg(code == DDB_NOMEM, "%s, %ld: %s: %s", hungry[_i].name, n,
                      ddb_code_name(code), err.message);
        ck_assert_int_lt(n, 1000);
    }
    ddb_kv_close(to);
}
END_TEST

START_TEST(put_and_get_survive_without_memory)
{
    ddb_kv *to = open_with(c, hungry[_i].opt);
    const ddb_kv_put_options opt = {.kind = hungry[_i].kind};
    ddb_item *it = store(to, ddb_str(hungry[_i].value), hungry[_i].kind);
    ddb_kv_entry e = {0};
    char *text = NULL;
    char answer[2048];

    ck_assert_int_eq(ddb_item_format(it, &text, NULL, &err), DDB_OK);
    snprintf(answer, sizeof answer, "{\"Item\":%s}", text);
    KVFIX_OOM(
        fake_answer(f, "{}"),
        ddb_kv_put(to, ddb_str("k"), ddb_str(hungry[_i].value), &opt, &err));
    KVFIX_OOM(fake_answer(f, answer), ddb_kv_get(to, ddb_str("k"), &e, &err));
    is_equal(&e, ddb_str(hungry[_i].value), hungry[_i].kind);
    ddb_kv_entry_clear(&e);
    ddb_free(text);
    ddb_item_free(it);
    ddb_kv_close(to);
}
END_TEST

Suite *suite_kv_coding(void)
{
    Suite *s = suite_create("kv_coding");
    TCase *tc = tcase_create("words");

    tcase_add_checked_fixture(tc, kvfix_setup, kvfix_teardown);
    tcase_add_test(tc, steps_are_words_in_their_order);
    tcase_add_loop_test(tc, other_words_are_none_of_ours, 0, ROWS(no_words));
    tcase_add_loop_test(tc, odd_encodings, 0, ROWS(odd));
    tcase_add_test(tc, opening_checks_type_and_coding);
    suite_add_tcase(s, tc);
    tc = tcase_create("types");
    tcase_add_checked_fixture(tc, kvfix_setup, kvfix_teardown);
    tcase_add_loop_test(tc, a_type_is_kept_to_in_writes, 0, ROWS(typed));
    tcase_add_loop_test(tc, a_type_is_kept_to_in_reads, 0, ROWS(typed));
    tcase_add_test(tc, json_is_what_others_take_for_it);
    tcase_add_test(tc, texts_are_kept_as_bytes_where_the_schema_has_no_others);
    tcase_add_loop_test(tc, documents_are_values_of_all_other_types, 0,
                        ROWS(docs));
    tcase_add_test(tc, documents_need_a_schema_that_has_them);
    suite_add_tcase(s, tc);
    tc = tcase_create("own");
    tcase_add_checked_fixture(tc, kvfix_setup, kvfix_teardown);
    tcase_add_test(tc, what_a_program_codes_is_bytes_that_remember_text);
    tcase_add_test(tc, numbers_and_documents_are_not_coded);
    tcase_add_test(tc, nothing_goes_round_a_coding);
    tcase_add_loop_test(tc, failures_of_a_coding_are_told, 0, ROWS(manners));
    tcase_add_test(tc, a_coded_value_must_fit_as_it_is_stored);
    suite_add_tcase(s, tc);
    tc = tcase_create("zlib");
    tcase_add_checked_fixture(tc, kvfix_setup, kvfix_teardown);
#ifdef DDB_WITH_ZLIB
    tcase_add_loop_test(tc, reads_what_is_compressed, 0, ROWS(stored));
    tcase_add_test(tc, a_damaged_stream_is_an_error);
    tcase_add_loop_test(tc, compresses_what_saves, 0, ROWS(savings));
    tcase_add_test(tc, an_item_never_grows);
    tcase_add_test(tc, compression_comes_after_a_coding);
    tcase_add_test(tc, a_small_value_costs_little_memory);
    tcase_add_test(tc, inflates_no_more_than_an_answer_may_have);
    tcase_add_test(tc, a_bomb_takes_no_more_memory_than_two_answers);
#else
    tcase_add_loop_test(tc, says_that_it_has_no_zlib, 0, ROWS(stored));
#endif
    suite_add_tcase(s, tc);
    tc = tcase_create("all");
    tcase_add_checked_fixture(tc, kvfix_setup, kvfix_teardown);
    tcase_add_loop_test(tc, what_goes_in_comes_out, 0, 8);
    tcase_add_loop_test(tc, survives_without_memory, 0, ROWS(hungry));
    tcase_add_loop_test(tc, put_and_get_survive_without_memory, 0,
                        ROWS(hungry));
    suite_add_tcase(s, tc);
    return s;
}
