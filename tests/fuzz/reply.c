/* What a daemon, or who passes for one, may answer to a client. */
#include <string.h>

#include "../../bsock_wire.h"
#include "lib/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bsock_reply reply;
	uint8_t wire[BSOCK_WIRE_REPLY_SIZE];

	if (bsock_wire_decode_reply(&reply, data, size) != 0)
		return 0;
	MUST(size == 4 || size == BSOCK_WIRE_REPLY_SIZE);
	bsock_wire_encode_reply(&reply, wire);
	MUST(memcmp(wire, data, size) == 0);
	MUST(size == BSOCK_WIRE_REPLY_SIZE || reply.flags == 0);
	return 0;
}
