package machine

import (
	"context"
	"io"
	"io/fs"
	"os"
	"path"
	"syscall"
	"time"

	"mvdan.cc/sh/v3/interp"
)

// The interpreter reaches for files only by what is here, and all of them are those of the simulated disk.

// open opens a file for a redirection.
func (s *session) open(ctx context.Context, name string, flag int, _ os.FileMode) (io.ReadWriteCloser, error) {
	full := absolute(interp.HandlerCtx(ctx).Dir, name)
	if flag&(os.O_WRONLY|os.O_RDWR) == 0 {
		content, err := s.machine.read(full)
		if err != nil {
			return nil, err
		}
		return &handle{machine: s.machine, name: full, rest: content}, nil
	}
	err := s.machine.write(full, func(f File) File {
		if flag&os.O_TRUNC != 0 {
			f.Content = ""
		}
		return f
	})
	if err != nil {
		return nil, err
	}
	return &handle{machine: s.machine, name: full}, nil
}

// handle is an open file: what is read of it was fixed when it was opened, and what is written is added to its end.
type handle struct {
	machine *Machine
	name    string
	rest    string
}

// Read is part of io.Reader.
func (h *handle) Read(b []byte) (int, error) {
	if h.rest == "" {
		return 0, io.EOF
	}
	n := copy(b, h.rest)
	h.rest = h.rest[n:]
	return n, nil
}

// Write is part of io.Writer.
func (h *handle) Write(b []byte) (int, error) {
	err := h.machine.write(h.name, func(f File) File {
		f.Content += string(b)
		return f
	})
	return len(b), err
}

// Close is part of io.Closer.
func (h *handle) Close() error { return nil }

func (s *session) readDir(ctx context.Context, name string) ([]fs.DirEntry, error) {
	full := absolute(interp.HandlerCtx(ctx).Dir, name)
	names, err := s.machine.list(full)
	if err != nil {
		return nil, err
	}
	var entries []fs.DirEntry
	for _, inner := range names {
		if f, _, err := s.machine.find(path.Join(full, inner), false); err == nil {
			entries = append(entries, fs.FileInfoToDirEntry(info{inner, f}))
		}
	}
	return entries, nil
}

func (s *session) stat(ctx context.Context, name string, follow bool) (fs.FileInfo, error) {
	full := absolute(interp.HandlerCtx(ctx).Dir, name)
	f, _, err := s.machine.find(full, follow)
	if err != nil {
		return nil, err
	}
	return info{path.Base(full), f}, nil
}

// access lets root do everything but run what is not executable.
func (s *session) access(ctx context.Context, name string, mode interp.AccessMode) error {
	f, _, err := s.machine.find(absolute(interp.HandlerCtx(ctx).Dir, name), true)
	if err != nil {
		return err
	}
	if mode&interp.AccessExec != 0 && !f.Mode.IsDir() && f.Mode&0o111 == 0 {
		return failed("access", name, syscall.EACCES)
	}
	return nil
}

func absolute(dir, name string) string {
	if path.IsAbs(name) {
		return path.Clean(name)
	}
	return path.Join(dir, name)
}

// info is a file as fs.FileInfo shows it.
type info struct {
	name string
	File
}

// Name is part of fs.FileInfo.
func (i info) Name() string { return i.name }

// Size is part of fs.FileInfo.
func (i info) Size() int64 { return int64(len(i.Content)) }

// Mode is part of fs.FileInfo.
func (i info) Mode() fs.FileMode { return i.File.Mode }

// ModTime is part of fs.FileInfo.
func (i info) ModTime() time.Time { return i.Changed }

// IsDir is part of fs.FileInfo.
func (i info) IsDir() bool { return i.File.Mode.IsDir() }

// Sys is what the interpreter asks for the owner: root, who owns what it looks at.
func (i info) Sys() any { return &syscall.Stat_t{} }
