# SPDX-License-Identifier: MIT
# libddb.  "make help" tells the targets.  No configure is needed: plain make
# finds the libraries by pkg-config.  What ./configure writes into config.mk
# comes first, and a variable given on the command line wins over both.

-include config.mk

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:

# ---- Variables --------------------------------------------------------------

srcdir ?= .
O ?= build

ifeq ($(origin CC),default)
CC = cc
endif
ifeq ($(origin CXX),default)
CXX = c++
endif
ifeq ($(origin AR),default)
AR = ar
endif
PKG_CONFIG ?= pkg-config
INSTALL ?= install
STRIP ?= strip
LN_S ?= ln -sf
CFLAGS ?= $(default_cflags)
default_cflags = -Os -g

SHARED ?= yes
STATIC ?= yes
WITH_ZLIB ?= auto
WITH_SQLITE ?= auto
WITH_MICROHTTPD ?= auto

# Others call it so, and would get it elsewhere than they wanted.
ifeq ($(origin PREFIX),command line)
$(error the variable is called prefix: make install prefix=$(PREFIX))
endif
prefix ?= /usr/local
exec_prefix ?= $(prefix)
bindir ?= $(exec_prefix)/bin
libdir ?= $(exec_prefix)/lib
includedir ?= $(prefix)/include
datarootdir ?= $(prefix)/share
datadir ?= $(datarootdir)
mandir ?= $(datarootdir)/man
pkgconfigdir ?= $(libdir)/pkgconfig
completionsdir ?= $(datadir)/bash-completion/completions

# Where tools/deps puts the servers of others that tests run against.
DDB_PEERS ?= $(srcdir)/build/peers

version := $(shell sed -n 's/^.define DDB_VERSION "\(.*\)"/\1/p' \
    $(srcdir)/include/ddb/ddb.h)
somajor = 0

# CFLAGS, CPPFLAGS, LDFLAGS and LIBS are the user's alone, so that giving one
# on the command line takes away nothing that we need.
warnings = -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes \
    -Wmissing-prototypes -Wold-style-definition -Wwrite-strings -Wconversion \
    -Wpointer-arith -Wformat=2 -Wundef -Wvla
our_cppflags = -I$(srcdir)/include -I$(srcdir)/lib -D_DEFAULT_SOURCE \
    -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64
our_cflags = -std=c11 -pthread -fPIC -fvisibility=hidden \
    -ffunction-sections -fdata-sections $(no_unwind) $(warnings)
# Nothing of ours is unwound; a sixth of the library is saved, and with -g
# debuggers have .debug_frame.
no_unwind = -fno-asynchronous-unwind-tables -fno-unwind-tables
ifeq ($(WERROR),1)
our_cflags += -Werror
endif
as_needed ?= -Wl,--as-needed
gc_sections ?= -Wl,--gc-sections
no_undefined ?= -Wl,-z,defs
version_script ?= -Wl,--version-script=

lib_deps = libcurl >= 7.68.0 libcrypto >= 1.1.1 jansson >= 2.10
zlib_deps = zlib >= 1.2.3
sqlite_deps = sqlite3 >= 3.31
microhttpd_deps = libmicrohttpd >= 0.9.70

# Without configure: what is there is used, unless WITH_... says yes or no.
# $(call optional,name,its WITH_ variable,packages): yes or no.
optional = $(strip $(if $(filter yes no auto,$($(2))),,$(error \
    $(2) is yes, no or auto, not $($(2))))$(if $(filter no,$($(2))),no,$(if \
    $(shell $(PKG_CONFIG) --exists '$(3)' && echo yes),yes,$(if \
    $(filter yes,$($(2))),$(error \
    $(2)=yes, but $(PKG_CONFIG) finds no $(1)),no))))

ifneq ($(CONFIGURED),yes)
ifneq ($(filter-out clean distclean help,$(or $(MAKECMDGOALS),all)),)
zlib := $(call optional,zlib,WITH_ZLIB,$(zlib_deps))
sqlite := $(call optional,sqlite3,WITH_SQLITE,$(sqlite_deps))
microhttpd := $(call optional,libmicrohttpd,WITH_MICROHTTPD,$(microhttpd_deps))
deps := $(lib_deps) $(if $(filter yes,$(zlib)),$(zlib_deps)) \
    $(if $(filter yes,$(sqlite)),$(sqlite_deps))
ifneq ($(shell $(PKG_CONFIG) --exists '$(deps)' && echo yes),yes)
$(error $(PKG_CONFIG) finds not all of: $(deps))
endif
lib_cflags := $(shell $(PKG_CONFIG) --cflags '$(deps)')
lib_libs := $(shell $(PKG_CONFIG) --libs '$(deps)')
ifeq ($(microhttpd),yes)
microhttpd_cflags := $(shell $(PKG_CONFIG) --cflags '$(microhttpd_deps)')
microhttpd_libs := $(shell $(PKG_CONFIG) --libs '$(microhttpd_deps)')
endif
endif
endif

ifeq ($(zlib),yes)
our_cppflags += -DDDB_WITH_ZLIB
endif
ifeq ($(sqlite),yes)
our_cppflags += -DDDB_WITH_SQLITE
endif
# The server needs the engine.
local_server = $(if $(filter yesyes,$(sqlite)$(microhttpd)),yes)
ifeq ($(local_server),yes)
our_cppflags += -DDDB_WITH_SERVER
endif
check_cflags = $(shell $(PKG_CONFIG) --cflags check libssl)
check_libs = $(shell $(PKG_CONFIG) --libs check libssl)

# ---- Sources ----------------------------------------------------------------

headers = include/ddb/ddb.h include/ddb/kv.h

lib_src = \
    lib/base/alloc.c \
    lib/base/arena.c \
    lib/base/buf.c \
    lib/base/clock.c \
    lib/base/crc32.c \
    lib/base/enc.c \
    lib/base/err.c \
    lib/base/find.c \
    lib/base/hash.c \
    lib/base/version.c \
    lib/client/blocking.c \
    lib/client/call.c \
    lib/client/client.c \
    lib/client/retry.c \
    lib/client/skew.c \
    lib/creds/creds.c \
    lib/creds/creds_env.c \
    lib/http/ca.c \
    lib/http/endpoint.c \
    lib/http/http.c \
    lib/http/http_result.c \
    lib/http/http_setup.c \
    lib/http/remote.c \
    lib/http/sigpipe.c \
    lib/http/sigv4.c \
    lib/kv/cache.c \
    lib/kv/kv.c \
    lib/kv/kv_change.c \
    lib/kv/kv_chunks.c \
    lib/kv/kv_clear.c \
    lib/kv/kv_collect.c \
    lib/kv/kv_coding.c \
    lib/kv/kv_condition.c \
    lib/kv/kv_count.c \
    lib/kv/kv_counter.c \
    lib/kv/kv_cursor.c \
    lib/kv/kv_entry.c \
    lib/kv/kv_iter.c \
    lib/kv/kv_large.c \
    lib/kv/kv_many.c \
    lib/kv/kv_merge.c \
    lib/kv/kv_names.c \
    lib/kv/kv_open.c \
    lib/kv/kv_presets.c \
    lib/kv/kv_range.c \
    lib/kv/kv_schema.c \
    lib/kv/kv_shards.c \
    lib/kv/kv_touch.c \
    lib/kv/kv_write.c \
    lib/kv/kv_zlib.c \
    lib/ops/op_batch.c \
    lib/ops/op_call.c \
    lib/ops/op_create.c \
    lib/ops/op_item.c \
    lib/ops/op_query.c \
    lib/ops/op_table.c \
    lib/ops/ops.c \
    lib/ops/plan.c \
    lib/ops/projection.c \
    lib/wire/codec.c \
    lib/wire/item.c \
    lib/wire/json_read.c \
    lib/wire/json_write.c \
    lib/wire/number.c \
    lib/wire/reply.c \
    lib/wire/request.c \
    lib/wire/set.c \
    lib/wire/transport.c \
    lib/wire/value.c

# The local engine.
local_src = \
    lib/local/expr_apply.c \
    lib/local/expr_check.c \
    lib/local/expr_eval.c \
    lib/local/expr_key.c \
    lib/local/expr_lex.c \
    lib/local/expr_note.c \
    lib/local/expr_parse.c \
    lib/local/expr_path.c \
    lib/local/expr_projection.c \
    lib/local/expr_update.c \
    lib/local/expr_words.c \
    lib/local/local.c \
    lib/local/local_alter.c \
    lib/local/local_alter_check.c \
    lib/local/local_ask.c \
    lib/local/local_batch_get.c \
    lib/local/local_batch_write.c \
    lib/local/local_catalogue.c \
    lib/local/local_change.c \
    lib/local/local_cost.c \
    lib/local/local_create.c \
    lib/local/local_describe.c \
    lib/local/local_file.c \
    lib/local/local_fill.c \
    lib/local/local_get.c \
    lib/local/local_item.c \
    lib/local/local_key.c \
    lib/local/local_lacks.c \
    lib/local/local_limits.c \
    lib/local/local_members.c \
    lib/local/local_members_table.c \
    lib/local/local_metrics.c \
    lib/local/local_op.c \
    lib/local/local_page.c \
    lib/local/local_put.c \
    lib/local/local_query.c \
    lib/local/local_read.c \
    lib/local/local_read_scalar.c \
    lib/local/local_read_value.c \
    lib/local/local_rules.c \
    lib/local/local_scalar.c \
    lib/local/local_scan.c \
    lib/local/local_schema.c \
    lib/local/local_select.c \
    lib/local/local_show.c \
    lib/local/local_store.c \
    lib/local/local_table.c \
    lib/local/local_tables.c \
    lib/local/local_tags.c \
    lib/local/local_token.c \
    lib/local/local_transact.c \
    lib/local/local_transact_get.c \
    lib/local/local_transport.c \
    lib/local/local_ttl.c \
    lib/local/local_value.c \
    lib/local/local_write.c
ifeq ($(sqlite),yes)
lib_src += $(local_src)
endif

# What runs for each byte and item of a request or an answer: for speed, the
# rest for size, unless CFLAGS says how all of it is to be.
hot_src = \
    lib/base/alloc.c \
    lib/base/arena.c \
    lib/base/buf.c \
    lib/base/crc32.c \
    lib/base/enc.c \
    lib/local/local_key.c \
    lib/local/local_page.c \
    lib/local/local_store.c \
    lib/wire/codec.c \
    lib/wire/item.c \
    lib/wire/json_read.c \
    lib/wire/json_write.c \
    lib/wire/number.c \
    lib/wire/value.c

ddb_src = \
    tools/cli.c \
    tools/cli_io.c \
    tools/ddb.c \
    tools/ddb_export.c \
    tools/ddb_import.c \
    tools/ddb_item.c \
    tools/ddb_list.c \
    tools/ddb_table.c \
    tools/progress.c \
    tools/standard_files.c

# ddb-local, built where there is what it needs.
server_src = \
    tools/ddb-local.c \
    tools/server_auth.c \
    tools/server_bad_day.c \
    tools/server_front.c \
    tools/server_http.c \
    tools/server_keys.c \
    tools/server_log.c \
    tools/server_options.c \
    tools/server_parts.c \
    tools/server_throttle.c \
    tools/standard_files.c

test_src = \
    tests/asked.c \
    tests/failevp.c \
    tests/failhash.c \
    tests/fake.c \
    tests/fakecerts.c \
    tests/fakehttp.c \
    tests/gen.c \
    tests/kvserver.c \
    tests/main.c \
    tests/oom.c \
    tests/report.c \
    tests/test_abi.c \
    tests/test_alloc.c \
    tests/test_arena.c \
    tests/test_blocking.c \
    tests/test_buf.c \
    tests/test_ca.c \
    tests/test_cache.c \
    tests/test_call.c \
    tests/test_cli.c \
    tests/test_client.c \
    tests/test_client_http.c \
    tests/test_clock.c \
    tests/test_codec.c \
    tests/test_crc32.c \
    tests/test_creds.c \
    tests/test_creds_env.c \
    tests/test_enc.c \
    tests/test_endpoint.c \
    tests/test_err.c \
    tests/test_find.c \
    tests/test_hash.c \
    tests/test_http.c \
    tests/test_item.c \
    tests/test_json_read.c \
    tests/test_json_write.c \
    tests/test_kv.c \
    tests/test_kv_change.c \
    tests/test_kv_chunks.c \
    tests/test_kv_clear.c \
    tests/test_kv_coding.c \
    tests/test_kv_collect.c \
    tests/test_kv_count.c \
    tests/test_kv_counter.c \
    tests/test_kv_cursor.c \
    tests/test_kv_entry.c \
    tests/test_kv_iter.c \
    tests/test_kv_large.c \
    tests/test_kv_many.c \
    tests/test_kv_merge.c \
    tests/test_kv_names.c \
    tests/test_kv_open.c \
    tests/test_kv_presets.c \
    tests/test_kv_schema.c \
    tests/test_kv_shards.c \
    tests/test_kv_touch.c \
    tests/test_number.c \
    tests/test_op_batch.c \
    tests/test_op_call.c \
    tests/test_op_item.c \
    tests/test_op_query.c \
    tests/test_op_table.c \
    tests/test_plan.c \
    tests/test_progress.c \
    tests/test_projection.c \
    tests/test_remote.c \
    tests/test_reply.c \
    tests/test_request.c \
    tests/test_retry.c \
    tests/test_set.c \
    tests/test_sigpipe.c \
    tests/test_sigv4.c \
    tests/test_skew.c \
    tests/test_transport.c \
    tests/test_value.c \
    tests/test_version.c

# Of ddb-local's own files.
server_test_src = \
    tests/test_server_auth.c \
    tests/test_server_bad_day.c \
    tests/test_server_front.c \
    tests/test_server_keys.c \
    tests/test_server_options.c \
    tests/test_server_throttle.c
ifeq ($(local_server),yes)
test_src += $(server_test_src)
endif

local_test_src = \
    tests/engine.c \
    tests/failalloc.c \
    tests/failvfs.c \
    tests/test_expr_apply.c \
    tests/test_expr_check.c \
    tests/test_expr_eval.c \
    tests/test_expr_key.c \
    tests/test_expr_parse.c \
    tests/test_expr_path.c \
    tests/test_local.c \
    tests/test_local_alter.c \
    tests/test_local_batch.c \
    tests/test_local_cost.c \
    tests/test_local_create.c \
    tests/test_local_disk.c \
    tests/test_local_file.c \
    tests/test_local_item.c \
    tests/test_local_key.c \
    tests/test_local_page.c \
    tests/test_local_query.c \
    tests/test_local_read.c \
    tests/test_local_scan.c \
    tests/test_local_schema.c \
    tests/test_local_store.c \
    tests/test_local_tables.c \
    tests/test_local_tags.c \
    tests/test_local_transact.c \
    tests/test_local_transport.c \
    tests/test_local_ttl.c \
    tests/test_local_value.c \
    tests/test_local_write.c
ifeq ($(sqlite),yes)
test_src += $(local_test_src)
endif

# Programs of their own, each one file, that run against real servers.
e2e_src = \
    tests/e2e_cache.c \
    tests/e2e_change.c \
    tests/e2e_coding.c \
    $(if $(filter yes,$(sqlite)),tests/e2e_crash.c) \
    tests/e2e_dict.c \
    tests/e2e_expiry.c \
    tests/e2e_faults.c \
    tests/e2e_kv.c \
    tests/e2e_large.c \
    tests/e2e_ops.c \
    tests/e2e_race.c \
    tests/e2e_rate.c \
    tests/e2e_shards.c \
    tests/kv_peer.c \
    tests/sign_cli.c

# Fuzz targets, each one file; the corpus of fuzz_NAME is data/fuzz/NAME.
fuzz_src = \
    $(if $(local_server),tests/fuzz/fuzz_auth.c) \
    $(if $(filter yes,$(sqlite)),tests/fuzz/fuzz_expr.c \
        tests/fuzz/fuzz_request.c) \
    tests/fuzz/fuzz_answer.c \
    tests/fuzz/fuzz_endpoint.c \
    tests/fuzz/fuzz_error.c \
    tests/fuzz/fuzz_item.c \
    tests/fuzz/fuzz_json.c \
    tests/fuzz/fuzz_number.c \
    tests/fuzz/fuzz_sign.c \
    tests/fuzz/fuzz_stored.c

bench_src = \
    bench/bench.c \
    bench/local_get.c

example_src = \
    examples/anything.c \
    examples/fetch.c \
    examples/limit.c \
    examples/readings.c \
    examples/settings.c \
    examples/testing.c

man_pages = \
    man/ddb-local.1 \
    man/ddb.1 \
    man/ddb.3 \
    man/ddb_batch.3 \
    man/ddb_cache.3 \
    man/ddb_call.3 \
    man/ddb_client.3 \
    man/ddb_credentials.3 \
    man/ddb_endpoint.7 \
    man/ddb_err.3 \
    man/ddb_get_item.3 \
    man/ddb_intro.7 \
    man/ddb_item.3 \
    man/ddb_kv.3 \
    man/ddb_kv_iter.3 \
    man/ddb_kv_open.3 \
    man/ddb_kv_replace.3 \
    man/ddb_local.7 \
    man/ddb_query.3 \
    man/ddb_schema.7 \
    man/ddb_table.3 \
    man/ddb_value.3

lib_obj = $(lib_src:%.c=$O/%.o)
ddb_obj = $(ddb_src:%.c=$O/%.o)
server_obj = $(if $(local_server),$(server_src:%.c=$O/%.o))
test_obj = $(test_src:%.c=$O/%.o)
e2e_obj = $(e2e_src:%.c=$O/%.o)
e2e_parts = $O/tests/crash_work.o $O/tests/report.o $O/tests/server.o
example_obj = $(example_src:%.c=$O/%.o)
bench_obj = $(bench_src:%.c=$O/%.o)
fuzz_obj = $(fuzz_src:%.c=$O/%.o)

static_lib = $O/libddb.a
shared_lib = $O/libddb.so.$(version)
programs = $O/ddb $(if $(server_obj),$O/ddb-local)
unit_tests = $O/tests/unit
e2e_tests = $(e2e_src:%.c=$O/%)
examples = $(example_src:%.c=$O/%)
bench_programs = $(bench_src:%.c=$O/%)
fuzz_tests = $(fuzz_src:%.c=$O/%)

# ---- Building ---------------------------------------------------------------

ifeq ($(V),1)
say = @:
Q =
else
say = @printf '  %-7s %s\n'
Q = @
endif

# The static library is always made: programs and tests link it.
all: $(static_lib) $(if $(filter yes,$(SHARED)),$O/libddb.so) $(programs) \
    $O/libddb.pc

compile = $(CC) $(our_cppflags) $(lib_cflags) $(CPPFLAGS) $(our_cflags) \
    $(CFLAGS)
link = $(CC) -pthread $(CFLAGS) $(LDFLAGS) $(as_needed) $(gc_sections)

# Rewritten only when it says something new; every object depends on it.
quote = '$(subst ','\'',$(1))'
$O/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' $(call quote,$(compile)) \
	    $(call quote,$(link) $(lib_libs) $(LIBS) $(version) $(hot_src) \
		$(microhttpd_cflags) $(microhttpd_libs)) \
	    >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

$O/%.o: $(srcdir)/%.c $O/flags
	@mkdir -p $(@D)
	$(say) CC $*.c
	$(Q)$(compile) -MMD -MP -c -o $@ $<

# private: $O/flags, which they depend on, must not see it.
$(hot_src:%.c=$O/%.o): private default_cflags = -O2 -g

$(test_obj) $(e2e_obj) $(e2e_parts) $(fuzz_obj): private our_cppflags += -I$(srcdir)/tests \
    -I$(srcdir)/tools -DTEST_DATA='"$(srcdir)/tests/data"' $(check_cflags)

$(static_lib): $(lib_obj)
	$(say) AR $@
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $(lib_obj)

# The functions that the headers declare, one a line.
$O/exports: $(headers:%=$(srcdir)/%) $(srcdir)/Makefile $O/flags
	$(Q)for header in $(headers); do \
	    $(compile) -E -P -x c $(srcdir)/$$header || exit 1; \
	done >$@.i
	$(Q)sed '/^#/d' $@.i | tr '\n;' ' \n' | grep -v typedef | \
	    sed -n 's/^[^(]*\(ddb_[a-z0-9_]*\) *(.*/\1/p' | sort -u >$@

$O/libddb.map: $O/exports
	$(Q){ echo 'LIBDDB_$(somajor) {'; echo 'global:'; \
	    sed 's/.*/    &;/' $<; echo 'local: *;'; echo '};'; } >$@

$(shared_lib): $(lib_obj) $O/libddb.map
	$(say) LD $@
	$(Q)$(link) -shared -Wl,-soname,libddb.so.$(somajor) \
	    $(if $(version_script),$(version_script)$O/libddb.map) \
	    $(no_undefined) -o $@ $(lib_obj) $(lib_libs) $(LIBS)

$O/libddb.so: $(shared_lib)
	$(Q)$(LN_S) libddb.so.$(version) $O/libddb.so.$(somajor)
	$(Q)$(LN_S) libddb.so.$(somajor) $@

$O/ddb: $(ddb_obj) $(static_lib)
	$(say) LD $@
	$(Q)$(link) -o $@ $(ddb_obj) $(static_lib) $(lib_libs) $(LIBS)

ifneq ($(server_obj),)
$(server_obj): private our_cppflags += $(microhttpd_cflags)
endif

$O/ddb-local: $(server_obj) $(static_lib)
	$(say) LD $@
	$(Q)$(link) -o $@ $(server_obj) $(static_lib) $(microhttpd_libs) \
	    $(lib_libs) $(LIBS)

# Directories that begin with another one are written relative to it.
relative = $(patsubst $(2)/%,$${$(1)}/%,$(3))
pc_exec_prefix = $(if $(filter $(prefix),$(exec_prefix)),$${prefix},$(exec_prefix))
pc_libdir = $(call relative,exec_prefix,$(exec_prefix),$(libdir))
pc_includedir = $(call relative,prefix,$(prefix),$(includedir))

# Made anew whenever a directory changes, so that "make install prefix=..."
# never installs a stale one.
$O/libddb.pc: $(srcdir)/lib/libddb.pc.in FORCE
	@mkdir -p $(@D)
	@sed -e 's|@prefix@|$(prefix)|' \
	    -e 's|@exec_prefix@|$(pc_exec_prefix)|' \
	    -e 's|@libdir@|$(pc_libdir)|' \
	    -e 's|@includedir@|$(pc_includedir)|' \
	    -e 's|@version@|$(version)|' \
	    -e 's|@requires@|$(deps)|' $< >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

# For a system that has all libraries as archives.
static_tools = $(programs:$O/%=$O/static/%)
$O/static/ddb: $(ddb_obj)
$O/static/ddb-local: $(server_obj)
$(static_tools): $(static_lib)
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(link) -static -o $@ $(filter %.o,$^) $(static_lib) \
	    $(shell $(PKG_CONFIG) --static --libs \
		'$(deps) $(if $(local_server),$(microhttpd_deps))') $(LIBS) || \
	{ echo 'static-tools: not all libraries are there as archives'; exit 1; }

static-tools: $(static_tools)

# ---- Checks -----------------------------------------------------------------

# The tool's own files are tested too, all but its main().
tool_units = $(filter-out $O/tools/ddb.o,$(ddb_obj)) \
    $(filter $(server_test_src:tests/test_%.c=$O/tools/%.o) \
        $O/tools/server_parts.o,$(server_obj))

# What tests put before the library's functions, and before OpenSSL's:
# tests/failhash.c and tests/failevp.c.
wrapped = $(foreach name,ddbi_sha256 ddbi_hmac_key ddbi_hmac EVP_MD_fetch \
    EVP_MD_CTX_new EVP_DigestInit_ex EVP_DigestUpdate EVP_DigestFinal_ex \
    EVP_MD_CTX_copy_ex,-Wl,--wrap=$(name))

$(unit_tests): $(test_obj) $(tool_units) $(static_lib)
	$(say) LD $@
	$(Q)$(link) $(wrapped) -o $@ $(test_obj) $(tool_units) $(static_lib) \
	    $(check_libs) $(lib_libs) $(LIBS)

$(e2e_tests): %: %.o $(e2e_parts) $(static_lib)
	$(say) LD $@
	$(Q)$(link) -o $@ $< $(e2e_parts) $(static_lib) $(check_libs) \
	    $(lib_libs) $(LIBS)

$(examples) $(bench_programs): %: %.o $(static_lib)
	$(say) LD $@
	$(Q)$(link) -o $@ $< $(static_lib) $(lib_libs) $(LIBS)

$(fuzz_tests): %: %.o $O/tests/fuzz/replay.o $(static_lib)
	$(say) LD $@
	$(Q)$(link) -o $@ $(filter %.o,$^) $(static_lib) $(lib_libs) $(LIBS)
$O/tests/fuzz/fuzz_auth $O/tests/fuzz/fuzz_auth-hunter: \
    $O/tools/server_auth.o $O/tools/server_keys.o $O/tools/server_parts.o

check-programs: $(unit_tests) $(e2e_tests) $(examples) $(fuzz_tests) $O/exports

# How the product is made, and how it behaves: alone, over the engine in
# process, and over ddb-local.  A build without either has no such checks.
suites = cache change coding dict expiry kv large ops shards
# TLS is below all that they see: two do for it.
tls_suites = kv ops
form_checks = exports headers
run_checks = unit fuzz completion sign
ifeq ($(sqlite),yes)
run_checks += crash $(suites:%=%_memory) $(suites:%=%_sqlite) tool_sqlite \
    tool_exact_sqlite
endif
ifeq ($(local_server),yes)
form_checks += man install
run_checks += $(suites:%=%_local) $(tls_suites:%=%_tls) tool_local tool_tls \
    tool_network tool_exact_local examples faults \
    faults_tls interop race rate server bad_day
endif
checks = $(form_checks) $(run_checks)
# With what Debian has not: other servers under the same suites, other clients
# of ddb-local.
peer_checks = $(suites:%=%_dynalite) tool_dynalite $(suites:%=%_moto) boto3 \
    botocore javascript differ pynamodb_mate requests_cache

# What a release's tarball is tried with: it holds all that checks of each kind
# need.  That the code is right is shown before.
dist_checks = $(filter-out crash race rate tool_exact_% %_sqlite %_tls,$(checks))

# What every check gets to know.
check_env = CK_DEFAULT_TIMEOUT=60 srcdir='$(srcdir)' O='$O' CC='$(CC)' CXX='$(CXX)' \
    PKG_CONFIG='$(PKG_CONFIG)' DDB='$(TEST_WRAPPER) $O/ddb' \
    DDB_LOCAL='$(TEST_WRAPPER) $O/ddb-local' DDB_PEERS='$(DDB_PEERS)' \
    SHARED='$(SHARED)' STATIC='$(STATIC)' PROGRAMS='$(notdir $(programs))' \
    STRIP='$(STRIP)' SOMAJOR='$(somajor)' VERSION='$(version)' \
    MAKE='$(MAKE)' TEST_WRAPPER='$(TEST_WRAPPER)' MAN_PAGES='$(man_pages)' \
    FUZZ_TESTS='$(fuzz_tests)' LIB_LIBS='$(lib_libs)'
server = $(srcdir)/tests/with-server
venv_python = $(DDB_PEERS)/venv/bin/python3

check_bad_day = $(srcdir)/tests/local_bad_day.py
check_boto3 = $(server) $(venv_python) $(srcdir)/tests/interop_boto3.py && \
    $(server) $(venv_python) $(srcdir)/tests/client_boto3.py
check_botocore = $(venv_python) $(check_sign)
check_completion = AWS_MAX_ATTEMPTS=1 $(srcdir)/tests/check-completion
check_crash = $(TEST_WRAPPER) $O/tests/e2e_crash
check_differ = $(server) --unsigned $(srcdir)/tests/check-differ
check_examples = $(server) $(srcdir)/tests/check-examples
check_exports = $(srcdir)/tests/check-exports
check_faults = $(server) --proxy $(TEST_WRAPPER) $O/tests/e2e_faults
check_faults_tls = $(server) --tls $(TEST_WRAPPER) $O/tests/e2e_faults
check_fuzz = $(srcdir)/tests/check-fuzz
check_headers = $(srcdir)/tests/check-headers
check_install = $(server) $(srcdir)/tests/check-install
check_interop = $(server) $(srcdir)/tests/interop_boto3.py
check_javascript = $(server) node $(srcdir)/tests/client_javascript.js
check_man = $(server) $(srcdir)/tests/check-man
check_pynamodb_mate = $(foreach venv,caches-old caches,$(server) \
    $(DDB_PEERS)/$(venv)/bin/python3 \
    $(srcdir)/tests/interop_pynamodb_mate.py &&) :
check_race = $(server) --proxy $(TEST_WRAPPER) $O/tests/e2e_race
check_requests_cache = $(foreach venv,caches-old caches,$(server) \
    $(DDB_PEERS)/$(venv)/bin/python3 \
    $(srcdir)/tests/interop_requests_cache.py &&) :
check_rate = \
    DDB_LOCAL="$(TEST_WRAPPER) $O/ddb-local --throttle wcu=10,burst=5" \
    $(server) $(TEST_WRAPPER) $O/tests/e2e_rate
check_server = $(srcdir)/tests/local_server.py
check_sign = $(srcdir)/tests/sign_peers.py $O/tests/sign_cli
check_unit = $(TEST_WRAPPER) $(unit_tests)

# The suites, over what their check is named for: kv_memory, ops_tls...
$(foreach suite,$(suites),$(eval suite_$(suite) = \
    $$(TEST_WRAPPER) $O/tests/e2e_$(suite)))
suite_tool = $(srcdir)/tests/check-tool
suite_tool_exact = $(srcdir)/tests/check-tool-exact
$(foreach suite,$(suites) tool tool_exact,$(foreach name,memory sqlite local tls dynalite moto, \
    $(eval check_$(suite)_$(name) = $$(server) --server $(name) \
	$$(suite_$(suite)))))
check_tool_network = $(server) --proxy $(srcdir)/tests/check-tool-network

# SUITE=name: that suite alone.
ifneq ($(SUITE),)
check: check-programs
	CK_RUN_SUITE=$(SUITE) CK_DEFAULT_TIMEOUT=60 $(check_unit)
else
check: all check-programs
	@$(check_env) $(srcdir)/tests/run $O/tests/log \
	    $(foreach check,$(checks),$(check)='$(or $(check_$(check)),false)')
endif

$(checks:%=check-%) $(peer_checks:%=check-%): all check-programs
	$(check_env) $(check_$(@:check-%=%))

# Needs what "tools/deps peers" installs.
check-peers: all check-programs
	@$(check_env) $(srcdir)/tests/run $O/tests/log \
	    $(foreach check,$(peer_checks),$(check)='$(check_$(check))')

# Before a release; needs what "tools/deps long" installs, and two hours or
# three.
check-long: all
	@+$(check_env) $(srcdir)/tests/run $O/long \
	    admin='$(server) $(srcdir)/tests/check-admin' \
	    coverage='$(MAKE) coverage' \
	    valgrind='$(MAKE) valgrind' \
	    fuzz='$(MAKE) fuzz FUZZ_SECONDS=600'

# The library as it is, and its core alone, without the engine.
check-size: $O/libddb.so
	$(MAKE) --no-print-directory O=$O-core sqlite=no $O-core/libddb.so
	$(check_env) $(srcdir)/tests/check-size

# Builds of their own beside $O, never a tree of mixed objects.
other_build = $(MAKE) --no-print-directory O=$O-$@ checks='$(other_checks)' \
    no_undefined= DDB_PEERS='$(abspath $(DDB_PEERS))'
other_checks = unit
asan: other_checks = unit fuzz faults $(filter-out ops_%,$(suites:%=%_memory)) \
    ops_sqlite ops_local tool_sqlite
tsan: other_checks = unit faults cache_memory dict_memory ops_local

# One process for all unit tests: looking for leaks after each one of 2,700
# takes minutes.
asan:
	+CK_FORK=no $(other_build) check CFLAGS='-O1 -g \
	    -fno-omit-frame-pointer -fsanitize=address,undefined \
	    -fno-sanitize-recover=all'

# What has threads, or could have.
tsan:
	+TSAN_OPTIONS=halt_on_error=1 $(other_build) check \
	    CFLAGS='-O1 -g -fsanitize=thread'

valgrind:
	+CK_FORK=no $(other_build) check CFLAGS='-O1 -g' \
	    TEST_WRAPPER='valgrind -q --leak-check=full --error-exitcode=9 \
		--child-silent-after-fork=yes'

coverage:
	rm -rf $O-$@
	+CK_FORK=no $(other_build) check CFLAGS='-O0 -g --coverage'
	$(srcdir)/tests/coverage $O-$@/lib

# Each target hunts for FUZZ_SECONDS from its corpus on.  What it finds is kept
# in $O-fuzz/found: a file that ends the program belongs into the corpus, with
# the repair.
FUZZ_SECONDS = 60
fuzz:
	+$(other_build) CC='$(FUZZ_CC)' fuzz-run FUZZ_SECONDS='$(FUZZ_SECONDS)' \
	    CFLAGS='-O1 -g -fsanitize=fuzzer-no-link,address,undefined \
	    -fno-sanitize-recover=all'
FUZZ_CC = clang

fuzz_hunters = $(fuzz_tests:%=%-hunter)
$(fuzz_hunters): %-hunter: %.o $(static_lib)
	$(say) LD $@
	$(Q)$(link) -fsanitize=fuzzer -o $@ $(filter %.o,$^) $(static_lib) \
	    $(lib_libs) $(LIBS)

fuzz-run: $(fuzz_hunters)
	for target in $(fuzz_hunters); do \
	    name=$${target##*/fuzz_}; name=$${name%-hunter}; \
	    mkdir -p $O/found/$$name || exit 1; \
	    $$target -max_total_time=$(FUZZ_SECONDS) -max_len=4096 \
		-verbosity=0 -print_final_stats=1 \
		-artifact_prefix=$O/found/$$name- $O/found/$$name \
		$(srcdir)/tests/data/fuzz/$$name || exit 1; \
	done

# What a call costs, beside floors that send the same bytes: about a minute.
bench: $O/bench/bench
	$(srcdir)/bench/run $O/bench/bench $O/bench/log

# What ddb-local and the engine cost, beside their goals: half a minute.
bench-local: all $O/bench/local_get
	$(srcdir)/bench/local $O/ddb-local $O/bench/local_get

c_files = $(headers) $(lib_src) $(ddb_src) $(server_src) $(test_src) $(e2e_src) \
    $(bench_src) $(example_src) $(fuzz_src) tests/crash_work.c \
    tests/fuzz/replay.c tests/server.c \
    $(patsubst $(srcdir)/%,%,$(wildcard $(srcdir)/lib/*/*.h \
        $(srcdir)/tools/*.h $(srcdir)/tests/*.h $(srcdir)/tests/fuzz/*.h))

format:
	cd $(srcdir) && clang-format -i $(c_files)

# A file a process: clang-tidy 14 mixes up the va_lists of several.  It counts
# aloud what it does not show; all else that it says is a finding.
lint:
	cd $(srcdir) && clang-format --dry-run -Werror $(c_files)
	cd $(srcdir) && printf '%s\n' $(lib_src) $(ddb_src) $(server_src) | \
	    xargs -P 2 -I {} clang-tidy --quiet {} -- -std=c11 $(lint_flags) \
	    $(lib_cflags) 2>&1 | { ! grep -v '^[0-9]* warnings\{0,1\} generated'; }
	cd $(srcdir) && cppcheck --quiet -j 2 --std=c11 --error-exitcode=1 \
	    --enable=warning,performance,portability --inline-suppr \
	    $(lint_flags) lib tools
lint_flags = $(subst $(srcdir)/,,$(our_cppflags))

# ---- Installing -------------------------------------------------------------

INSTALL_DATA = $(INSTALL) -m 644
INSTALL_PROGRAM = $(INSTALL) -m 755

# The functions that a page is about get links to it: "page name" lines.
man_links = cd $(srcdir) && for page in $(filter %.3,$(man_pages)); do \
    sed -n '/^\.Sh NAME/,/^\.Nd/s/^\.Nm \([a-z0-9_]*\).*/\1/p' $$page | \
    while read -r name; do \
	[ man/$$name.3 = $$page ] || echo "$${page\#man/} $$name.3"; \
    done; done

installdirs:
	$(INSTALL) -d '$(DESTDIR)$(bindir)' '$(DESTDIR)$(libdir)' \
	    '$(DESTDIR)$(includedir)/ddb' '$(DESTDIR)$(pkgconfigdir)' \
	    '$(DESTDIR)$(mandir)/man1' '$(DESTDIR)$(mandir)/man3' \
	    '$(DESTDIR)$(mandir)/man7' '$(DESTDIR)$(completionsdir)'

install: install-lib install-dev install-programs install-man \
    install-completion

install-lib: installdirs all
ifeq ($(SHARED),yes)
	$(INSTALL_PROGRAM) $(shared_lib) '$(DESTDIR)$(libdir)'
	$(LN_S) libddb.so.$(version) '$(DESTDIR)$(libdir)/libddb.so.$(somajor)'
endif

install-dev: installdirs all
	$(INSTALL_DATA) $(headers:%=$(srcdir)/%) '$(DESTDIR)$(includedir)/ddb'
	$(INSTALL_DATA) $O/libddb.pc '$(DESTDIR)$(pkgconfigdir)'
ifeq ($(STATIC),yes)
	$(INSTALL_DATA) $(static_lib) '$(DESTDIR)$(libdir)'
endif
ifeq ($(SHARED),yes)
	$(LN_S) libddb.so.$(somajor) '$(DESTDIR)$(libdir)/libddb.so'
endif

install-programs: installdirs all
ifneq ($(programs),)
	$(INSTALL_PROGRAM) $(programs) '$(DESTDIR)$(bindir)'
endif

install-man: installdirs
	for page in $(man_pages); do \
	    $(INSTALL_DATA) $(srcdir)/$$page \
		'$(DESTDIR)$(mandir)'/man$${page##*.} || exit 1; \
	done
	$(man_links) | while read -r page name; do \
	    $(LN_S) $$page '$(DESTDIR)$(mandir)'/man3/$$name || exit 1; \
	done

install-completion: installdirs
	for program in $(notdir $(programs)); do \
	    $(INSTALL_DATA) $(srcdir)/tools/$$program.bash \
		'$(DESTDIR)$(completionsdir)'/$$program || exit 1; \
	done

install-strip:
	$(MAKE) install INSTALL_PROGRAM='$(INSTALL) -m 755 -s \
	    --strip-program=$(STRIP)'

uninstall:
	rm -f $(foreach program,$(notdir $(programs)), \
	    '$(DESTDIR)$(bindir)/$(program)' \
	    '$(DESTDIR)$(completionsdir)/$(program)')
	rm -f $(foreach file,libddb.so.$(version) libddb.so.$(somajor) \
	    libddb.so libddb.a,'$(DESTDIR)$(libdir)/$(file)')
	rm -f '$(DESTDIR)$(pkgconfigdir)/libddb.pc'
	rm -f $(foreach header,$(headers),'$(DESTDIR)$(includedir)/$(header:include/%=%)')
	-rmdir '$(DESTDIR)$(includedir)/ddb'
	for page in $(man_pages:man/%=%); do \
	    rm -f '$(DESTDIR)$(mandir)'/man$${page##*.}/$$page; \
	done
	$(man_links) | while read -r page name; do \
	    rm -f '$(DESTDIR)$(mandir)'/man3/$$name; \
	done

# ---- Releasing --------------------------------------------------------------

release = libddb-$(version)

# What is committed, and the configure that is made from it.  The same commit
# gives the same bytes.
dist:
	rm -rf $O/$(release) && mkdir -p $O/$(release)
	git -C $(srcdir) archive HEAD | tar -C $O/$(release) -xf -
	cd $O/$(release) && autoreconf -fi && rm -rf autom4te.cache
	tar -C $O --sort=name --owner=0 --group=0 --numeric-owner \
	    --mtime=@$$(git -C $(srcdir) log -1 --format=%ct) \
	    --mode=u+rwX,go+rX,go-w -cf - $(release) | \
	    gzip -9n >$O/$(release).tar.gz
	rm -rf $O/$(release)
	@echo $O/$(release).tar.gz

# As a packager does it: elsewhere, from a source tree that is not written to.
distcheck: dist
	+$(check_env) DIST_CHECKS='$(dist_checks)' \
	    $(srcdir)/tests/distcheck $O/$(release).tar.gz

# What tools/deps has fetched stays until distclean.
clean:
	@mkdir -p $O
	find $O -mindepth 1 -maxdepth 1 ! -name peers -exec rm -rf {} +

distclean:
	rm -rf $O $O-asan $O-clang $O-core $O-coverage $O-fuzz $O-tsan \
	    $O-valgrind autom4te.cache
	rm -f config.mk config.log config.status configure

help:
	@sed -n 's/^#: //p' $(srcdir)/Makefile

#: all (default)   both libraries, the program and libddb.pc, in $O (build/)
#: check           all checks; the last line counts them; needs tools/deps
#: check SUITE=x   one suite of the unit tests
#: check-programs  build the tests, run nothing
#: check-NAME      one check: exports headers man install unit fuzz crash
#:                 completion sign examples faults faults_tls interop; cache_,
#:                 change_, coding_, dict_, kv_, ops_ and shards_ memory sqlite
#:                 local tls; tool_ sqlite local tls network exact_sqlite
#:                 exact_local; race rate server bad_day
#: check-peers     other servers and clients; needs tools/deps peers
#: check-PEER      one of it: the same suites, dynalite moto;
#:                 tool_dynalite boto3 botocore javascript differ
#: check-long      before a release; needs tools/deps long, and hours
#: check-size      the shared library is small enough, built by default
#: asan tsan       the tests under sanitizers, in $O-asan and $O-tsan
#: valgrind        the unit tests under valgrind
#: bench           what calls cost; needs tools/deps bench, and quiet
#: bench-local     what ddb-local and the engine cost, beside their goals
#: coverage        lines and branches that the unit tests reach
#: fuzz            hunt with libFuzzer (clang), FUZZ_SECONDS a target
#: lint format     clang-format, clang-tidy, cppcheck; format mends
#: static-tools    the programs without shared libraries, where the system has
#:                 archives
#: install uninstall install-strip   DESTDIR, prefix and all of GNU's names
#:   install-lib install-dev install-programs install-man install-completion
#: dist distcheck  the release's tarball, and a packager's way through it
#: clean distclean
#: Variables: O V=1 WERROR=1 WITH_ZLIB=yes|no|auto WITH_SQLITE=... WITH_MICROHTTPD=...
#:   SHARED=no STATIC=no
#:   CC AR CFLAGS CPPFLAGS LDFLAGS LIBS PKG_CONFIG TEST_WRAPPER DDB_PEERS

FORCE:
.PHONY: FORCE all asan bench bench-local check check-long check-peers \
    check-programs check-size clean coverage dist \
    distcheck distclean format fuzz fuzz-run help install install-completion \
    install-dev install-lib install-man install-programs install-strip \
    installdirs lint static-tools tsan uninstall valgrind \
    $(checks:%=check-%) $(peer_checks:%=check-%)

-include $(patsubst %.o,%.d,$(lib_obj) $(ddb_obj) $(server_obj) \
    $(test_obj) $(e2e_obj) $(e2e_parts) \
    $(bench_obj) $(example_obj) $(fuzz_obj) $O/tests/fuzz/replay.o)
