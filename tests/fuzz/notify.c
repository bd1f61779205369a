/* A system call of any program, as seccomp(2) reports it to bsock-run. */
#include <string.h>

#include <linux/seccomp.h>

#include "../../bsock_run_arch.h"
#include "lib/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seccomp_data call;
	struct bsock_run_call bind;
	bool known = false;

	if (size < sizeof(call))
		return 0;
	memcpy(&call, data, sizeof(call));
	for (size_t i = 0; i < bsock_run_narchs; i++)
		known = known ||
			(call.arch == bsock_run_archs[i].audit &&
			    ((uint32_t)call.nr == bsock_run_archs[i].bind ||
				(uint32_t)call.nr ==
				    bsock_run_archs[i].socketcall));
	memset(&bind, 0, sizeof(bind));
	if (!bsock_run_arch_is_bind(&call, &bind))
		return 0;
	MUST(known);
	MUST(bind.indirect || bind.fd == (int)call.args[0]);
	return 0;
}
