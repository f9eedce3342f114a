//go:build !linux

package program

import (
	"os/exec"
	"syscall"
)

// Leash puts the process into a group of its own. Only Linux can also bind its life to ours.
func Leash(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
