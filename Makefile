# SPDX-License-Identifier: MIT
# libddb.  "make help" tells the targets.  No configure is needed: plain make
# finds the libraries by pkg-config.  What ./configure writes into config.mk
# comes first, and a variable given on the command line wins over both.

-include config.mk

.SUFFIXES:
.DELETE_ON_ERROR:

# ---- Variables --------------------------------------------------------------

srcdir ?= .
O ?= build

ifeq ($(origin CC),default)
CC = cc
endif
ifeq ($(origin AR),default)
AR = ar
endif
PKG_CONFIG ?= pkg-config
CFLAGS ?= -O2 -g

WITH_ZLIB ?= auto

# Where tools/deps puts the servers of others that tests run against.
DDB_PEERS ?= build/peers

# CFLAGS, CPPFLAGS, LDFLAGS and LIBS are the user's alone; ours are here.
warnings = -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes \
    -Wmissing-prototypes -Wold-style-definition -Wwrite-strings -Wconversion \
    -Wpointer-arith -Wformat=2 -Wundef -Wvla
our_cppflags = -I$(srcdir)/include -I$(srcdir)/lib -D_DEFAULT_SOURCE
our_cflags = -std=c11 -fPIC -fvisibility=hidden -pthread $(warnings)
ifeq ($(WERROR),1)
our_cflags += -Werror
endif

ifneq ($(WITH_ZLIB),no)
zlib := $(shell $(PKG_CONFIG) --exists zlib && echo zlib)
ifeq ($(WITH_ZLIB)$(zlib),yes)
$(error WITH_ZLIB=yes, but pkg-config knows no zlib)
endif
endif
ifneq ($(zlib),)
our_cppflags += -DDDB_WITH_ZLIB
endif

lib_deps = libcurl jansson libcrypto $(zlib)
lib_cflags := $(shell $(PKG_CONFIG) --cflags $(lib_deps))
lib_libs := $(shell $(PKG_CONFIG) --libs $(lib_deps))
check_cflags = $(shell $(PKG_CONFIG) --cflags check)
check_libs = $(shell $(PKG_CONFIG) --libs check)

version := $(shell sed -n 's/^.define DDB_VERSION "\(.*\)"/\1/p' \
    $(srcdir)/include/ddb/ddb.h)
somajor = 0

# ---- Sources ----------------------------------------------------------------

headers = include/ddb/ddb.h include/ddb/kv.h

lib_src = \
    lib/base/alloc.c \
    lib/base/arena.c \
    lib/base/buf.c \
    lib/base/clock.c \
    lib/base/enc.c \
    lib/base/err.c \
    lib/base/hash.c \
    lib/base/version.c \
    lib/client/call.c \
    lib/client/client.c \
    lib/client/retry.c \
    lib/client/skew.c \
    lib/creds/creds.c \
    lib/creds/creds_env.c \
    lib/http/endpoint.c \
    lib/http/http.c \
    lib/http/remote.c \
    lib/http/sigv4.c \
    lib/kv/kv.c \
    lib/kv/kv_entry.c \
    lib/kv/kv_iter.c \
    lib/kv/kv_many.c \
    lib/kv/kv_open.c \
    lib/ops/op_batch.c \
    lib/ops/op_call.c \
    lib/ops/op_item.c \
    lib/ops/op_query.c \
    lib/ops/op_table.c \
    lib/wire/codec.c \
    lib/wire/item.c \
    lib/wire/json_read.c \
    lib/wire/json_write.c \
    lib/wire/number.c \
    lib/wire/reply.c \
    lib/wire/request.c \
    lib/wire/transport.c \
    lib/wire/value.c

ddb_src = \
    tools/cli.c \
    tools/ddb.c

test_src = \
    tests/fake.c \
    tests/fakehttp.c \
    tests/main.c \
    tests/oom.c \
    tests/test_abi.c \
    tests/test_alloc.c \
    tests/test_arena.c \
    tests/test_buf.c \
    tests/test_call.c \
    tests/test_client.c \
    tests/test_clock.c \
    tests/test_codec.c \
    tests/test_creds.c \
    tests/test_creds_env.c \
    tests/test_endpoint.c \
    tests/test_enc.c \
    tests/test_err.c \
    tests/test_hash.c \
    tests/test_http.c \
    tests/test_item.c \
    tests/test_json_read.c \
    tests/test_json_write.c \
    tests/test_kv.c \
    tests/test_kv_entry.c \
    tests/test_kv_iter.c \
    tests/test_kv_many.c \
    tests/test_kv_open.c \
    tests/test_number.c \
    tests/test_op_batch.c \
    tests/test_op_call.c \
    tests/test_op_item.c \
    tests/test_op_query.c \
    tests/test_op_table.c \
    tests/test_remote.c \
    tests/test_reply.c \
    tests/test_request.c \
    tests/test_retry.c \
    tests/test_sigv4.c \
    tests/test_skew.c \
    tests/test_transport.c \
    tests/test_value.c \
    tests/test_version.c

# While files are landing, what is listed and not there yet is passed over.
landed = $(patsubst $(srcdir)/%,%,$(wildcard $(addprefix $(srcdir)/,$(1))))
lib_src := $(call landed,$(lib_src))
ddb_src := $(if $(call landed,tools/ddb.c),$(call landed,$(ddb_src)))
test_src := $(call landed,$(test_src))

lib_obj = $(lib_src:%.c=$O/%.o)
ddb_obj = $(ddb_src:%.c=$O/%.o)
test_obj = $(test_src:%.c=$O/%.o)

static_lib = $O/libddb.a
shared_lib = $O/libddb.so.$(version)
programs = $(if $(ddb_src),$O/ddb)
unit_tests = $O/tests/unit

# ---- Rules ------------------------------------------------------------------

ifeq ($(V),1)
say = @:
Q =
else
say = @printf '  %-6s %s\n'
Q = @
endif

all: $(static_lib) $(shared_lib) $(programs)

compile = $(CC) $(our_cppflags) $(lib_cflags) $(CPPFLAGS) $(our_cflags) \
    $(CFLAGS)
link = $(CC) -pthread $(CFLAGS) $(LDFLAGS)

# Rewritten only when it says something new; every object depends on it.
$O/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(compile)' '$(link) $(lib_libs) $(LIBS)' >$@.new
	@cmp -s $@.new $@ && rm -f $@.new || mv $@.new $@

$O/%.o: $(srcdir)/%.c $O/flags
	@mkdir -p $(@D)
	$(say) CC $*.c
	$(Q)$(compile) -MMD -MP -c -o $@ $<

$(test_obj): our_cppflags += -I$(srcdir)/tests -I$(srcdir)/tools \
    $(check_cflags)

$(static_lib): $(lib_obj)
	$(say) AR $@
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $(lib_obj)

# The functions that the headers declare, one a line.
$O/exports: $(headers:%=$(srcdir)/%) $O/flags
	$(Q)$(compile) -E -P -x c $(srcdir)/include/ddb/kv.h >$@.i
	$(Q)tr '\n' ' ' <$@.i | tr ';' '\n' | grep -v typedef | \
	    sed -n 's/^[^(]*\(ddb_[a-z0-9_]*\) *(.*/\1/p' | sort -u >$@

$O/libddb.map: $O/exports
	$(Q)sed 's/.*/    &;/; 1i LIBDDB_$(somajor) { global:' $< >$@
	$(Q)echo 'local: *; };' >>$@

$(shared_lib): $(lib_obj) $O/libddb.map
	$(say) LD $@
	$(Q)$(link) -shared -Wl,-soname,libddb.so.$(somajor) \
	    -Wl,--version-script=$O/libddb.map -Wl,--as-needed \
	    -o $@ $(lib_obj) $(lib_libs) $(LIBS)
	$(Q)ln -sf libddb.so.$(version) $O/libddb.so.$(somajor)
	$(Q)ln -sf libddb.so.$(somajor) $O/libddb.so

$O/ddb: $(ddb_obj) $(static_lib)
	$(say) LD $@
	$(Q)$(link) -o $@ $(ddb_obj) $(static_lib) $(lib_libs) $(LIBS)

# ---- Checks -----------------------------------------------------------------

# The tool's own files are tested too, all but its main().
tool_units = $(filter-out $O/tools/ddb.o,$(ddb_obj))

helpers = $(filter $O/tests/fake.o $O/tests/fakehttp.o $O/tests/oom.o, \
    $(test_obj))

# While files are landing the helpers are in an archive, so that one whose
# own needs have not landed yet does no harm.
$O/tests/helpers.a: $(helpers)
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $(helpers)

$(unit_tests): $(test_obj) $(tool_units) $O/tests/helpers.a $(static_lib)
	$(say) LD $@
	$(Q)$(link) -o $@ $(filter-out $(helpers),$(test_obj)) $(tool_units) \
	    $O/tests/helpers.a $(static_lib) $(lib_libs) $(check_libs) $(LIBS)

check-programs: $(unit_tests)

check: all check-programs
	DDB_PEERS=$(DDB_PEERS) CK_DEFAULT_TIMEOUT=60 \
	    $(if $(SUITE),CK_RUN_SUITE=$(SUITE)) \
	    $(if $(wildcard $(DDB_PEERS)),tests/with-server) \
	    $(TEST_WRAPPER) $(unit_tests)

clean:
	rm -rf $O

FORCE:
.PHONY: all check check-programs clean FORCE

-include $(lib_obj:.o=.d) $(ddb_obj:.o=.d) $(test_obj:.o=.d)
