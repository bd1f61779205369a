#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers root userns
need java javac
. "$TESTS/lib/recipe.sh"

# Java binds an AF_INET6 socket, to ::ffff:127.0.0.1 for an IPv4 address: the
# rule for that is the one of 127.0.0.1.
rules "$SVC AF_INET SOCK_STREAM tcp 80 127.0.0.1" \
    "$SVC AF_INET6 SOCK_STREAM tcp 81 ::"
daemon_start || exit 1

mkdir "$T/java"
cat >"$T/java/Server.java" <<'EOF'
import java.net.*;

class Server {
	static void answer(ServerSocket s) throws Exception {
		for (;;)
			try (Socket c = s.accept()) {
				c.getOutputStream().write(
				    "hello from java\n".getBytes());
			}
	}

	public static void main(String[] args) throws Exception {
		ServerSocket one = new ServerSocket();
		one.bind(new InetSocketAddress("127.0.0.1", 80));
		ServerSocket all = new ServerSocket(81);
		new Thread(() -> {
			try {
				answer(all);
			} catch (Exception e) {
			}
		}).start();
		answer(one);
	}
}
EOF
ok "a program" javac -d "$T/java" "$T/java/Server.java"
chmod -R a+rX "$T/java"

hello() {
	"$B/talk" 127.0.0.1 "$1" 'hi\n'
}

not_ok "alone it may not bind port 80" svc java -cp "$T/java" Server
recipe java -XX:-UsePerfData -cp "$T/java" Server
serves "it serves" hello 81
like "an IPv4 address" "$(hello 80)" "hello from java"
like "the dual wildcard" "$(hello 81)" "hello from java"
is "no listener is root's" "$(root_listeners)" ""

finish
