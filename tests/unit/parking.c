/* bsock_parking: 64 places an owner, 1024 in all. */
#include <unistd.h>

#include "bsock_parking.h"
#include "tap.h"

static struct bsock_parking parking; /* too large for a stack */
static struct pollfd polls[BSOCK_PARKING_PLACES + 1];
static uint16_t numbers[BSOCK_PARKING_PLACES + 1];

/* How many of n connections of an owner find a place. */
static unsigned
enter(int64_t owner, unsigned n)
{
	struct bsock_parking_place place = {
	    .state = BSOCK_PARKING_REQUEST, .conn = -1};
	unsigned entered = 0;

	place.since = bsock_fdpass_deadline(0);
	for (unsigned i = 0; i < n; i++)
		entered += bsock_parking_enter(&parking, owner, &place);
	return entered;
}

int
main(void)
{
	struct bsock_parking_place place = {.state = BSOCK_PARKING_STATUS};
	int timeout, i;

	is(bsock_parking_init(&parking), 0, "a parking");
	ok(bsock_parking_empty(&parking), "is empty");
	ok(bsock_parking_admits(&parking, 7), "and admits");
	is(enter(7, 70), 64, "64 of one uid");
	ok(!bsock_parking_admits(&parking, 7), "no more of it");
	ok(bsock_parking_admits(&parking, 8), "but of another");
	is(enter(0, 70), 64, "root is no exception");
	is(enter(BSOCK_PARKING_STRANGER, 70), 64, "strangers are one");
	is(bsock_parking_polls(&parking, polls, numbers, &timeout), 193,
	    "all are polled, and the pipe");
	ok(timeout > 1000 && timeout <= 2000, "until the first deadline");
	for (unsigned n = 1; n < 65; n++)
		bsock_parking_leave(&parking, numbers[n]);
	is(enter(7, 70) + enter(0, 70) + enter(BSOCK_PARKING_STRANGER, 70), 64,
	    "who leaves makes room for its owner alone");
	for (int64_t owner = 100; owner < 120; owner++)
		(void)enter(owner, 64);
	is(atomic_load(&parking.count), 1024, "1024 in all");
	ok(!bsock_parking_admits(&parking, 1), "then nobody");
	bsock_parking_leave(&parking, 0);
	place.conn = dup(STDOUT_FILENO);
	ok(bsock_parking_enter(&parking, 1, &place), "one wants STATUS");
	i = bsock_parking_next_status(&parking);
	ok(i >= 0 && parking.places[i].conn == place.conn, "and is found");
	bsock_parking_answered(&parking, (unsigned)i);
	is(bsock_parking_next_status(&parking), -1, "once");
	bsock_parking_close(&parking);
	ok(close(place.conn) != 0, "the end closes what was parked");
	return finish();
}
