# Fuzz targets: each tests/fuzz/NAME.c is one decoder, with its corpus in
# tests/fuzz/corpus/NAME/.
#
#	make check		replays the corpora, with any compiler
#	make fuzz		builds all with libFuzzer (clang) and AFL++
#	make fuzz-run		runs each libFuzzer one for FUZZ_SECONDS; what
#				it finds goes to $(O)/fuzz/NAME/
#	make fuzz-afl-run	the same with AFL++
#
# A target may define the functions of a module itself (names, say), which
# then stand in for that module.

FUZZ_NAMES   := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c))
FUZZ_REPLAY  := $(FUZZ_NAMES:%=$(O)/tests/fuzz/%)
FUZZ_SECONDS ?= 60
FUZZ_CLANG   ?= clang
FUZZ_AFL     ?= afl-clang-fast
FUZZ_EXTRA   += bsock_state bsock_sdnotify bsock_run_arch
FUZZ_MODULES := $(sort $(CLIENT) $(CORE) $(FUZZ_EXTRA))

check-programs: $(FUZZ_REPLAY)

$(O)/fuzz-core.a: $(FUZZ_MODULES:%=$(O)/%.o)
	@rm -f $@
	$(AR) rcs $@ $^

$(O)/tests/fuzz/%: $(O)/tests/fuzz/%.o $(O)/tests/fuzz/lib/replay.o \
    $(O)/fuzz-core.a
	$(LINK_PIE) -o $@ $^

.SECONDARY: $(FUZZ_REPLAY:%=%.o) $(O)/tests/fuzz/lib/replay.o
-include $(wildcard $(O)/tests/fuzz/lib/*.d)

# ---------------------------------------------------------------------------

.PHONY: fuzz fuzz-run fuzz-afl-run
fuzz: $(FUZZ_NAMES:%=$(O)/fuzz/libfuzzer/bin/%) $(FUZZ_NAMES:%=$(O)/fuzz/afl/bin/%)

FUZZ_CFLAGS := $(BASE) $(CPPFLAGS) -O1 -g -fno-omit-frame-pointer
FUZZ_SAN    := -fsanitize=address,undefined -fno-sanitize-recover=all

$(O)/fuzz/libfuzzer/%.o: %.c | $(GENERATED)
	@mkdir -p $(@D)
	$(FUZZ_CLANG) $(FUZZ_CFLAGS) $(FUZZ_SAN) -fsanitize=fuzzer-no-link \
	    -MMD -MP -c -o $@ $<

$(O)/fuzz/afl/%.o: %.c | $(GENERATED)
	@mkdir -p $(@D)
	AFL_QUIET=1 $(FUZZ_AFL) $(FUZZ_CFLAGS) $(FUZZ_SAN) -MMD -MP -c -o $@ $<

$(O)/fuzz/%/core.a:
	@rm -f $@
	$(AR) rcs $@ $^

$(O)/fuzz/libfuzzer/core.a: $(FUZZ_MODULES:%=$(O)/fuzz/libfuzzer/%.o)
$(O)/fuzz/afl/core.a: $(FUZZ_MODULES:%=$(O)/fuzz/afl/%.o)

$(O)/fuzz/libfuzzer/bin/%: $(O)/fuzz/libfuzzer/tests/fuzz/%.o \
    $(O)/fuzz/libfuzzer/core.a
	@mkdir -p $(@D)
	$(FUZZ_CLANG) $(FUZZ_SAN) -fsanitize=fuzzer -pthread -o $@ $^

$(O)/fuzz/afl/bin/%: $(O)/fuzz/afl/tests/fuzz/%.o $(O)/fuzz/afl/core.a
	@mkdir -p $(@D)
	AFL_QUIET=1 $(FUZZ_AFL) $(FUZZ_SAN) -fsanitize=fuzzer -pthread -o $@ $^

.SECONDARY: $(FUZZ_NAMES:%=$(O)/fuzz/libfuzzer/tests/fuzz/%.o) \
    $(FUZZ_NAMES:%=$(O)/fuzz/afl/tests/fuzz/%.o)
-include $(wildcard $(O)/fuzz/*/*.d $(O)/fuzz/*/*/*.d $(O)/fuzz/*/*/*/*.d)

# New inputs and findings go to $(O), never into the tree by themselves.
fuzz-run: $(FUZZ_NAMES:%=fuzz-run-%)
fuzz-afl-run: $(FUZZ_NAMES:%=fuzz-afl-run-%)

.PHONY: $(FUZZ_NAMES:%=fuzz-run-%) $(FUZZ_NAMES:%=fuzz-afl-run-%)
$(FUZZ_NAMES:%=fuzz-run-%): fuzz-run-%: $(O)/fuzz/libfuzzer/bin/%
	@echo "== $*"
	@mkdir -p $(O)/fuzz/$*/corpus
	@$< -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -timeout=10 \
	    -rss_limit_mb=2048 -print_final_stats=1 -verbosity=0 \
	    -artifact_prefix=$(O)/fuzz/$*/ $(O)/fuzz/$*/corpus \
	    tests/fuzz/corpus/$*

# The variables: no crash reporter, no tuning of the machine, no screen.
$(FUZZ_NAMES:%=fuzz-afl-run-%): fuzz-afl-run-%: $(O)/fuzz/afl/bin/%
	@echo "== $*"
	@mkdir -p $(O)/fuzz/$*
	@AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_SKIP_CPUFREQ=1 \
	    AFL_NO_UI=1 AFL_NO_AFFINITY=1 AFL_BENCH_UNTIL_CRASH=1 \
	    afl-fuzz -V $(FUZZ_SECONDS) -i tests/fuzz/corpus/$* \
	    -o $(O)/fuzz/$*/afl -- $< >$(O)/fuzz/$*.afl.log
	@! ls $(O)/fuzz/$*/afl/default/crashes/id* 2>/dev/null
	@grep -E '^(execs_done|edges_found|total_edges)' \
	    $(O)/fuzz/$*/afl/default/fuzzer_stats
