package program

import (
	"os/exec"
	"syscall"
)

// Leash makes the process end with this one, however this one ends.
func Leash(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
