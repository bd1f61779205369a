# make lint: what four static analysers say about everything that is shipped.
# An exception stands here, or beside the line it is for, with its reason.

ANALYZE_SOURCES = $(wildcard *.c adapters/*.c)

.PHONY: lint analyze analyze-gcc analyze-tidy analyze-cppcheck analyze-scan
lint: analyze
analyze: analyze-gcc analyze-tidy analyze-cppcheck analyze-scan

analyze-gcc: $(GENERATED)
	for f in $(ANALYZE_SOURCES); do \
	    gcc $(BASE) $(WARN) $(CPPFLAGS) -O2 -fanalyzer -Werror -c \
		-o /dev/null $$f || exit 1; \
	done

# Left out:
#  bugprone-easily-swappable-parameters: any two ints are "swappable"
#  bugprone-assignment-in-if-condition: not our style, and -Wparentheses has it
#  bugprone-branch-clone: two reasons for one act are two branches
#  valist.Uninitialized: wrong about va_start when it looks at several files
#  ...DeprecatedOrUnsafeBufferHandling: wants memcpy_s, which libc has not
TIDY_CHECKS := -*,cert-*,bugprone-*,concurrency-*,clang-analyzer-*
TIDY_CHECKS := $(TIDY_CHECKS),-bugprone-easily-swappable-parameters
TIDY_CHECKS := $(TIDY_CHECKS),-bugprone-assignment-in-if-condition
TIDY_CHECKS := $(TIDY_CHECKS),-bugprone-branch-clone
TIDY_CHECKS := $(TIDY_CHECKS),-clang-analyzer-valist.Uninitialized
TIDY_CHECKS := $(TIDY_CHECKS),-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling

analyze-tidy: $(GENERATED)
	clang-tidy --quiet --warnings-as-errors='*' \
	    --checks='$(TIDY_CHECKS)' $(ANALYZE_SOURCES) -- $(BASE) $(CPPFLAGS)

# ctuuninitvar: takes what a function fills in for what it reads.
analyze-cppcheck: $(GENERATED)
	cppcheck --quiet --std=c11 --inline-suppr --error-exitcode=1 \
	    --enable=warning,performance,portability \
	    --suppress=missingIncludeSystem --suppress=ctuuninitvar -D_GNU_SOURCE -I. -I$(O) \
	    $(ANALYZE_SOURCES)

# vfork: libbsock_helper.c says why, but this one reads no exceptions there.
analyze-scan: $(GENERATED)
	scan-build --status-bugs -disable-checker unix.Vfork \
	    -disable-checker security.insecureAPI.vfork -o $(O)/scan \
	    $(MAKE) --no-print-directory O=$(O)/scan-build clean all
