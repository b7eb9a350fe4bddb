"""Run a command as the systemd unit confines it: its system calls, and no writable code.

`python sandboxed.py FILE COMMAND ...`: FILE lists the allowed system calls, one a line. Others fail
with EPERM, as `SystemCallErrorNumber=EPERM` has it. This needs libseccomp, which systemd brings.
"""

import ctypes
import os
import sys
from pathlib import Path

_NO_NEW_PRIVILEGES, _MEMORY_DENY_WRITE_EXECUTE, _REFUSE_EXEC_GAIN = 38, 65, 1
_ERRNO, _ALLOW, _EPERM = 0x00050000, 0x7FFF0000, 1

libc = ctypes.CDLL(None, use_errno=True)
seccomp = ctypes.CDLL("libseccomp.so.2")
seccomp.seccomp_init.restype = ctypes.c_void_p

rules = ctypes.c_void_p(seccomp.seccomp_init(ctypes.c_uint32(_ERRNO | _EPERM)))
for name in Path(sys.argv[1]).read_text().split():
    number = seccomp.seccomp_syscall_resolve_name(name.encode())
    if number >= 0 and seccomp.seccomp_rule_add(rules, ctypes.c_uint32(_ALLOW), number, 0):
        sys.exit(f"no rule for {name}")
if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
    sys.exit("prctl refused")
libc.prctl(_MEMORY_DENY_WRITE_EXECUTE, _REFUSE_EXEC_GAIN, 0, 0, 0)  # Linux 6.3 and later
if seccomp.seccomp_load(rules):
    sys.exit("seccomp refused")
os.execvp(sys.argv[2], sys.argv[2:])
