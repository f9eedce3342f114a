// Package secretfile reads files that hold secrets, and refuses those that others may read. What is in them is not its
// business.
package secretfile

import (
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Read returns what is in a file, up to a number of bytes, and what the file was like then. It fails with fs.ErrNotExist,
// and with fs.ErrPermission when group or others may read or write it. Errors name the file and never show what stands
// there.
func Read(path string, most int64) ([]byte, fs.FileInfo, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	info, err := f.Stat() // of the opened file, so that it cannot be exchanged in between
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("%s: it is not a regular file", path)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, nil, fmt.Errorf("%s: group or others may read or write it (mode %04o); run chmod 600: %w",
			path, info.Mode().Perm(), fs.ErrPermission)
	}
	data, err := io.ReadAll(io.LimitReader(f, most))
	return data, info, err
}
