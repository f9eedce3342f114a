package pgtest

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// find returns the folder that holds initdb and postgres. Debian keeps them out of PATH, per major version;
// the newest wins.
func find() (string, error) {
	var folders []string
	if p, err := exec.LookPath("initdb"); err == nil {
		if p, err = filepath.EvalSymlinks(p); err == nil {
			folders = append(folders, filepath.Dir(p))
		}
	}
	debian, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // the pattern is well-formed
	slices.SortFunc(debian, func(a, b string) int { return cmp.Compare(major(b), major(a)) })
	folders = append(folders, debian...)
	if out, err := exec.Command("pg_config", "--bindir").Output(); err == nil {
		folders = append(folders, strings.TrimSpace(string(out)))
	}
	for _, dir := range folders {
		if executable(filepath.Join(dir, "initdb")) && executable(filepath.Join(dir, "postgres")) {
			return dir, nil
		}
	}
	return "", ErrMissing
}

// major is the version in a path such as /usr/lib/postgresql/15/bin.
func major(bin string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(bin))) // 9.6 and the like sort last
	return n
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// unprivileged chooses the account for the server: the current user, or for root one that may do nothing.
func unprivileged() (account, error) {
	if os.Geteuid() != 0 {
		return account{}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(err1, err2); err != nil {
			return account{}, fmt.Errorf("user %s: %w", name, err)
		}
		return account{credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
	}
	return account{}, errors.New("root may not run PostgreSQL, and there is no user postgres or nobody")
}

// mkdirTemp makes the server's directory. It prefers /tmp: the path of a Unix socket may have 107 bytes only,
// and root's TMPDIR may be closed to the account.
func (a account) mkdirTemp() (string, error) {
	parent := "/tmp"
	if info, err := os.Stat(parent); err != nil || !info.IsDir() {
		parent = os.TempDir()
	}
	dir, err := os.MkdirTemp(parent, "identity-pg-")
	if err != nil || a.credential == nil {
		return dir, err
	}
	return dir, os.Chown(dir, int(a.credential.Uid), int(a.credential.Gid))
}

// clusterConfig says whether Debian's package makes and starts a cluster of its own.
const clusterConfig = "/etc/postgresql-common/createcluster.conf"

// Install installs Debian's postgresql package, if this process is root on a system with apt-get and there is
// no PostgreSQL yet. Neither a cluster nor a server comes out of it, and nothing that is installed is upgraded.
func Install() error {
	if _, err := find(); err == nil {
		return nil
	}
	if _, err := exec.LookPath("apt-get"); err != nil || os.Geteuid() != 0 {
		return ErrMissing
	}
	unlock, err := lock(filepath.Join(os.TempDir(), "identity-pg-install.lock"))
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := find(); err == nil { // another process was faster
		return nil
	}
	if err := errors.Join(apt("update"), apt("install", "postgresql-common")); err != nil {
		return err
	}
	before, err := os.ReadFile(clusterConfig)
	if err != nil {
		return err
	}
	if err := os.WriteFile(clusterConfig, append(slices.Clone(before), "\ncreate_main_cluster = false\n"...), 0o644); err != nil {
		return err
	}
	return errors.Join(apt("install", "postgresql"), os.WriteFile(clusterConfig, before, 0o644))
}

// apt runs apt-get without questions.
func apt(args ...string) error {
	args = append(args, "--yes", "--quiet")
	if args[0] == "install" {
		args = append(args, "--no-install-recommends", "--no-upgrade")
	}
	cmd := exec.Command("apt-get", args...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("apt-get %s: %w\n%s", args[0], err, out)
	}
	return nil
}

// lock holds an exclusive lock on the file until the function that it returns is called.
func lock(path string) (func(), error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() { _ = f.Close() }, nil // closing releases the lock
}
