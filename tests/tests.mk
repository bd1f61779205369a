# Unit tests are C programs that print TAP; the others are scripts that say
# in their names what they prove.  tests/lib/tap.sh explains the tiers.

UNIT_TESTS := $(patsubst tests/unit/%.c,$(O)/tests/unit/%,$(wildcard tests/unit/*.c))
TEST_PROGS := $(patsubst tests/prog/%.c,$(O)/tests/prog/%,$(wildcard tests/prog/*.c))
TESTS      := $(wildcard tests/*.t)
JOBS       ?= 2

.PHONY: check check-programs
check-programs: all $(UNIT_TESTS) $(TEST_PROGS)

# make check TESTS='tests/20-*.t' runs some of them.  A test that hangs fails.
check: check-programs
	BUILD=$(abspath $(O)) prove -j $(JOBS) --timer --failures --comments \
	    --exec 'timeout -k 10 600' \
	    $(UNIT_TESTS) $(TESTS)

$(O)/tests/unit/%: $(O)/tests/unit/%.o $(O)/core.a $(O)/libbsock.a
	$(LINK_PIE) -o $@ $^

# Programs that tests run.  They are clients: libbsock is all they link.
$(O)/tests/prog/%: $(O)/tests/prog/%.o $(O)/libbsock.a
	$(LINK_PIE) -o $@ $^

.SECONDARY: $(UNIT_TESTS:%=%.o) $(TEST_PROGS:%=%.o)

-include $(wildcard $(O)/tests/*/*.d)

# A setuid bsock has its paths built in: one more build, whose prefix only the
# tests that install it see.
.PHONY: check-suid
check-programs: check-suid
check-suid:
	$(MAKE) SAN= O=$(O)/suid PREFIX=$(abspath $(O))/suid/root all \
	    $(O)/suid/tests/prog/ask $(O)/suid/tests/prog/caller
