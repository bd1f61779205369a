#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers plain
need cc c++

[ ! -e "$BUILD/libbsock.so.0" ] || ! nm "$BUILD/libbsock.so.0" |
	grep -q '__[a-z]*san_' || skip_all "not in a sanitizer build"

cat >"$T/say.c" <<'EOF'
#include <bsock.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
	struct addrinfo ai;
	struct sockaddr_storage ss;
	char line[BSOCK_ADDRINFO_STRLEN];
	const char *text = "AF_INET6 SOCK_DGRAM udp 53 ::1";
	int n;

	if (bsock_addrinfo_parse(&ai, &ss, text) != 0)
		return 1;
	n = bsock_addrinfo_format(&ai, line, sizeof(line));
	ai.ai_flags = BSOCK_FLAGS_REBIND;
	if (bsock_bind_addrinfo(-1, &ai) != -1 ||
	    bsock_bind(-1, ai.ai_addr, ai.ai_addrlen) != -1)
		return 2;
	puts(line);
	return n == (int)strlen(text) && strcmp(line, text) == 0 ? 0 : 3;
}
EOF
cp "$T/say.c" "$T/say.cc"

builds() {
	"$@" -Wall -Wextra -Werror -pedantic-errors -I"$TOP" -o "$T/say" \
	    "$T/say.${lang}" "$lib" -Wl,-rpath,"$BUILD" -pthread && "$T/say"
}

for lib in "$BUILD/libbsock.so" "$BUILD/libbsock.a"; do
	lang=c
	for std in c99 c11 gnu17; do
		ok "C $std, ${lib##*/}" builds cc -std=$std -D_DEFAULT_SOURCE
	done
	lang=cc
	for std in c++98 c++17; do
		ok "C++ $std, ${lib##*/}" builds c++ -std=$std
	done
done
finish
