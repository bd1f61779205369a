/*
 * The filters, tried from the inside: a thread confined like those that
 * serve, and a main thread, each in a child process of its own.
 */
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "../../bsock_fdpass.h"
#include "../../bsock_sandbox.h"
#include "tap.h"

static char *self;

/* How a call under the filter must end. */
#define REFUSED(call) (errno = 0, (call) == -1 && errno == EPERM)

#define CHECK(n, condition)                                                    \
	do {                                                                   \
		if (!(condition))                                              \
			return (n);                                            \
	} while (0)

/* Exit status of fn in a child: 0 good, else the number of what failed. */
static int
in_child(int (*fn)(void))
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? fn() : 98);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + status;
}

static int
in_thread(int (*fn)(void))
{
	pthread_t thread;
	void *result = NULL;

	CHECK(90, pthread_create(
		      &thread, NULL, (void *(*)(void *))(void *)fn, NULL) == 0);
	CHECK(91, pthread_join(thread, &result) == 0);
	return (int)(long)result;
}

/* --- the serving threads ----------------------------------------------- */

static int
serve_refuses(void)
{
	char *const argv[] = {NULL};
	pid_t parent = getppid();

	CHECK(1, bsock_sandbox_serve() == 0);
	CHECK(2, REFUSED(open("/dev/null", O_RDONLY)));
	CHECK(3, REFUSED(syscall(SYS_openat, AT_FDCWD, "/", O_PATH, 0)));
	CHECK(4, REFUSED(execve("/bin/true", argv, argv)));
	CHECK(5, REFUSED(ptrace(PTRACE_TRACEME, 0, NULL, NULL)));
	CHECK(6, REFUSED(mount("none", "/", "tmpfs", 0, NULL)));
	CHECK(7, REFUSED(kill(parent, 0)));
	CHECK(8, REFUSED(syscall(SYS_tgkill, getpid(), getpid(), 0)));
	CHECK(9, REFUSED(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0)));
	CHECK(10, REFUSED(fcntl(0, F_SETOWN, getpid())));
	CHECK(11, REFUSED(socket(AF_NETLINK, SOCK_RAW, 0)));
	CHECK(12, mmap(NULL, 4096, PROT_READ | PROT_EXEC,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
	CHECK(13, REFUSED(chmod("/", 0755)));
	CHECK(14, REFUSED(syscall(SYS_prctl, PR_SET_DUMPABLE, 1)));
	CHECK(15, REFUSED(syscall(SYS_seccomp, 0, 0, 0)));
	CHECK(16, REFUSED(syscall(SYS_setresuid, 0, 0, 0)));
	CHECK(17, REFUSED(syscall(0x40000000L + 39)));
	return 0;
}

/* What a request is made of, over a socketpair, with a descriptor. */
static int
serve_allows(void)
{
	struct timespec moment = {0, 1000};
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct bsock_peer peer;
	int pair[2], fd = -1, option = 1;
	char buf[8];

	CHECK(1, socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	CHECK(2, bsock_sandbox_serve() == 0);
	CHECK(3, bsock_fdpass_peer(pair[0], &peer) == 0);
	CHECK(4, bsock_fdpass_send(pair[0], "x", 1, pair[1], 0) == 1);
	CHECK(5, bsock_fdpass_recv(pair[1], buf, sizeof(buf), &fd, 0) == 1);
	CHECK(6, fd >= 0 && close(fd) == 0);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(7, fd >= 0);
	CHECK(8, setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &option,
		     sizeof(option)) == 0);
	CHECK(9, listen(fd, 1) == 0);
	CHECK(10, getsockname(fd, (struct sockaddr *)&ss, &len) == 0);
	CHECK(11, fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
	CHECK(12, poll(NULL, 0, 1) == 0);
	CHECK(13, nanosleep(&moment, NULL) == 0);
	for (size_t size = 1; size < 4000000; size *= 2) {
		char *p = malloc(size);

		CHECK(14, p != NULL);
		memset(p, 1, size);
		free(p);
	}
	return 0;
}

static int
serving_thread_refuses(void)
{
	return in_thread(serve_refuses);
}

static int
serving_thread_allows(void)
{
	return in_thread(serve_allows);
}

/* Only that thread is confined. */
static int
others_are_free(void)
{
	int r = in_thread(serve_refuses);

	CHECK(50, r == 0);
	CHECK(51, open("/dev/null", O_RDONLY) >= 0);
	CHECK(52, kill(getpid(), 0) == 0);
	return 0;
}

/* --- the main thread --------------------------------------------------- */

static int
nothing(void)
{
	return 0;
}

static int
main_refuses(void)
{
	CHECK(1, bsock_sandbox_main() == 0);
	CHECK(2, REFUSED(ptrace(PTRACE_TRACEME, 0, NULL, NULL)));
	CHECK(3, REFUSED(kill(getppid(), 0)));
	CHECK(4, REFUSED(syscall(SYS_tgkill, getppid(), getppid(), 0)));
	CHECK(5, REFUSED(mount("none", "/", "tmpfs", 0, NULL)));
	CHECK(6, REFUSED(unshare(CLONE_NEWUSER)));
	CHECK(7,
	    REFUSED(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0)));
	CHECK(8, REFUSED(chroot("/")));
	CHECK(9, REFUSED(syscall(SYS_bpf, 0, NULL, 0)));
	/* Without the filter these fail too, but in another way. */
	CHECK(10, REFUSED(syscall(SYS_keyctl, -1)));
	CHECK(11, REFUSED(syscall(SYS_io_uring_setup, 0, NULL)));
	CHECK(12, REFUSED(syscall(SYS_personality, 0xffffffff)));
	CHECK(13, REFUSED(syscall(SYS_clock_settime, -1, NULL)));
	CHECK(14, REFUSED(syscall(SYS_finit_module, -1, NULL, 0)));
	CHECK(15, REFUSED(syscall(SYS_setns, -1, 0)));
	CHECK(16, REFUSED(syscall(SYS_process_vm_readv, -1, 0, 0, 0, 0, 0)));
	return 0;
}

static int
main_allows(void)
{
	int fd;

	CHECK(1, bsock_sandbox_main() == 0);
	CHECK(2, (fd = open("/dev/null", O_RDONLY)) >= 0);
	CHECK(3, in_thread(nothing) == 0);
	CHECK(4, pthread_kill(pthread_self(), 0) == 0);
	CHECK(5, in_thread(serve_allows) == 0);
	return 0;
}

/* Seccomp_filters of /proc/self/status; -1: an old kernel. */
static int
filters(void)
{
	char line[256];
	int n = -1;
	FILE *f = fopen("/proc/self/status", "r");

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "Seccomp_filters:", 16) == 0)
			n = (int)strtol(line + 16, NULL, 10);
	if (f != NULL)
		(void)fclose(f);
	return n;
}

static int
main_executes(void)
{
	char before[16];
	char *argv[] = {self, before, NULL};

	(void)snprintf(before, sizeof(before), "%d", filters());
	CHECK(1, bsock_sandbox_main() == 0);
	(void)execv(self, argv);
	return 99;
}

/* The binary that was executed under the filter. */
static int
executed(int before)
{
	CHECK(11, before == -1 || filters() == before + 1);
	CHECK(12, open("/dev/null", O_RDONLY) >= 0);
	CHECK(13, REFUSED(kill(getppid(), 0)));
	return in_thread(serve_allows);
}

int
main(int argc, char **argv)
{
	self = argv[0];
	if (argc > 1)
		return executed((int)strtol(argv[1], NULL, 10));
	if (!bsock_sandbox_exists()) {
		printf("1..0 # SKIP no filter in this build or kernel\n");
		return 0;
	}
	is(in_child(serving_thread_refuses), 0, "a serving thread is confined");
	is(in_child(serving_thread_allows), 0, "it can serve");
	is(in_child(others_are_free), 0, "other threads are not confined");
	is(in_child(main_refuses), 0, "the main thread is confined less");
	is(in_child(main_allows), 0, "it can open files and start threads");
	is(in_child(main_executes), 0, "and execute the next binary");
	return finish();
}
