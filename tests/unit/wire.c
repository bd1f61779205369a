/* bsock_wire: what the library sends is what the daemon reads, to the byte;
 * any bytes at all are a request or an errno value. */
#include <errno.h>
#include <netinet/in.h>

#include "bsock_wire.h"
#include "tap.h"

/* Decodes exactly len bytes, at the end of allocated memory. */
static int
decode(struct bsock_request *request, const void *bytes, size_t len)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);
	int error;

	memcpy(copy, bytes, len);
	error = bsock_wire_decode_request(request, copy, len);
	free(copy);
	return error;
}

static size_t
encode_text(const char *line, uint8_t buf[BSOCK_WIRE_BINARY_MAX])
{
	struct bsock_request request;

	if (decode(&request, line, strlen(line)) != 0)
		return 0;
	return bsock_wire_encode_request(&request, buf);
}

static void
test_layout(void)
{
	/* clang-format off */
	static const uint8_t want[] = {
	    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, AF_INET, 0, 0, 0,
	    SOCK_STREAM, 0, 0, 0, IPPROTO_TCP, 0, 0, 0, 16, 0, 0, 0,
	    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	    0, 0, 0, 0, 0, 0, 0, 0,
	    AF_INET, 0, 0, 80, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0};
	/* clang-format on */
	const uint16_t one = 1;
	uint8_t buf[BSOCK_WIRE_BINARY_MAX];
	size_t n = encode_text("AF_INET SOCK_STREAM tcp 80 127.0.0.1", buf);

	is((long long)n, 72, "56 bytes and a sockaddr_in");
	if (*(const uint8_t *)&one == 1)
		ok(memcmp(buf, want, n) == 0, "every byte is as described");
}

static void
test_round_trip(void)
{
	static const char *const lines[] = {"AF_INET SOCK_DGRAM udp 53 1.2.3.4",
	    "AF_INET6 SOCK_STREAM tcp 80 fe80::1%3",
	    "AF_UNIX SOCK_STREAM 0 0 /run/x", "AF_UNIX SOCK_DGRAM 0 0 @x"};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		uint8_t buf[BSOCK_WIRE_BINARY_MAX];
		struct bsock_request request;
		char text[BSOCK_ADDR_STRLEN];
		size_t n = encode_text(lines[i], buf);

		is(decode(&request, buf, n), 0, lines[i]);
		(void)bsock_addr_format(&request.addr, text, sizeof(text));
		is_s(text, lines[i], "comes back");
		for (size_t cut = 0; cut < n; cut++)
			if (decode(&request, buf, cut) == 0 && cut != n - 16)
				ok(0, "cut off it is none");
	}
}

static void
test_flags(void)
{
	uint8_t buf[BSOCK_WIRE_BINARY_MAX];
	struct bsock_request request;
	size_t n = encode_text("AF_INET SOCK_STREAM tcp 80 127.0.0.1", buf);
	uint32_t flags = 0xffffffff;

	memcpy(buf + 8, &flags, sizeof(flags));
	is(decode(&request, buf, n), 0, "all flags");
	ok(request.rebind, "rebind is one of them");
	flags = ~BSOCK_WIRE_REBIND;
	memcpy(buf + 8, &flags, sizeof(flags));
	is(decode(&request, buf, n), 0, "all others");
	ok(!request.rebind, "are ignored");
}

static void
test_status(void)
{
	struct bsock_request request;

	ok(decode(&request, "STATUS", 6) == 0 && request.status, "STATUS");
	ok(decode(&request, "STATUS\n", 7) == 0 && request.status, "a line");
	is(decode(&request, "STATUS ", 7), EINVAL, "nothing after it");
	is(decode(&request, "", 0), EINVAL, "nothing");
}

static void
test_reply(void)
{
	const struct bsock_reply reply = {
	    .error = EADDRINUSE, .flags = BSOCK_WIRE_RESERVED};
	uint8_t buf[BSOCK_WIRE_REPLY_SIZE];
	struct bsock_reply got;

	bsock_wire_encode_reply(&reply, buf);
	is(bsock_wire_decode_reply(&got, buf, sizeof(buf)), 0, "a reply");
	ok(got.error == reply.error && got.flags == reply.flags, "is the same");
	is(bsock_wire_decode_reply(&got, buf, 4), 0, "an old daemon's");
	ok(got.error == reply.error && got.flags == 0, "has no flags");
	for (size_t len = 0; len < sizeof(buf); len++)
		if (len != 4 && bsock_wire_decode_reply(&got, buf, len) == 0)
			ok(0, "no other length is one");
}

int
main(void)
{
	test_layout();
	test_round_trip();
	test_flags();
	test_status();
	test_reply();
	return finish();
}
