/* libbsock's text functions: what parses is formatted, and parses again. */
#include <string.h>

#include "../../bsock.h"
#include "lib/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[1024], line[BSOCK_ADDRINFO_STRLEN], line2[sizeof(line)];
	struct sockaddr_storage ss, ss2;
	struct addrinfo ai, ai2;
	int len;

	if (size >= sizeof(text))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (bsock_addrinfo_parse(&ai, &ss, text) != 0)
		return 0;
	MUST(ai.ai_addr == (struct sockaddr *)&ss);
	MUST(ai.ai_addrlen <= sizeof(ss));
	len = bsock_addrinfo_format(&ai, line, sizeof(line));
	MUST(len > 0 && (size_t)len == strlen(line));
	MUST(bsock_addrinfo_parse(&ai2, &ss2, line) == 0);
	MUST(ai.ai_addrlen == ai2.ai_addrlen);
	MUST(memcmp(&ss, &ss2, ai.ai_addrlen) == 0);
	MUST(bsock_addrinfo_format(&ai2, line2, sizeof(line2)) == len);
	MUST(strcmp(line, line2) == 0);
	return 0;
}
