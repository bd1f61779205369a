#!/usr/bin/env python3
"""terminal.py COMMAND...: types at an interactive shell in a terminal.

COMMAND is put before the programs that it starts there; prints what was
found, one line each.
"""
import os
import pty
import re
import select
import subprocess
import sys
import time

COMMAND = ' '.join(sys.argv[1:])


class Terminal:
    def __init__(self):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(PS1='ready> ', TERM='dumb', HISTFILE='')
            os.execvp('bash', ['bash', '--norc', '--noprofile', '-i'])
        self.seen = ''
        self.wait('ready> ')

    def wait(self, pattern):
        """What was printed up to and with the pattern."""
        end = time.monotonic() + 20
        while not re.search(pattern, self.seen):
            left = end - time.monotonic()
            if left < 0 or not select.select([self.fd], [], [], left)[0]:
                raise SystemExit('no %r in %r' % (pattern, self.seen))
            self.seen += os.read(self.fd, 4096).decode(errors='replace')
        m = re.search(pattern, self.seen)
        text, self.seen = self.seen[:m.end()], self.seen[m.end():]
        return text

    def type(self, text):
        os.write(self.fd, text.encode())

    def run(self, text):
        """A command, to the next prompt."""
        self.type(text + '\n')
        self.wait(r'\r\n')
        return self.wait('ready> ')

    def status(self):
        return re.search(r'status (\d+)', self.run('echo status $?'))[1]

    def until(self, what):
        """Until it is so; a test that waits in vain fails by what it sees."""
        end = time.monotonic() + 10
        while not what() and time.monotonic() < end:
            time.sleep(0.02)

    def foreground(self):
        """Until the shell has given its terminal to a job: what is typed
        before is not for the job."""
        self.until(lambda: os.tcgetpgrp(self.fd) != self.pid)

    def state(self, wanted):
        """Of the sleep that runs here, which is to be so in a moment."""
        self.until(lambda: self.state_now() == wanted)
        return self.state_now()

    def state_now(self):
        ps = subprocess.run(['ps', '-o', 'stat=,args=', '-s', str(self.pid)],
                            capture_output=True, text=True)
        return [line[0] for line in ps.stdout.splitlines()
                if 'sleep 1000' in line and 'bsock-run' not in line][0]


def main():
    t = Terminal()
    wait = COMMAND + " sh -c 'echo up; exec sleep 1000'\n"

    t.type(wait)
    t.wait('up\r\n')
    t.type('\x03')
    t.wait('ready> ')
    print('ctrl-C', t.status())

    t.type(wait)
    t.wait('up\r\n')
    t.type('\x1c')
    t.wait('ready> ')
    print('ctrl-\\', t.status())

    t.type(wait)
    t.wait('up\r\n')
    t.type('\x1a')
    t.wait('ready> ')
    print('ctrl-Z', t.status())
    print('jobs', 'Stopped' in t.run('jobs'))
    print('its process', t.state('T'))
    t.type('fg\n')
    t.wait('sleep 1000')
    t.foreground()
    t.state('S')
    t.type('\x1a')
    t.wait('ready> ')
    t.run('bg')
    print('bg', t.state('S'))
    t.type('fg\n')
    t.wait('sleep 1000')
    t.foreground()
    t.state('S')
    t.type('\x03')
    t.wait('ready> ')
    print('fg, ctrl-C', t.status())

    t.type(COMMAND + ' cat\n')
    t.foreground()
    t.type('typed\n')
    t.wait('typed\r\ntyped\r\n')
    t.type('\x04')
    t.wait('ready> ')
    print('stdin', t.status())

    t.type("trap '' INT; " + COMMAND +
           " sh -c 'echo up; sleep 0.3; exit 7'\n")
    t.wait('up\r\n')
    t.type('\x03')
    t.wait('ready> ')
    print('ignored ctrl-C', t.status())

    # A job in the background that reads its terminal is stopped.
    t.run('set +b; ' + COMMAND + ' cat &')
    for _ in range(100):
        if 'Stopped' in t.run('jobs'):
            print('background read Stopped')
            break
        time.sleep(0.05)
    t.type('fg\n')
    t.foreground()
    t.type('\x04')
    t.wait('ready> ')
    t.type('exit\n')


main()
