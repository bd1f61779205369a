# make bench prints every table of bench/README.md.  What can be said:
#	BENCH='trips rules'	only these (bench/bench.sh -h lists them)
#	BENCH_ROUNDS=1		fewer rounds: quick and rough
#	BENCH_MS=120		how long each cell of each round is measured
BENCH_PROGS := $(O)/bench/floor $(O)/bench/load $(O)/bench/once \
	$(O)/bench/count $(O)/bench/filter

# A setuid bsock has its paths built in, and so has the library that starts
# it: one more build of both, for a root of the bench's own.
SUID := $(O)/bench/suid

.PHONY: bench bench-suid
bench: all $(BENCH_PROGS) bench-suid
	BUILD=$(abspath $(O)) bench/bench.sh

bench-suid:
	$(MAKE) O=$(SUID) PREFIX=$(abspath $(SUID))/root \
	    $(SUID)/bsock $(SUID)/bench/load

check-programs: $(BENCH_PROGS)

$(O)/bench/floor: $(O)/bench/floor.o
	$(LINK_PIE) -o $@ $^

$(O)/bench/load: $(O)/bench/load.o $(O)/bench/kinds.o $(O)/bench/hist.o \
    $(O)/libbsock.a
	$(LINK_PIE) -o $@ $^

$(O)/bench/once: $(O)/bench/once.o $(O)/bench/hist.o
	$(LINK_PIE) -o $@ $^

# The expectations of bench/instructions are for one compiler and its flags.
$(O)/bench/count.o: CPPFLAGS += -DCOUNT_BUILD='"$(strip $(CFLAGS) $(SANFLAGS))"'

$(O)/bench/count: $(O)/bench/count.o $(O)/libbsock.a $(O)/core.a
	$(LINK_PIE) -o $@ $^

$(O)/bench/filter: $(O)/bench/filter.o $(O)/bsock_run_arch.o
	$(LINK_PIE) -o $@ $^
